/* The index of an image's modules: what libkmod wants to find beside them (modules.*.bin).
 *
 * It is made anew for the set, by depmod in a scratch folder. For 43 modules of Debian's 6.1 that
 * costs 22 KB of a zstd image, where the kernel's own index would cost 470 KB; at boot, opening it
 * takes 10 ms and looking up 59 devices 2 ms (QEMU, TCG), so a format of our own has nothing to
 * win.
 *
 * Soft dependencies are written by us, resolved and one line per module: libkmod honours only one
 * line of several, and the kernel's build writes several (btrfs). */
#ifndef EBB_KCONFIG_INDEX_H
#define EBB_KCONFIG_INDEX_H

#include "kconfig/modules.h"

/* A file to be put into the folder of the modules. */
struct index_file {
    const char *name; /* "modules.dep.bin" */
    const char *data;
    size_t length;
};

/* The same set gives the same bytes. Needs depmod, which is part of kmod. */
int module_set_index(struct arena *arena, const struct module_set *set, struct index_file **files,
                     size_t *count, struct error *error);

#endif
