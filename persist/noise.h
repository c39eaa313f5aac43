/* Known noise: paths that nobody misses when they are gone, as globs with a reason each. The list
 * that is part of the program is persist/noise.list; users have their own in /etc/ebb/noise.
 *
 * A walk carries along which patterns may still match below the folder it is in, so that a file
 * costs one comparison of its name for each of these few, and no path is ever put together. */
#ifndef EBB_PERSIST_NOISE_H
#define EBB_PERSIST_NOISE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

struct noise;

struct noise *noise_new(struct arena *arena); /* with the list of the program */
/* Adds a list; `name` is that of the file, for messages. */
int noise_add(struct noise *noise, const char *name, const char *text, struct error *error);

/* What may match in a folder: a part of the noise's own stack. */
struct noise_range {
    size_t begin, end;
};
struct noise_range noise_begin(struct noise *noise); /* in "/" */
bool noise_matches(const struct noise *noise, struct noise_range range, const char *name);
/* For the folder `name` of the one that `range` is about; to be left before another is entered. */
struct noise_range noise_enter(struct noise *noise, struct noise_range range, const char *name);
void noise_leave(struct noise *noise, struct noise_range range);

#endif
