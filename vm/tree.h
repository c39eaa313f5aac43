/* The system of a scratch generation: busybox, a few files in /etc, and nothing else. */
#ifndef EBB_VM_TREE_H
#define EBB_VM_TREE_H

#include "plan/config.h"

/* Makes the folder `path`. Users and groups that own persist entries exist in it. */
int tree_make(const char *path, const struct config *config, struct error *error);

#endif
