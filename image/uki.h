/* A unified kernel image: systemd's stub, which is an EFI program, with a kernel, its parameters
 * and its initramfs in further sections. Firmware starts it as it is, and one signature covers all
 * of it. */
#ifndef EBB_IMAGE_UKI_H
#define EBB_IMAGE_UKI_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct uki {
    const char *stub;              /* NULL: that of systemd for this kind of machine */
    const char *kernel;            /* its path */
    const char *version;           /* of the kernel */
    const char *cmdline;           /* NULL or "": there are no parameters in it */
    const char *os_release;        /* NULL: that of this system */
    const char *key, *certificate; /* PEM files, to sign it with; NULL: it is not signed */
};

/* The result, which belongs to the arena, depends on nothing but these files and the initramfs. */
int uki_make(struct arena *arena, const struct uki *uki, const void *initramfs, size_t length,
             const void **made, size_t *made_length, struct error *error);

#endif
