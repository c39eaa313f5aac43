#include "persist/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/console.h"
#include "base/log.h"
#include "persist/states.h"

static bool has_entries(const struct config *config, const struct volume *volume)
{
    for (size_t i = 0; i < config->entry_count; i++)
        if (config->entries[i]->store->volume == volume)
            return true;
    return false;
}

void restore_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (!volume->fs.type || strcmp(volume->fs.type, "btrfs") != 0 ||
            !has_entries(config, volume))
            continue;
        struct step *step = plan_add(plan, STEP_STATE, volume->origin);
        step->volume = volume;
        step->is_optional = true;
    }
}

void restore_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "restore the state on the volume \"%s\", if that was asked for",
            step->volume->name);
}

/* -ENOENT, and no error: it is missing. */
static int look(int folder, const char *name, struct btrfs_subvolume *found, struct error *error)
{
    auto_fd fd = path_open(folder, name, O_RDONLY | O_DIRECTORY);
    int code = fd < 0 ? fd : btrfs_look(fd, found);
    if (code == -EINVAL)
        return error_set(error, EINVAL, "\"%s\" is a folder and no subvolume; put one in its place",
                         name);
    return code == 0 || code == -ENOENT ? code
                                        : error_system(error, -code, "cannot look at \"%s\"", name);
}

/* Makes the snapshot that is to be the folder, if no earlier boot did. */
static int look_or_make(int from, int aside, const char *entry, struct btrfs_subvolume *found,
                        struct error *error)
{
    int code = look(aside, entry, found, error);
    if (code != -ENOENT)
        return code;
    auto_fd saved = path_open(from, entry, O_RDONLY | O_DIRECTORY);
    code = saved < 0 ? saved : btrfs_make(aside, entry, saved);
    if (code == 0)
        code = look(aside, entry, found, error);
    return code < 0 ? error_system(error, -code, "cannot make a snapshot of \"%s\"", entry) : 0;
}

/* *begun: something is exchanged; before it is, all of it is prepared. */
static int restore_one(int volume, int from, int aside, const char *entry, bool *begun,
                       struct error *error)
{
    char path[NAME_MAX + 1];
    const char *name;
    struct btrfs_subvolume live = {0}, fresh = {0};
    auto_fd parent = -1;
    if (!state_path(entry, path))
        return 0; /* none of ours */
    int code = path_make_parent(volume, path, &parent, &name, error);
    if (code == 0)
        code = look(parent, name, &live, error);
    if (code == -ENOENT)
        return error_set(error, ENOENT,
                         "\"%s\" is missing; make it with `btrfs subvolume create`, and it is "
                         "restored at the next boot",
                         path);
    if (code == 0)
        code = look_or_make(from, aside, entry, &fresh, error);
    if (code < 0 || !*begun)
        return code;
    if (fresh.id > live.id && renameat2(aside, entry, parent, name, RENAME_EXCHANGE) < 0)
        return error_system(error, errno, "cannot put the snapshot in the place of \"%s\"", path);
    return 0;
}

static int restore(int volume, const struct state_order *order, bool *begun, struct error *error)
{
    char path[sizeof(STATES_FOLDER) + STATE_NAME];
    auto_fd made = -1;
    snprintf(path, sizeof(path), STATES_FOLDER "/%s", order->aside);
    int code = path_make_folder(volume, path, &made, error);
    if (code < 0)
        return code;
    auto_fd aside = path_open(volume, path, O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof(path), STATES_FOLDER "/%s", order->name);
    int from = path_open(volume, path, O_RDONLY | O_DIRECTORY);
    auto_dir list = from < 0 ? NULL : fdopendir(from);
    if (!list || aside < 0)
        return error_set(error, ENOENT,
                         "the state %s is not there; `ebb list` shows which are, and `ebb "
                         "rollback` takes the order back",
                         order->name);
    for (*begun = false;; *begun = true) {
        for (struct dirent *entry; errno = 0, (entry = readdir(list));) {
            code = restore_one(volume, from, aside, entry->d_name, begun, error);
            if (code < 0)
                return code;
        }
        if (errno || *begun)
            break;
        rewinddir(list);
    }
    code = errno ? -errno : btrfs_sync(volume);
    return code < 0 ? error_system(error, -code, "cannot write it") : 0;
}

/* From now on no boot does it again. */
static int finish(int volume, struct error *error)
{
    auto_fd own = path_open(volume, "/.ebb", O_RDONLY | O_DIRECTORY);
    if (own < 0 || renameat(own, STATE_ORDERED, own, STATE_RESTORED) < 0 || fsync(own) < 0)
        return error_system(error, errno, "cannot write that it is done");
    return 0;
}

int restore_apply(const struct step *step, struct context *context, struct error *error)
{
    struct state_order order;
    bool begun = false;
    const char *name = step->volume->name;
    auto_fd volume =
        path_open(context_volume(context, step->volume)->fd, "/", O_RDONLY | O_DIRECTORY);
    int code = volume < 0 ? error_system(error, -volume, "cannot open it")
                          : state_read_order(volume, STATE_ORDERED, &order, error);
    if (code == -ENOENT)
        return 0;
    if (code == 0)
        code = restore(volume, &order, &begun, error);
    if (code == 0)
        code = finish(volume, error);
    if (code < 0)
        return error_prefix(error,
                            begun ? "the state on the volume \"%s\" is restored in part"
                                  : "the state on the volume \"%s\" stays as it is",
                            name);
    log_warning("the state on the volume \"%s\" is %s again; what was there is kept as %s", name,
                order.name, order.aside);
    console_print("ebb: the state on the volume \"%s\" is %s again; what was there is kept as %s\n",
                  name, order.name, order.aside);
    return 0;
}
