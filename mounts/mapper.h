/* What the running system is told about the device mapper's devices that were made before it: udev
 * takes one for its own only if its record says so, and makes fstab wait 90 s for it otherwise. */
#ifndef EBB_MOUNTS_MAPPER_H
#define EBB_MOUNTS_MAPPER_H

/* Writes udev's record of every such device, and makes the name in /dev/mapper the link that udev
 * would make. For whoever made one. */
void mapper_record(void);

#endif
