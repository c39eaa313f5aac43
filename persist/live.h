/* An entry on the running system: a path begins to persist while it is in use, or ends to.
 *
 * What lies there is copied and put in place as a boot would do it (persist/entry.h), only that the
 * entry begins as what the running system has, not as the generation has it. Users may own folders
 * on the way and swap what is called by a name: everything is opened once, by descriptor and
 * without links, and is seen to be the same before something is mounted on it. */
#ifndef EBB_PERSIST_LIVE_H
#define EBB_PERSIST_LIVE_H

#include <sys/stat.h>

#include "base/copy.h"
#include "persist/copies.h"
#include "persist/seed.h"

/* What the running system has at the path of an entry. */
struct live {
    int fd; /* to read it, -1 for none */
    struct stat status;
    struct copy_progress *progress; /* NULL: nobody wants to hear */
};

/* Opens the folder or file `target`; a link and anything else is refused. */
int live_open(const struct context *context, const char *target, struct live *live,
              struct error *error);
void live_close(struct live *live);
#define auto_live AUTO(live_close) struct live

/* The entry on its volume, opened with O_PATH; -ENOENT: there is nothing yet. */
int live_source(const struct persist_entry *entry, const struct context *context,
                struct error *error);
/* Copies it to the volume: all of it or nothing, on the disk when this returns. */
int live_copy(const struct persist_entry *entry, struct context *context, const struct live *live,
              struct error *error);
/* Removes what live_copy made. */
void live_undo(const struct persist_entry *entry, struct context *context);
/* Shows what is on the volume in the place of what was copied, with the mounts that are in it. */
int live_show(const struct persist_entry *entry, struct context *context, const struct live *live,
              struct error *error);
/* The first mount in a folder, as a path below it; NULL for none. */
const char *live_mount_in(struct arena *arena, const struct live *live);

/* Gives the running system a copy of its own of an entry that is bound, and shows that; `live` is
 * closed. -EBUSY: somebody uses it. What is on the volume stays. */
int live_hide(const struct persist_entry *entry, struct context *context, struct live *live,
              struct error *error);

#endif
