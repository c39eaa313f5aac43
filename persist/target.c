#include "persist/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist/make.h"
#include "persist/parents.h"

static int open_file(const struct persist_entry *entry, struct context *context, int *target,
                     struct error *error)
{
    const char *name;
    auto_fd parent = -1;
    int code = parents_open(entry, context, context->root.fd, entry->target, &parent, &name, error);
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

/* The mount point may lie on what another entry brought back, and stay there: it is made as if it
 * were the entry. */
static int open_folder(const struct persist_entry *entry, struct context *context, int *target,
                       struct error *error)
{
    const char *name;
    auto_fd parent = -1;
    struct owner owner;
    int code = parents_open(entry, context, context->root.fd, entry->target, &parent, &name, error);
    if (code < 0)
        return code;
    auto_fd fd = path_enter(parent, name, entry->target, error);
    if (fd == -ENOENT) {
        owner_resolve(entry, context, &owner);
        bool late = owner.late_user || owner.late_group;
        struct made made = {late ? 0 : owner.user, late ? 0 : owner.group,
                            late ? 0700 : entry->mode, false};
        auto_fd new = make_begin(parent, PERSIST_DIR);
        code = new < 0 ? new : make_end(parent, new, name, &made);
        if (code < 0)
            return error_system(error, -code, "cannot make the folder \"%s\"", entry->target);
        fd = path_open(parent, name, O_PATH | O_DIRECTORY);
        if (fd < 0)
            return error_system(error, -fd, "cannot open the folder \"%s\"", entry->target);
    }
    if (fd < 0)
        return fd;
    *target = TAKE_FD(fd);
    return 0;
}

int target_open(const struct persist_entry *entry, struct context *context, int *target,
                struct error *error)
{
    int code = entry->kind == PERSIST_DIR ? open_folder(entry, context, target, error)
                                          : open_file(entry, context, target, error);
    return code < 0 ? error_prefix(error, "in the new root") : 0;
}
