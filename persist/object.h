/* What a copied entry is, at either of its ends: one file, or one symbolic link, which is never
 * followed. It is found, looked at, compared and written by descriptor. */
#ifndef EBB_PERSIST_OBJECT_H
#define EBB_PERSIST_OBJECT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

struct object {
    int fd;             /* to read a file, O_PATH of a link; -1 for none */
    struct stat status; /* of itself */
    struct stat folder; /* of the folder that it lies in */
    int top;            /* where it was found, for as long as these live */
    const char *path;
};

/* -ENOENT: there is none, or no folder that it could lie in; the error is left alone then. */
int object_find(int top, const char *path, struct object *object, struct error *error);
void object_close(const struct object *object);
#define auto_object AUTO(object_close) struct object

/* Kind, owner, mode, content and extended attributes. Times are none of it: a file that is written
 * anew with what it had needs no write of ours. */
bool object_same(const struct object *target, const struct object *kept);

/* Puts a copy of the object in the place of `path`: old or new, never half of it. Folders that are
 * missing are made with owner and mode of those that the object lies in, as far as the paths end
 * alike: what was private stays so, and what was somebody's is theirs. `lasting`: after a power
 * cut, too. -EBUSY: the object was written to meanwhile, so that a copy of it might be half of it.
 */
int object_write(const struct object *object, int top, const char *path, bool lasting,
                 struct error *error);

#endif
