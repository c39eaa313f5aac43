/* Modules at boot: whatever is asked for is there when the call returns, whether it had to be
 * inserted, was being inserted by somebody else, or was built in. */
#ifndef EBB_KCONFIG_LOAD_H
#define EBB_KCONFIG_LOAD_H

#include <stdbool.h>

#include "base/error.h"

struct modules;

/* Opens the modules of the running kernel. A kernel built without modules is no error: what it
 * has is there, and loading always succeeds. */
int modules_open(struct modules **modules, struct error *error);
/* The same for the modules in `folder`, the one that holds modules.dep.bin. */
int modules_open_folder(const char *folder, struct modules **modules, struct error *error);
void modules_close(struct modules *modules); /* accepts NULL */
void modules_cleanup(struct modules **modules);

/* Loads a module, by name or alias, with what it depends on. A soft dependency may fail. */
int modules_load(struct modules *modules, const char *name, struct error *error);
/* Loads all that serves a device and is not blacklisted (modprobe.blacklist=). Nothing serving it
 * is success, and so is a driver that finds nothing to do (-ENODEV). */
int modules_load_for_device(struct modules *modules, const char *modalias, struct error *error);
/* Whether any module would be loaded for the device, now or before. */
bool modules_serve(const struct modules *modules, const char *modalias);

#endif
