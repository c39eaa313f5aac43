#include "persist/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "persist/live.h"

/* Nothing is there that an entry could begin with. */
static bool is_nothing(int fd)
{
    return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -ENXIO;
}

int seed_open(const struct persist_entry *entry, const struct context *context, int *seed,
              struct error *error)
{
    bool named = entry->seed && *entry->seed == '/', is_dir = entry->kind == PERSIST_DIR;
    const char *path = named ? entry->seed : entry->target;
    struct stat status;
    *seed = -1;
    if (context->live) {
        *seed = fcntl(context->live->fd, F_DUPFD_CLOEXEC, 0);
        return *seed < 0 ? error_system(error, errno, "cannot read \"%s\"", entry->target) : 0;
    }
    if (!context->generation || (entry->seed && strcmp(entry->seed, "none") == 0))
        return 0;
    auto_fd tree = context_tree(context);
    if (tree < 0)
        return error_system(error, -tree, "cannot open the generation's tree");
    /* Links are followed as the running system would, and never out of the tree. */
    auto_fd fd = path_open_in_root(tree, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (!named && is_nothing(fd))
        return 0;
    if (fd < 0 || fstat(fd, &status) < 0)
        return error_set(error, fd < 0 ? -fd : errno,
                         "\"%s\" cannot begin as a copy of \"%s\" of the generation: %s; correct "
                         "seed=",
                         entry->target, path, strerror(fd < 0 ? -fd : errno));
    if (is_dir ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode)) {
        *seed = TAKE_FD(fd);
        return 0;
    }
    if (!entry->seed)
        return 0;
    return error_set(error, is_dir ? ENOTDIR : EISDIR,
                     "\"%s\" cannot begin as a copy of \"%s\" of the generation, which is no %s; "
                     "correct seed=",
                     entry->target, path, is_dir ? "folder" : "file");
}

/* Whoever uses the tree goes on while it is copied and, which takes as long, written to the disk;
 * so until a pass finds nothing that changed since the one before. */
static int copy_live_folder(const struct live *live, int made, struct error *error)
{
    enum { PASSES = 5 };
    int code = copy_live_tree(live->fd, made, live->progress, error);
    for (unsigned pass = 0, changed = 1; code == 0 && changed && pass < PASSES; pass++) {
        if (syncfs(made) < 0)
            return error_system(error, errno, "cannot write the copy to the disk");
        code = copy_refresh(live->fd, made, live->progress, error);
        changed = code > 0;
        code = code < 0 ? code : 0;
    }
    return code;
}

static int copy_live_file(const struct live *live, int made, struct error *error)
{
    enum { PASSES = 5 };
    struct stat before, after;
    int code = 0;
    for (unsigned pass = 0, changed = 1; code == 0 && changed && pass < PASSES; pass++) {
        if (ftruncate(made, 0) < 0 || fstat(live->fd, &before) < 0)
            return error_system(error, errno, "cannot begin the copy");
        code = copy_open_file(live->fd, made, error);
        if (code < 0 || fsync(made) < 0 || fstat(live->fd, &after) < 0)
            return code < 0 ? code : error_system(error, errno, "cannot write the copy to the disk");
        changed = before.st_size != after.st_size || before.st_ctim.tv_sec != after.st_ctim.tv_sec ||
                  before.st_ctim.tv_nsec != after.st_ctim.tv_nsec;
    }
    return code;
}

int seed_copy(const struct persist_entry *entry, const struct context *context, int seed, int made,
              struct error *error)
{
    const struct live *live = context->live;
    bool is_dir = entry->kind == PERSIST_DIR;
    int code = live     ? is_dir ? copy_live_folder(live, made, error)
                                 : copy_live_file(live, made, error)
               : is_dir ? copy_tree(seed, made, error)
                        : copy_open_file(seed, made, error);
    if (code == -ENOSPC && !live)
        return error_set(error, ENOSPC,
                         "\"%s:%s\" cannot begin as a copy of what the generation has there: %s; "
                         "free some on the volume, or declare seed=none",
                         entry->store->volume_name, entry->source, strerror(ENOSPC));
    return code < 0 ? error_prefix(error, "copying what \"%s\" begins with", entry->target) : 0;
}
