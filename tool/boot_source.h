/* Where the boot entry of a generation comes from: the kernel in its tree, an image that is built
 * for it, and what the tree says of itself. */
#ifndef EBB_TOOL_BOOT_SOURCE_H
#define EBB_TOOL_BOOT_SOURCE_H

#include "tool/boot_plan.h"
#include "tool/place.h"

struct boot_source {
    const struct store_place *place;
    const struct boot_state *state;
    int esp;
    const char *init_program; /* NULL: that which is installed with us */
    const char *scratch;      /* a folder for images that are being built; NULL: none are */
    bool universal, rebuild, progress;
};

/* The kernel parameters of all entries: those that are declared, and that a panic ends in a reboot,
 * for PID 1 then boots another generation. */
const char *boot_options(const struct boot_source *source);
/* The lines that do not depend on the kernel: title, sort-key, version, machine-id, options.
 * Returns the name of the system. */
const char *boot_describe(const struct boot_source *source, const struct generation *generation,
                          struct entry *entry);
/* Finds the kernel, and builds the image. */
int boot_build(const struct boot_source *source, const struct generation *generation,
               const char **version, struct boot_payload *kernel, struct boot_payload *image,
               struct error *error);

/* The content-addressed place of a kernel or an image; `kind` is the start of its name. */
const char *boot_payload_path(struct arena *arena, const struct boot_state *state, const char *kind,
                              const char *sha256);

#endif
