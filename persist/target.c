#include "persist/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const struct persist_entry *entry, const struct context *context, int *target,
                     struct error *error)
{
    const char *name;
    auto_fd parent = -1;
    int code = path_make_parent(context->root.fd, entry->target, &parent, &name, error);
    if (code < 0)
        return code;
    auto_fd fd = path_open(parent, name, O_PATH | O_NOFOLLOW);
    if (fd == -ENOENT) {
        auto_fd made = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (made < 0)
            return error_system(error, errno, "cannot make the file \"%s\" to bind on",
                                entry->target);
        fd = path_open(parent, name, O_PATH | O_NOFOLLOW);
    }
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s\" to bind on", entry->target);
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        return error_set(error, EISDIR,
                         "\"%s\" is declared as a file, but the generation has a folder there; "
                         "declare it as it is, or remove it from the generation",
                         entry->target);
    *target = TAKE_FD(fd);
    return 0;
}

int target_open(const struct persist_entry *entry, const struct context *context, int *target,
                struct error *error)
{
    int code = entry->kind == PERSIST_DIR
                   ? path_make_folder(context->root.fd, entry->target, target, error)
                   : open_file(entry, context, target, error);
    return code < 0 ? error_prefix(error, "in the new root") : 0;
}
