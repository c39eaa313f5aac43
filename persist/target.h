/* The path of an entry in the new root, as what is mounted on. */
#ifndef EBB_PERSIST_TARGET_H
#define EBB_PERSIST_TARGET_H

#include "plan/context.h"

/* Opens it with O_PATH, made if the generation has nothing there. */
int target_open(const struct persist_entry *entry, struct context *context, int *target,
                struct error *error);

#endif
