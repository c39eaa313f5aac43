/* A plan for a boot partition, carried out: each thing is on the disk before the next that relies
 * on it begins. */
#ifndef EBB_TOOL_BOOT_WRITE_H
#define EBB_TOOL_BOOT_WRITE_H

#include "tool/boot_plan.h"

/* `progress`: on standard error, which is a terminal. */
int boot_write(int esp, const struct boot_plan *plan, bool progress, struct error *error);

#endif
