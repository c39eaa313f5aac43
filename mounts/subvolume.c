#include "mounts/subvolume.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/console.h"
#include "base/log.h"
#include "mounts/old_roots.h"

static const char fresh_suffix[] = ".ebb-new", marker[] = ".ebb-dont-wipe",
                  volume_marker[] = "/.ebb/dont-wipe";

static void check_limits(const struct root *root, struct report *report)
{
    if (root->size || root->inodes)
        report_error(report, root->origin,
                     "a root that is a subvolume is as large as its volume, so %s means nothing; "
                     "remove it",
                     root->size ? "size=" : "inodes=");
    if (root->keep == 0)
        report_error(report, root->keep_at,
                     "keep=0 would delete old roots before anybody could look into them; write a "
                     "longer one, such as keep=1d");
}

/* The subvolume that the options mount: NULL for the top, or where they say nothing. */
static const char *part_of(struct arena *arena, const struct volume *volume)
{
    char *value;
    size_t length;
    if (!volume->fs.options)
        return NULL;
    if (mnt_optstr_get_option(volume->fs.options, "subvol", &value, &length) == 0 && length > 0 &&
        !(length == 1 && *value == '/'))
        return arena_copy(arena, value, length);
    if (mnt_optstr_get_option(volume->fs.options, "subvolid", &value, &length) == 0 &&
        strtoul(value, NULL, 0) != BTRFS_TOP)
        return arena_printf(arena, "subvolid=%.*s", (int)length, value);
    return NULL;
}

static void check_volume(const struct root *root, struct report *report)
{
    const struct volume *volume = root->place.volume;
    const char *type = volume->fs.type, *part = part_of(report->arena, volume);
    if (!type || !*type)
        return; /* reported already */
    if (strcmp(type, "btrfs") != 0)
        report_error(report, root->place.origin,
                     "the volume \"%s\" is %s, which has no subvolumes; name one of btrfs, or "
                     "write root tmpfs",
                     volume->name, type);
    else if (part)
        report_error(report, root->place.origin,
                     "the volume \"%s\" shows only its subvolume \"%s\"; the root needs the whole: "
                     "write options=subvolid=5",
                     volume->name, part);
    else if (volume->fs.options && mnt_optstr_get_option(volume->fs.options, "ro", NULL, NULL) == 0)
        report_error(report, root->place.origin,
                     "the volume \"%s\" is mounted read-only, so no root can be made on it; remove "
                     "\"ro\" from its options",
                     volume->name);
}

static void check_apart(const struct config *config, const char *volume_name, const char *path,
                        struct origin origin, const char *what, struct report *report)
{
    const struct root *root = &config->root;
    if (!volume_name || strcmp(volume_name, root->place.volume_name) != 0 ||
        !path_is_within(path, root->place.path))
        return;
    report_error(report, origin,
                 "\"%s:%s\", %s, lies in the root, which is thrown away at every boot, at %s; "
                 "choose another place for one of them",
                 volume_name, path, what, origin_text(report->arena, root->place.origin));
}

/* Nothing that must survive may lie in what is renamed away. */
static void check_others(const struct config *config, struct report *report)
{
    const struct root *root = &config->root;
    const struct place *generations = &config->generations.place;
    check_apart(config, generations->volume_name, generations->path, generations->origin,
                "the folder of the generations", report);
    check_apart(config, root->blank.volume_name, root->blank.path, root->blank.origin,
                "the blank snapshot", report);
    for (size_t i = 0; i < config->entry_count; i++)
        check_apart(config, config->entries[i]->store->volume_name, config->entries[i]->source,
                    config->entries[i]->origin, "a persist entry", report);
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        const char *part = part_of(report->arena, volume);
        if (!part || strcmp(volume->device, root->place.volume->device) != 0)
            continue;
        part = arena_printf(report->arena, "%s%s", *part == '/' ? "" : "/", part);
        check_apart(config, root->place.volume_name, part, volume->origin,
                    arena_printf(report->arena, "the volume \"%s\"", volume->name), report);
    }
}

void subvolume_check(const struct config *config, struct report *report)
{
    const struct root *root = &config->root;
    if (root->kind != ROOT_SUBVOLUME) {
        const char *word = root->place.volume_name   ? "a place"
                           : root->blank.volume_name ? "blank="
                           : root->keep_at.file      ? "keep="
                                                     : NULL;
        if (word)
            report_error(report, root->origin,
                         "%s is for a root that is a subvolume; remove it, or write root subvolume "
                         "VOLUME:/path",
                         word);
        return;
    }
    check_limits(root, report);
    if (!root->place.origin.file)
        report_error(report, root->origin,
                     "the root lacks its place; write: root subvolume VOLUME:/path keep=30d");
    if (!root->place.volume)
        return; /* reported already */
    const char *name = strrchr(root->place.path, '/') + 1;
    if (!*name || path_is_within(root->place.path, "/.ebb"))
        report_error(report, root->place.origin,
                     "\"%s\" cannot be renamed, as a root is at every boot; name a subvolume, such "
                     "as %s:/@root",
                     root->place.path, root->place.volume_name);
    else if (strlen(name) > NAME_MAX - OLD_ROOT_SUFFIX)
        report_error(report, root->place.origin,
                     "the name \"%s\" leaves no room for a date behind it; shorten it", name);
    if (root->blank.volume && root->blank.volume != root->place.volume)
        report_error(report, root->blank.origin,
                     "the blank snapshot lies on the volume \"%s\", and a snapshot cannot leave "
                     "its volume; name one on \"%s\"",
                     root->blank.volume_name, root->place.volume_name);
    check_volume(root, report);
    if (*name)
        check_others(config, report);
}

