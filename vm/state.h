/* A disk image that is a state volume: identity, store and first generation, made as a plain user.
 */
#ifndef EBB_VM_STATE_H
#define EBB_VM_STATE_H

#include "generations/make.h"
#include "vm/disk.h"

/* `tree` is the folder that becomes the first generation's tree, without a copy in between; NULL
 * leaves it empty. Of `disk`, the content and the grafts are ours. */
int state_make(const struct disk *disk, const struct store_request *store, const char *tree,
               struct error *error);

#endif
