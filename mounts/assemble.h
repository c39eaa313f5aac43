/* What a device lies on before it can be found, or read: volume groups, arrays, and file systems
 * that are spread over several devices. Members are handed over as they appear. */
#ifndef EBB_MOUNTS_ASSEMBLE_H
#define EBB_MOUNTS_ASSEMBLE_H

#include "mounts/watch.h"

/* Programs of the image, with the Debian package that brings each. */
#define ASSEMBLE_LVM "/sbin/lvm"
#define ASSEMBLE_MDADM "/sbin/mdadm"

/* Activates the groups and arrays that the volumes lie on, as far as their members are there. */
void assemble_groups(struct watch *watch);
/* Whether all devices of an open volume's file system are there, or may be missing by now. */
void assemble_advance(struct watch *watch, const struct volume *volume);
/* Says that some are not. */
int assemble_overdue(struct watch *watch, const struct volume *volume, struct error *error);

#endif
