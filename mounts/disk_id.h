/* What a disk is called in /dev/disk/by-id: by the numbers that its maker or its creator gave it,
 * as udev's rules spell them (60-persistent-storage, 60-persistent-storage-dm, 63-md-raid-arrays).
 */
#ifndef EBB_MOUNTS_DISK_ID_H
#define EBB_MOUNTS_DISK_ID_H

#include <stdbool.h>

/* Whether the whole disk `name`, such as "nvme0n1", has this name there. */
bool disk_has_id(const char *name, const char *id);
/* Whether such a name can be understood, whichever disk has it. */
bool disk_id_is_known(const char *id);

#endif
