#include "persist/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist/machine_id.h"
#include "persist/options.h"
#include "persist/owner.h"
#include "persist/required.h"
#include "persist/target.h"

/* The name under which an entry is made before it is complete. */
static const char unfinished[] = ".ebb-new";

void persist_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->entry_count; i++) {
        const struct persist_entry *entry = config->entries[i];
        enum step_kind kind = machine_id_is(entry) ? STEP_MACHINE_ID : STEP_BIND;
        struct step *step = plan_add(plan, kind, entry->origin);
        step->entry = entry;
        step->target = entry->target;
    }
}

void entry_sentence(const struct step *step, FILE *stream)
{
    const struct persist_entry *entry = step->entry;
    fprintf(stream, "bind %s:%s on %s", entry->store->volume_name, entry->source, entry->target);
    options_print(entry, stream);
}

static const char *kind_name(int kind)
{
    return kind == PERSIST_DIR ? "folder" : "file";
}

/* Opens what is called `name`, which must be of the declared kind; -ENOENT if there is nothing. */
static int open_entry(const struct persist_entry *entry, int parent, const char *name,
                      const char *where, struct error *error)
{
    struct stat status;
    auto_fd fd = path_open(parent, name, O_PATH | O_NOFOLLOW);
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s%s\"", where, entry->source);
    if (fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot look at \"%s%s\"", where, entry->source);
    if (S_ISLNK(status.st_mode))
        return error_set(
            error, ELOOP,
            "\"%s%s\" is a symbolic link, and none is followed there; put the %s itself in "
            "its place",
            where, entry->source, kind_name(entry->kind));
    bool right = entry->kind == PERSIST_DIR ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode);
    if (!right)
        return error_set(
            error, entry->kind == PERSIST_DIR ? ENOTDIR : EISDIR,
            "\"%s\" is declared as a %s, but \"%s%s\" is %s; declare it as it is, or move "
            "it away",
            entry->target, kind_name(entry->kind), where, entry->source,
            S_ISDIR(status.st_mode)   ? "a folder"
            : S_ISREG(status.st_mode) ? "a file"
                                      : "something else");
    return TAKE_FD(fd);
}

static int cannot_make(const struct persist_entry *entry, int code, struct error *error)
{
    const char *remedy = code == ENOSPC   ? "; free some on the volume"
                         : code == EROFS  ? "; mount the volume writable, or make it beforehand"
                         : code == EEXIST ? "; remove \".ebb-new\" beside it"
                                          : "";
    return error_set(error, code, "cannot make \"%s:%s\": %s%s", entry->store->volume_name,
                     entry->source, strerror(code), remedy);
}

/* An empty folder or file with the declared owner and mode, complete before it has its name. */
static int make_entry(const struct persist_entry *entry, int root, int parent, const char *name,
                      struct error *error)
{
    uid_t user = 0;
    gid_t group = 0;
    int code = owner_user(root, entry->owner, &user, error);
    if (code == 0)
        code = owner_group(root, entry->group, &group, error);
    if (code < 0)
        return code;
    (void)unlinkat(parent, unfinished, 0);            /* left by a power cut, */
    (void)unlinkat(parent, unfinished, AT_REMOVEDIR); /* whichever it was */
    auto_fd fd = -1;
    if (entry->kind == PERSIST_DIR && mkdirat(parent, unfinished, 0700) == 0)
        fd = path_open(parent, unfinished, O_RDONLY | O_DIRECTORY);
    else if (entry->kind == PERSIST_FILE)
        fd = openat(parent, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchown(fd, user, group) < 0 || fchmod(fd, (mode_t)entry->mode) < 0 ||
        fsync(fd) < 0 || renameat2(parent, unfinished, parent, name, RENAME_NOREPLACE) < 0)
        return cannot_make(entry, errno, error);
    /* Its name must be on the disk before anything is written into it. */
    auto_fd folder = path_open(parent, ".", O_RDONLY | O_DIRECTORY);
    if (folder < 0 || fsync(folder) < 0)
        return error_system(error, errno, "cannot keep \"%s:%s\"", entry->store->volume_name,
                            entry->source);
    return 0;
}

/* The entry on its volume, made if it is missing. */
static int open_source(const struct persist_entry *entry, const struct context *context,
                       int *source, struct error *error)
{
    const struct volume_state *state = context_volume(context, entry->store->volume);
    char where[80];
    const char *name;
    auto_fd parent = -1;
    snprintf(where, sizeof(where), "%.64s:", entry->store->volume_name);
    int code = path_make_parent(state->fd, entry->source, &parent, &name, error);
    if (code < 0)
        return error_prefix(error, "on the volume \"%s\"", entry->store->volume_name);
    int fd = open_entry(entry, parent, name, where, error);
    if (fd == -ENOENT) {
        code = make_entry(entry, context->root.fd, parent, name, error);
        if (code < 0)
            return code;
        fd = open_entry(entry, parent, name, where, error);
    }
    if (fd < 0)
        return fd;
    *source = fd;
    return 0;
}

static int bring_back(const struct persist_entry *entry, const struct context *context,
                      struct error *error)
{
    auto_fd source = -1, target = -1;
    int code = open_source(entry, context, &source, error);
    if (code < 0)
        return code;
    code = target_open(entry, context, &target, error);
    if (code < 0)
        return code;
    /* A detached copy of the mount, attached by descriptor: nothing is resolved twice. */
    auto_fd copy = open_tree(source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (copy < 0 || options_set(entry, copy) < 0 ||
        move_mount(copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot bind \"%s:%s\" on \"%s\"",
                            entry->store->volume_name, entry->source, entry->target);
    options_record(entry, context);
    return 0;
}

int entry_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = bring_back(step->entry, context, error);
    return code < 0 ? required_failed(step->entry, context, error) : 0;
}
