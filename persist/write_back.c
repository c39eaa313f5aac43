#include "persist/write_back.h"

#include <errno.h>

#include "persist/object.h"

/* Whether the target may be what the declaration means. In a folder that only root can write to,
 * root put it there. In another one, somebody else may have: then it must belong to the owner of
 * the folder, or to the owner of what is kept, or a hard link to a file of a third party would do.
 */
static int check_target(const struct copied *copied, const struct object *target,
                        const struct object *kept, struct error *error)
{
    uid_t owner = target->status.st_uid;
    bool safe = target->folder.st_uid == 0 && (target->folder.st_mode & 022) == 0;
    bool expected =
        owner == target->folder.st_uid || (kept->fd >= 0 && owner == kept->status.st_uid);
    if (!safe && !expected)
        return error_set(error, EPERM,
                         "\"%s\" belongs to user %u, and others can write to its folder, so it is "
                         "not written back; give it to the owner of its folder",
                         copied->target, owner);
    if (target->status.st_size > WRITE_BACK_LIMIT)
        return error_set(error, EFBIG,
                         "\"%s\" is larger than %d MiB, so it is not written back; keep its folder "
                         "instead",
                         copied->target, WRITE_BACK_LIMIT >> 20);
    return 0;
}

static int try(const struct copied *copied, int root, int volume, enum write_back_result *result,
               struct error *error)
{
    auto_object target = {.fd = -1}, kept = {.fd = -1};
    int found = object_find(root, copied->target, &target, error);
    if (found < 0 && found != -ENOENT)
        return found;
    int code = object_find(volume, copied->path, &kept, error);
    if (code < 0 && code != -ENOENT)
        return error_prefix(error, "on the volume \"%s\"", copied->volume);
    if (found == -ENOENT) {
        *result = code == -ENOENT ? WRITE_BACK_NOTHING : WRITE_BACK_GONE;
        return 0;
    }
    bool same = code == 0 && object_same(&target, &kept);
    code = check_target(copied, &target, &kept, error);
    if (code == 0 && !same) {
        code = object_write(&target, volume, copied->path, true, error);
        if (code < 0)
            error_prefix(error, "on the volume \"%s\"", copied->volume);
    }
    if (code == 0)
        *result = same ? WRITE_BACK_SAME : WRITE_BACK_WRITTEN;
    return code;
}

int write_back(const struct copied *copied, int root, int volume, enum write_back_result *result,
               struct error *error)
{
    int code = -EBUSY;
    for (unsigned tries = 0; tries < 5 && code == -EBUSY; tries++)
        code = try(copied, root, volume, result, error);
    return code;
}
