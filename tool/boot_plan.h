/* What is done on a boot partition: from what lies there and what is wanted to the list of what is
 * put and what is removed, in an order in which something can be booted at any time. Nothing is
 * read or written here. */
#ifndef EBB_TOOL_BOOT_PLAN_H
#define EBB_TOOL_BOOT_PLAN_H

#include "tool/boot_payload.h"
#include "tool/boot_state.h"

struct boot_want {
    const char *name, *text;
    struct entry entry;                        /* what the text says */
    const struct boot_payload *kernel, *image; /* image: NULL where it is in a unified `kernel` */
    bool must;                                 /* it is not left out where there is no room */
};

/* A file beside the entries, such as loader.conf. */
struct boot_put {
    const char *path, *data;
    size_t length;
};

struct boot_plan {
    const char **early; /* paths that are removed first, to make room or as they are wrong soon */
    size_t early_count;
    const struct boot_payload **payloads; /* to be put */
    size_t payload_count;
    const struct boot_want **entries; /* to be put when these are */
    size_t entry_count;
    const char *entry_folder;
    const struct boot_put *puts; /* the last to be put */
    size_t put_count;
    const char **late; /* removed when all is there */
    size_t late_count;
    size_t left_out; /* so many of the wants, the last ones */
    uint64_t needed; /* bytes at the most at one time, beyond what is there */
};

/* The wants that matter most come first. -ENOSPC: there is no room for those that must be. */
int boot_plan_make(struct arena *arena, const struct boot_state *state,
                   const struct boot_want *wants, size_t count, const struct boot_put *puts,
                   size_t put_count, struct boot_plan *plan, struct error *error);

#endif
