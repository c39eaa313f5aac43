/* A file that is an image of a file system, mounted read-only by a loop device that goes with its
 * last mount. */
#ifndef EBB_BASE_LOOP_H
#define EBB_BASE_LOOP_H

#include "base/error.h"

/* Refuses a file that is no image of that type, erofs or squashfs, or is shorter than the image
 * says: the kernel would find out only when somebody reads what is missing. */
int loop_check(int file, const char *type, struct error *error);
/* Checks the file and mounts it where nobody sees it: what is returned is its top, which
 * move_mount(2) may attach to a folder, and with which it goes otherwise. */
int loop_mount(int file, const char *type, struct error *error);

#endif
