/* The initramfs of a configuration: PID 1, the configuration with what it includes, the hooks with
 * the libraries they need, the keymap, and the modules of one kernel.
 *
 * It is written alone, or in a unified kernel image. PID 1 finds the main file as
 * /etc/ebb/ebb.conf; files named relative to it keep their place. */
#ifndef EBB_IMAGE_BUILD_H
#define EBB_IMAGE_BUILD_H

#include "image/uki.h"
#include "plan/config.h"

struct build_request {
    const struct config *config;
    const char *root;         /* absolute: whose modules and programs; NULL: the running system */
    const char *kernel;       /* a version below its /lib/modules */
    const char *init_program; /* the path of ebb-init */
    const char *output;
    const struct uki *uki; /* what the initramfs becomes a part of; NULL: nothing */
    bool universal;        /* with the drivers of all machines, not only of this one */
    bool progress;
};

int build_image(const struct build_request *request, struct error *error);

/* The kernel to build for: `wanted` if it is given, else the running one, or the newest of another
 * `root`. Fails with the versions that are installed if its modules are not. */
int build_kernel(struct arena *arena, const char *root, const char *wanted, const char **kernel,
                 struct error *error);

#endif
