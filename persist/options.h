/* The mount options of an entry. The kernel knows ro, noexec, nosuid and nodev; hide and trash are
 * words to file managers (x-gvfs-hide, x-gvfs-trash), which only user space keeps
 * (base/utab.h). */
#ifndef EBB_PERSIST_OPTIONS_H
#define EBB_PERSIST_OPTIONS_H

#include "plan/context.h"

/* " with ro,hide", or nothing. */
void options_print(const struct persist_entry *entry, FILE *stream);
/* Sets those of the kernel on a mount that is not attached yet; -1 and errno. */
int options_set(const struct persist_entry *entry, int mount);
/* Writes down the others for an entry that is attached. A failure is only logged: it costs nothing
 * but an icon. */
void options_record(const struct persist_entry *entry, const struct context *context);

#endif
