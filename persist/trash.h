/* The trash of a state volume, .ebb/trash/YYYY-MM-DD/, where orphans keep their paths. It is root's
 * alone, and never on another file system: moving there is one rename, or, out of a subvolume, a
 * copy that shares its blocks. */
#ifndef EBB_PERSIST_TRASH_H
#define EBB_PERSIST_TRASH_H

#include <time.h>

#include "persist/orphans.h"

/* Where it would be moved today: a path on the volume. */
const char *trash_place(struct arena *arena, const struct orphan *orphan, time_t now);
/* Moves it there, if it still is what was found; *place says where, which may have a number behind
 * it. */
int trash_move(struct arena *arena, int volume, const struct orphan *orphan, time_t now,
               const char **place, struct error *error);

struct trash_days {
    const char **names; /* YYYY-MM-DD */
    size_t count;
};
/* The days in the trash that are more than `days` days ago. */
int trash_old(struct arena *arena, int volume, unsigned days, time_t now, struct trash_days *old,
              struct error *error);
/* Removes one day with all in it, for good. */
int trash_remove(int volume, const char *day, struct error *error);

#endif
