#include "persist/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/copy.h"

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
    if (context->beginning) {
        *seed = fcntl(context->beginning->fd, F_DUPFD_CLOEXEC, 0);
        return *seed < 0 ? error_system(error, errno, "cannot read \"%s\"", entry->target) : 0;
    }
    if (!context->generation || (entry->seed && strcmp(entry->seed, "none") == 0))
        return 0;
    if (!context->generation->tree && !named) /* in the root lies what others have put there */
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

int seed_copy(const struct persist_entry *entry, const struct context *context, int seed, int made,
              struct error *error)
{
    int code = context->beginning ? context->beginning->copy(context->beginning, made, error)
               : entry->kind == PERSIST_DIR ? copy_tree(seed, made, error)
                                            : copy_open_file(seed, made, error);
    if (code == -ENOSPC)
        return error_set(error, ENOSPC,
                         "\"%s:%s\" cannot begin as a copy of what the %s has there: %s; free some "
                         "on the volume%s",
                         entry->store->volume_name, entry->source,
                         context->beginning ? "running system" : "generation", strerror(ENOSPC),
                         context->beginning ? "" : ", or declare seed=none");
    return code < 0 ? error_prefix(error, "copying what \"%s\" begins with", entry->target) : 0;
}
