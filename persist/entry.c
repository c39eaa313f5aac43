#include "persist/entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "persist/existing.h"
#include "persist/late.h"
#include "persist/machine_id.h"
#include "persist/make.h"
#include "persist/options.h"
#include "persist/parents.h"
#include "persist/required.h"
#include "persist/seed.h"
#include "persist/target.h"

struct step *entry_plan(const struct persist_entry *entry, struct plan *plan)
{
    static const enum step_kind kinds[] = {
        [METHOD_BIND] = STEP_BIND, [METHOD_SYMLINK] = STEP_LINK, [METHOD_COPY] = STEP_COPY};
    struct step *step = plan_add(
        plan, machine_id_is(entry) ? STEP_MACHINE_ID : kinds[entry->method], entry->origin);
    step->entry = entry;
    step->target = entry->target;
    return step;
}

void persist_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->entry_count; i++)
        (void)entry_plan(config->entries[i], plan); /* nothing is to be added to it */
}

void entry_sentence(const struct step *step, FILE *stream)
{
    const struct persist_entry *entry = step->entry;
    const struct home *home = entry->home;
    fprintf(stream, "bind %s:%s on ", entry->store->volume_name, entry->source);
    if (home)
        fprintf(stream, "~%s%s", home->user, entry->target + strlen(home->path));
    else
        fputs(entry->target, stream);
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
    const char *remedy = code == ENOSPC  ? "; free some on the volume"
                         : code == EROFS ? "; mount the volume writable, or make it beforehand"
                         : code == EXDEV || code == EBUSY
                             ? "; unmount and remove \".ebb-new\" beside it"
                             : "";
    return error_set(error, code, "cannot make \"%s:%s\": %s%s", entry->store->volume_name,
                     entry->source, strerror(code), remedy);
}

/* With the declared owner and mode, and with what the generation has there. Where nobody knows the
 * owner yet, it is closed until somebody does. */
static int make_entry(const struct persist_entry *entry, struct context *context, int parent,
                      const char *name, struct error *error)
{
    struct owner owner;
    auto_fd seed = -1, fd = -1;
    owner_resolve(entry, context, &owner);
    /* What runs has an owner, even where nobody here knows the name that is declared. */
    bool runs = context->beginning, late = !runs && (owner.late_user || owner.late_group);
    int code = seed_open(entry, context, &seed, error);
    if (code < 0)
        return code;
    bool seeded = seed >= 0;
    struct stat status;
    mode_t mode = (mode_t)entry->mode;
    if (seeded && !entry->mode_said && fstat(seed, &status) == 0)
        mode = status.st_mode & 07777;
    struct made made = {late ? 0 : owner.user, late ? 0 : owner.group, entry->mode, seeded};
    if (seeded && (!entry->owner_said || (runs && owner.late_user)))
        made.user = MAKE_ANY;
    if (seeded && ((!entry->group_said && !entry->home) || (runs && owner.late_group)))
        made.group = MAKE_ANY;
    if (seeded && !entry->mode_said)
        made.mode = MAKE_ANY_MODE;
    if (late)
        made.mode = entry->kind == PERSIST_DIR ? 0700 : 0600;
    fd = make_begin(parent, entry->kind);
    if (fd < 0)
        return cannot_make(entry, -fd, error);
    if (seeded && seed_copy(entry, context, seed, fd, error) < 0) {
        make_undo(parent);
        return -error->code;
    }
    code = make_end(parent, fd, name, &made);
    if (code < 0)
        return cannot_make(entry, -code, error);
    if (late)
        late_entry(entry, &owner, mode, context);
    return 0;
}

int entry_open_source(const struct persist_entry *entry, struct context *context, int *source,
                      struct error *error)
{
    const struct volume_state *state = context_volume(context, entry->store->volume);
    char where[80];
    const char *name;
    auto_fd parent = -1;
    snprintf(where, sizeof(where), "%.64s:", entry->store->volume_name);
    int code = parents_open(entry, context, state->fd, entry->source, &parent, &name, error);
    if (code < 0)
        return error_prefix(error, "on the volume \"%s\"", entry->store->volume_name);
    auto_fd fd = open_entry(entry, parent, name, where, error);
    if (fd == -ENOENT) {
        code = make_entry(entry, context, parent, name, error);
        if (code < 0)
            return code;
        fd = open_entry(entry, parent, name, where, error);
    } else if (fd >= 0) {
        code = existing_apply(entry, context, fd, error);
    }
    if (fd < 0 || code < 0)
        return fd < 0 ? fd : code;
    *source = TAKE_FD(fd);
    return 0;
}

int entry_bind(const struct persist_entry *entry, const struct context *context, int source,
               int target, struct error *error)
{
    /* A detached copy of the mount, attached by descriptor: nothing is resolved twice. */
    auto_fd copy = open_tree(source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (copy < 0 || options_set(entry, copy) < 0 ||
        move_mount(copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot bind \"%s:%s\" on \"%s\"",
                            entry->store->volume_name, entry->source, entry->target);
    options_record(entry, context);
    return 0;
}

/* Whoever misses what the generation has there finds out why. */
static void tell_covered(const struct persist_entry *entry, int target)
{
    struct stat status;
    bool covers = fstat(target, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    if (entry->kind == PERSIST_DIR) {
        int fd = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
        for (struct dirent *name; folder && !covers && (name = readdir(folder));)
            covers = strcmp(name->d_name, ".") != 0 && strcmp(name->d_name, "..") != 0;
    }
    if (covers)
        log_info("what is kept covers what the generation has at \"%s\"", entry->target);
}

static int bring_back(const struct persist_entry *entry, struct context *context,
                      struct error *error)
{
    auto_fd source = -1, target = -1;
    int code = entry->home ? home_verify(entry->home, context, error) : 0;
    if (code == 0)
        code = entry_open_source(entry, context, &source, error);
    if (code < 0)
        return code;
    code = target_open(entry, context, &target, error);
    if (code < 0)
        return code;
    tell_covered(entry, target);
    return entry_bind(entry, context, source, target, error);
}

int entry_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = bring_back(step->entry, context, error);
    return code < 0 ? required_failed(step->entry, context, error) : 0;
}