void subvolume_plan(const struct config *config, struct plan *plan)
{
    if (config->root.kind != ROOT_SUBVOLUME)
        return;
    plan_add(plan, STEP_RESET, config->root.origin)->root = &config->root;
    plan_add(plan, STEP_EXPIRE, config->root.origin)->root = &config->root;
}

void subvolume_sentence(const struct step *step, FILE *stream)
{
    const struct root *root = step->root;
    fprintf(stream, "make the root: a fresh subvolume for %s:%s, ", root->place.volume_name,
            root->place.path);
    if (root->blank.volume_name)
        fprintf(stream, "a snapshot of %s:%s", root->blank.volume_name, root->blank.path);
    else
        fputs("empty", stream);
    fprintf(stream, ", mode=%04o", (unsigned)root->mode);
}

int subvolume_open_folder(const struct root *root, const struct context *context, int *folder,
                          char name[static NAME_MAX + 1], struct error *error)
{
    const struct volume *volume = root->place.volume;
    int top = context_volume(context, volume)->fd;
    const char *last;
    auto_fd parent = -1;
    int code = path_make_parent(top, root->place.path, &parent, &last, error);
    if (code < 0)
        return error_prefix(error, "the root \"%s:%s\"", volume->name, root->place.path);
    int opened = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* for more than paths */
    if (opened < 0)
        return error_system(error, errno, "cannot open the folder of the root \"%s:%s\"",
                            volume->name, root->place.path);
    snprintf(name, NAME_MAX + 1, "%s", last);
    *folder = opened;
    return 0;
}

/* A default subvolume is mounted instead of the top, and what is in it may be a root itself. */
static int check_top(const struct volume *volume, const struct context *context,
                     struct error *error)
{
    struct btrfs_subvolume found = {0};
    auto_fd top = path_open(context_volume(context, volume)->fd, "/", O_RDONLY | O_DIRECTORY);
    int code = top < 0 ? top : btrfs_look(top, &found);
    if (code < 0 && code != -EINVAL)
        return error_system(error, -code, "cannot look at the volume \"%s\"", volume->name);
    if (code == 0 && found.id == BTRFS_TOP)
        return 0;
    return error_set(
        error, EINVAL,
        "the volume \"%s\" shows a subvolume of its own choice, and the root needs the "
        "whole; write options=subvolid=5",
        volume->name);
}

/* *fd is -1 if there is nothing of that name. What is no subvolume is never touched. */
static int open_subvolume(const struct root *root, int folder, const char *name, int *fd,
                          struct btrfs_subvolume *found, struct error *error)
{
    auto_fd opened = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    *fd = -1;
    if (opened < 0 && errno == ENOENT)
        return 0;
    int code = opened < 0 ? -errno : btrfs_look(opened, found);
    if (code == -EINVAL || code == -ENOTDIR || code == -ELOOP)
        return error_set(error, ENOTDIR,
                         "\"%s\", where the root %s:%s is to be made, is there and is no "
                         "subvolume; move it away, or give `root` another place",
                         name, root->place.volume_name, root->place.path);
    if (code < 0)
        return error_system(error, -code, "cannot look at \"%s\" on the volume \"%s\"", name,
                            root->place.volume_name);
    *fd = TAKE_FD(opened);
    return 0;
}

static int open_blank(const struct root *root, const struct context *context, int *blank,
                      struct error *error)
{
    struct btrfs_subvolume found = {0};
    if (!root->blank.volume)
        return 0;
    auto_fd fd = path_open(context_volume(context, root->blank.volume)->fd, root->blank.path,
                           O_RDONLY | O_DIRECTORY);
    int code = fd < 0 ? fd : btrfs_look(fd, &found);
    if (code < 0)
        return error_set(error, -code,
                         "the blank snapshot \"%s:%s\" %s; make it, or correct blank=",
                         root->blank.volume_name, root->blank.path,
                         code == -ENOENT   ? "is missing"
                         : code == -EINVAL ? "is no subvolume"
                                           : strerror(-code));
    *blank = TAKE_FD(fd);
    return 0;
}

/* From a power cut, or from an attempt in this boot that failed. */
static int delete_leftover(const struct root *root, int folder, const char *fresh,
                           struct error *error)
{
    struct btrfs_subvolume found = {0};
    auto_fd fd = -1;
    int code = open_subvolume(root, folder, fresh, &fd, &found, error);
    if (code < 0 || fd < 0)
        return code;
    code = btrfs_delete(folder, found.id, error);
    return code < 0 ? error_prefix(error, "\"%s\", a root that was never used", fresh) : 0;
}

