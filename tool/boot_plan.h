/* What is done on a boot partition: from what lies there and what is wanted to the list of what is
 * put and what is removed, in an order in which something can be booted at any time. Nothing is
 * read or written here. */
#ifndef EBB_TOOL_BOOT_PLAN_H
#define EBB_TOOL_BOOT_PLAN_H

#include "tool/boot_state.h"

/* A kernel or an image. */
struct boot_payload {
    struct entry_file file;
    bool is_there;    /* whole, where it belongs; the rest says what to make it of */
    const char *data; /* NULL: it is a copy of `source` in `folder` */
    int folder;       /* -1: that of the boot partition */
    const char *source;
};

struct boot_want {
    const char *name, *text;
    const struct boot_payload *kernel, *image;
    bool must; /* it is not left out where there is no room */
};

/* A file beside the entries, such as loader.conf. */
struct boot_put {
    const char *path, *data;
    size_t length;
};

struct boot_plan {
    const char **early; /* paths that are removed first, to make room */
    size_t early_count;
    const struct boot_payload **payloads; /* to be put */
    size_t payload_count;
    const struct boot_want **entries; /* to be put when these are */
    size_t entry_count;
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
