/* Devices that a disk or a keyboard may hang on, and that nothing in the image can drive: the usual
 * reason why a disk does not appear after a machine was changed. */
#ifndef EBB_KCONFIG_UNDRIVEN_H
#define EBB_KCONFIG_UNDRIVEN_H

#include <stdio.h>

#include "kconfig/load.h"

/* A line per such device below `sysfs` that has no driver and that none of the modules would serve;
 * NULL: there are no modules. */
void undriven_print(const char *sysfs, const struct modules *modules, FILE *stream);

#endif
