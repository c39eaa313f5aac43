/* A file of changes over an untouched disk image, for snapshots that live through reboots: an empty
 * qcow2 without a name, which goes when its descriptor does. */
#ifndef EBB_VM_OVERLAY_H
#define EBB_VM_OVERLAY_H

#include "base/error.h"

/* Returns a descriptor or -errno. The name of the image is not in it: QEMU is told both. */
int overlay_make(const char *image, struct error *error);

#endif
