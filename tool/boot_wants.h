/* Which entries there should be: one for each generation, and three that name none of them. */
#ifndef EBB_TOOL_BOOT_WANTS_H
#define EBB_TOOL_BOOT_WANTS_H

#include "tool/boot_source.h"

/* A generation, and what its entry boots. */
struct boot_item {
    const struct generation *generation;
    bool must;          /* it is booted, the default, good, pinned or chosen */
    const char *system; /* what its tree is called */
    struct entry entry; /* without what it boots */
    bool is_known;      /* what follows is */
    struct boot_payload kernel, image;
};

struct boot_items {
    struct boot_item *list; /* those that must be first, then the newest */
    size_t count;
    unsigned default_number;
    size_t failed; /* generations that no entry could be made for, which was told */
};

/* The whole generations of the store, and what of them can be said without building anything. */
int boot_items_list(const struct boot_source *source, struct boot_items *items,
                    struct error *error);
/* Builds what is missing, or with `all` everything. */
int boot_items_build(const struct boot_source *source, struct boot_items *items, bool all,
                     struct error *error);

/* Which generation's kernel the default entry has: one that was never confirmed is none to rely on,
 * once one was. */
unsigned boot_normal(const struct boot_items *items, const struct store_place *place);

/* The generation whose trial the loader counts: it was asked to, and has not begun. */
unsigned boot_tried(const struct boot_state *state, const struct store_place *place);

/* What the entries that name no generation are made of. */
struct boot_choice {
    unsigned normal; /* the default entry has the kernel of this one; 0: of the normal one */
    unsigned refuge; /* so have rollback and recovery, in copies; 0: they stay as they are where
                      * they can be booted */
    unsigned tried;  /* the loader counts an entry for this one; 0: for none */
};
/* -ENOENT: nothing can be booted. */
int boot_wants_make(const struct boot_source *source, const struct boot_items *items,
                    const struct boot_choice *choice, struct boot_want **wants, size_t *count,
                    struct error *error);

#endif
