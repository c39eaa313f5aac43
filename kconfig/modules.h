/* Which modules of a kernel go into an image: what was asked for, what must work on any machine,
 * and what this machine's devices need to reach its disks and keyboard; with all they depend on.
 *
 * With Debian's 6.1 and zstd -19: what every image has 1.04 MB, with ext4 and overlay 1.58 MB, with
 * dm_crypt 1.74 MB (50 modules, 9.4 MB unpacked). USB 1 ports, eMMC, Hyper-V, Xen and VMware would
 * be 0.3 MB more, so they are there only where the machine's devices ask for them. */
#ifndef EBB_KCONFIG_MODULES_H
#define EBB_KCONFIG_MODULES_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct module {
    const char *name;     /* as the kernel spells it: "crc32c_intel" */
    const char *path;     /* below the folder of the set: "kernel/fs/ext4/ext4.ko" */
    const char *softdeps; /* "pre: crc32c_intel post: x", modules of the set only; or NULL */
};

struct module_set {
    const char *kernel;     /* "6.1.0-56-amd64" */
    const char *folder;     /* ROOT/lib/modules/KERNEL */
    struct module *modules; /* one that needs another comes after it */
    size_t count;
    const char **firmware; /* names below /lib/firmware that they may ask for */
    size_t firmware_count;
};

struct module_request {
    const char *root; /* the folder that has lib/modules; "" or "/" for the machine itself */
    const char *kernel;
    const char *sysfs;        /* "/sys": include what this machine's devices need; or NULL */
    const char *const *names; /* asked for by name or alias: one that is missing is an error */
    size_t name_count;
    const char *const *useful; /* the same, but nobody minds if one is missing */
    size_t useful_count;
    int universal; /* every driver of disks and keyboards, for machines that are not this one */
};

/* What a module is called when it is not compressed any more: "ext4.ko" for "ext4.ko.xz". */
const char *module_unpacked(struct arena *arena, const char *path);
/* A name that is built in adds nothing, silently. */
int module_set_make(struct arena *arena, const struct module_request *request,
                    struct module_set *set, struct error *error);

#endif
