/* What a disk is called in /dev/disk/by-path: by the way through buses and controllers that leads
 * to it, as udev's path_id spells it. */
#ifndef EBB_MOUNTS_DISK_PATH_H
#define EBB_MOUNTS_DISK_PATH_H

#include <stdbool.h>

/* Whether the whole disk `name`, such as "sda", has this name there. */
bool disk_has_path(const char *name, const char *path);
/* Whether such a name can be understood, whichever disk has it. */
bool disk_path_is_known(const char *path);

#endif