static int make_fresh(const struct root *root, const struct context *context, int folder,
                      const char *fresh, struct error *error)
{
    auto_fd blank = -1;
    int code = open_blank(root, context, &blank, error);
    if (code == 0)
        code = delete_leftover(root, folder, fresh, error);
    if (code < 0)
        return code;
    code = btrfs_make(folder, fresh, blank);
    if (code == 0 && fchmodat(folder, fresh, (mode_t)root->mode, 0) < 0)
        code = -errno;
    if (code == 0)
        code = btrfs_sync(folder);
    if (code < 0)
        return error_system(error, -code, "cannot make the subvolume \"%s\" on the volume \"%s\"",
                            fresh, root->place.volume_name);
    log_debug("subvolume: \"%s\" is made", fresh);
    return 0;
}

/* Whether somebody asked that the old root be used once more; *which says where. */
static bool is_marked(const struct root *root, const struct context *context, int old,
                      const char **which)
{
    struct stat status;
    auto_fd mark = path_open(context_volume(context, root->place.volume)->fd, volume_marker,
                             O_PATH | O_NOFOLLOW);
    *which = mark >= 0 ? volume_marker : "/.ebb-dont-wipe in it";
    return mark >= 0 || fstatat(old, marker, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int mount_subvolume(int folder, const char *name, const char *place, struct error *error)
{
    auto_fd copy =
        open_tree(folder, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (copy < 0)
        return error_system(error, errno, "cannot mount the subvolume \"%s\"", name);
    if (mkdir(place, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    if (move_mount(copy, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot mount the subvolume \"%s\"", name);
    return 0;
}

int subvolume_mount(const struct root *root, struct context *context, struct error *error)
{
    char name[NAME_MAX + 1], fresh[NAME_MAX + 1 + sizeof(fresh_suffix)];
    const char *which;
    struct btrfs_subvolume found = {0};
    auto_fd folder = -1, old = -1;
    context->root_kept = false;
    int code = check_top(root->place.volume, context, error);
    if (code == 0)
        code = subvolume_open_folder(root, context, &folder, name, error);
    if (code == 0)
        code = open_subvolume(root, folder, name, &old, &found, error);
    if (code < 0)
        return code;
    if (old >= 0 && is_marked(root, context, old, &which)) {
        context->root_kept = true;
        log_warning("the old root %s:%s is used again as it is, because of %s",
                    root->place.volume_name, root->place.path, which);
        console_print("ebb: the old root %s:%s is used again as it is, because of %s\n",
                      root->place.volume_name, root->place.path, which);
        return mount_subvolume(folder, name, context->root.name, error);
    }
    snprintf(fresh, sizeof(fresh), "%s%s", name, fresh_suffix);
    code = make_fresh(root, context, folder, fresh, error);
    return code < 0 ? code : mount_subvolume(folder, fresh, context->root.name, error);
}

void reset_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream,
            "put the new root in the place of %s:%s, and keep the old one under a dated name",
            step->root->place.volume_name, step->root->place.path);
}

/* Under the first dated name that is free. */
static int rename_away(int folder, const char *name, int64_t time, struct error *error)
{
    char dated[NAME_MAX + 1];
    for (unsigned number = 1;; number++) {
        old_root_name(dated, sizeof(dated), name, time, number);
        if (renameat2(folder, name, folder, dated, RENAME_NOREPLACE) == 0)
            break;
        if (errno != EEXIST)
            return error_system(error, errno, "cannot rename the old root \"%s\" to \"%s\"", name,
                                dated);
    }
    int code = btrfs_sync(folder);
    if (code < 0)
        return error_system(error, -code, "cannot write that \"%s\" is \"%s\" now", name, dated);
    log_info("the old root is \"%s\" now", dated);
    return 0;
}

int reset_apply(const struct step *step, struct context *context, struct error *error)
{
    char name[NAME_MAX + 1], fresh[NAME_MAX + 1 + sizeof(fresh_suffix)];
    struct btrfs_subvolume found = {0};
    auto_fd folder = -1, old = -1;
    if (context->root_kept)
        return 0; /* told already */
    int code = subvolume_open_folder(step->root, context, &folder, name, error);
    if (code == 0)
        code = open_subvolume(step->root, folder, name, &old, &found, error);
    if (code < 0)
        return code;
    struct old_root_dates dates = old_root_dates(time(NULL), old < 0 ? 0 : found.changed);
    context->root_time = dates.now;
    snprintf(fresh, sizeof(fresh), "%s%s", name, fresh_suffix);
    log_debug("subvolume: \"%s\" is laid out", fresh);
    if (old >= 0)
        code = rename_away(folder, name, dates.end, error);
    if (code < 0)
        return code;
    if (renameat2(folder, fresh, folder, name, RENAME_NOREPLACE) < 0)
        return error_system(error, errno, "cannot rename \"%s\" to \"%s\"", fresh, name);
    code = btrfs_sync(folder);
    if (code < 0)
        return error_system(error, -code, "cannot write that \"%s\" is the root now", name);
    log_debug("subvolume: \"%s\" is in its place", name);
    return 0;
}
