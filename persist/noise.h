/* Known noise: paths that nobody misses when they are gone, as globs with a reason each. The list
 * that is part of the program is persist/noise.list; users have their own in /etc/ebb/noise.
 *
 * A walk carries along which patterns may still match below the folder it is in, so that a file
 * costs one comparison of its name for each of these few, and no path is ever put together. Once
 * the lists are read nothing here changes, so any number of threads may walk. */
#ifndef EBB_PERSIST_NOISE_H
#define EBB_PERSIST_NOISE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

struct noise;
struct part;

struct noise *noise_new(struct arena *arena); /* with the list of the program */
/* Adds a list; `name` is that of the file, for messages. */
int noise_add(struct noise *noise, const char *name, const char *text, struct error *error);

/* What may match in a folder, besides the names that are noise everywhere. */
struct noise_range {
    const struct part **parts;
    size_t count;
};
struct noise_range noise_begin(const struct noise *noise); /* in "/" */
bool noise_matches(const struct noise *noise, struct noise_range range, const char *name);
/* For the folder `name` of the one that `range` is about. */
struct noise_range noise_enter(struct noise_range range, const char *name, struct arena *arena);

#endif
