/* A line is a key, "=" and a value, none of them trimmed or quoted; only "\n" means something. */

#include <errno.h>
#include <string.h>

#include "secrets/tree.h"

static int read_line(struct tree *tree, struct node *document, const char *line, size_t length,
                     size_t number)
{
    const char *equals = memchr(line, '=', length);
    if (!equals)
        return tree_fail(tree, FAULT_CORRUPT, number, "there is no \"=\"; restore the file");
    size_t key_length = (size_t)(equals - line), rest = length - key_length - 1;
    int code = tree_check_key(tree, line, key_length, number);
    if (code < 0)
        return code;
    struct node *node =
        tree_add(tree, document, NODE_SCALAR, arena_copy(tree->arena, line, key_length), number);
    if (!node)
        return -EPERM;
    char *out = arena_alloc(tree->arena, rest + 1);
    node->text = out;
    for (const char *at = equals + 1, *end = at + rest; at < end; at++) {
        bool newline = *at == '\\' && at + 1 < end && at[1] == 'n';
        *out++ = newline ? '\n' : *at;
        at += newline;
    }
    node->length = (size_t)(out - node->text);
    return 0;
}

int read_dotenv(struct tree *tree, const char *text, size_t length)
{
    struct node *document = tree_add(tree, &tree->documents, NODE_MAPPING, NULL, 1);
    const char *end = text + length;
    size_t number = 1;
    for (const char *at = text, *stop; at < end; at = stop + 1, number++) {
        stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (at == stop || *at == '#')
            continue;
        int code = read_line(tree, document, at, (size_t)(stop - at), number);
        if (code < 0)
            return code;
    }
    return 0;
}
