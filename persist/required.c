#include "persist/required.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist/target.h"

/* What covers a path; all that are closed share it. It lies beside the volumes, for root only. */
static int open_cover(const struct context *context, int kind)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/.closed", context->volumes);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    auto_fd folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const char *name = kind == PERSIST_DIR ? "folder" : "file";
    if (folder < 0)
        return -errno;
    if (kind == PERSIST_DIR && mkdirat(folder, name, 0) < 0 && errno != EEXIST)
        return -errno;
    if (kind == PERSIST_FILE && mknodat(folder, name, S_IFREG, 0) < 0 && errno != EEXIST)
        return -errno;
    return path_open(folder, name, O_PATH | O_NOFOLLOW);
}

static int close_path(const struct persist_entry *entry, struct context *context,
                      struct error *error)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                               MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    struct stat status;
    /* Whatever is there is covered, also where the wrong kind of thing is the very reason. */
    auto_fd target = path_open(context->root.fd, entry->target, O_PATH | O_NOFOLLOW);
    if (target < 0 && target_open(entry, context, &target, error) < 0)
        return -error->code;
    if (fstat(target, &status) < 0)
        return error_system(error, errno, "cannot look at it");
    auto_fd cover = open_cover(context, S_ISDIR(status.st_mode) ? PERSIST_DIR : PERSIST_FILE);
    if (cover < 0)
        return error_system(error, -cover, "cannot make what would cover it");
    auto_fd copy = open_tree(cover, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (copy < 0 || mount_setattr(copy, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0 ||
        move_mount(copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot cover it");
    return 0;
}

int required_failed(const struct persist_entry *entry, struct context *context, struct error *error)
{
    struct error reason = *error, other;
    if (entry->required == REQUIRED_FAIL)
        return -error->code;
    /* Where it cannot be closed, the boot goes on all the same: whoever can plant a link above an
     * entry in a folder of their own would else decide whether the machine boots. */
    if (entry->required == REQUIRED_DEGRADE && close_path(entry, context, &other) < 0)
        error_set(error, reason.code, "%.250s; \"%.80s\" is not closed: %.150s", reason.text,
                  entry->target, other.text);
    return 1;
}

bool required_degrades(const struct step *step)
{
    bool is_entry = step->kind == STEP_BIND || step->kind == STEP_LINK || step->kind == STEP_COPY;
    return is_entry && step->entry->required == REQUIRED_DEGRADE;
}
