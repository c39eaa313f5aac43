/* The next boot alone is of one system of a Nix profile, whose kernel is another one than that
 * which runs. */
#ifndef EBB_TOOL_NIX_ONCE_H
#define EBB_TOOL_NIX_ONCE_H

#include "base/path.h"
#include "plan/config.h"

/* The boot loader is asked for the entry that NixOS made; `by_loader` is false where it cannot be,
 * and PID 1 has to start the kernel. -ENOTSUP: that could not be either. NULL takes back what was
 * asked before. */
int nix_once(struct target root, const struct boot_entries *boot, const char *entry,
             bool *by_loader, struct error *error);

#endif
