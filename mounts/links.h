/* The links that udev would make in /dev/disk, which are not there before udev: what they say of a
 * device is asked of the kernel instead. */
#ifndef EBB_MOUNTS_LINKS_H
#define EBB_MOUNTS_LINKS_H

#include "mounts/blocks.h"

/* Whether `link`, such as /dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part1, would lead to the device.
 * ebb.conf(5) has the forms that are known. */
bool links_match(const struct block *block, const char *link);
/* Why a device that ebb.conf names cannot be found without udev; NULL: it can be. */
const char *links_objection(const char *device);

#endif
