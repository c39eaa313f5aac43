/* What a file of SOPS says, whatever it is written in: mappings in their order, lists, and scalars
 * with the type that SOPS sees in them, which is what its MAC is made of. Comments are left out:
 * nothing that is released depends on them. */
#ifndef EBB_SECRETS_TREE_H
#define EBB_SECRETS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "secrets/fault.h"

enum {
    TREE_LARGEST = 4 << 20,  /* bytes of a file */
    TREE_DEEPEST = 64,       /* mappings and lists in one another */
    TREE_MOST_NODES = 65536, /* in all documents */
    TREE_LONGEST_KEY = 1024,
};

enum node_kind { NODE_MAPPING, NODE_LIST, NODE_SCALAR };
enum scalar_type { SCALAR_STRING, SCALAR_INT, SCALAR_FLOAT, SCALAR_BOOL, SCALAR_TIME, SCALAR_NULL };

struct node {
    enum node_kind kind;
    enum scalar_type type;
    const char *key;  /* NULL in a list */
    const char *text; /* as it stands in the file, with a NUL behind it */
    size_t length;
    const char *hashed; /* what the MAC sees of a scalar that is no string */
    size_t line;
    struct node *first, *last, *next; /* children, and the next of the same parent */
};

struct tree {
    struct arena *arena;
    const char *name; /* of the file, for messages */
    enum fault *fault;
    struct error *error;
    struct node documents; /* a list */
    size_t nodes;
};

/* Appends to `parent`; its fields but kind, key and line are the caller's to fill. NULL, and the
 * fault is set: there are too many. */
struct node *tree_add(struct tree *tree, struct node *parent, enum node_kind kind, const char *key,
                      size_t line);
struct node *tree_add_string(struct tree *tree, struct node *parent, const char *key,
                             const char *text, size_t length, size_t line);
/* NULL: there is none. */
struct node *tree_child(const struct node *parent, const char *key);
/* Whether a key may be one: neither long, nor with what cannot be printed or ends a C string. */
int tree_check_key(struct tree *tree, const char *key, size_t length, size_t line);
/* Refuses keys that stand twice in a mapping, anywhere. */
int tree_check_unique(struct tree *tree);
/* Makes one sentence about the file and returns -errno; line 0: about the whole of it. */
int tree_fail(struct tree *tree, enum fault fault, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One for each format, into a tree that is empty but for its first four fields. The text has a NUL
 * behind it. */
int read_yaml(struct tree *tree, const char *text, size_t length);
int read_json(struct tree *tree, const char *text, size_t length);
int read_dotenv(struct tree *tree, const char *text, size_t length);
int read_ini(struct tree *tree, const char *text, size_t length);

#endif
