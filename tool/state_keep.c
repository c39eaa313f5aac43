/* What persists is kept as it is before a trial. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/log.h"
#include "tool/state.h"

static const struct place *store_of(const struct config *config, size_t i)
{
    return config->declarations[i]->kind == DECLARED_STORE ? config->declarations[i]->object : NULL;
}

/* What is in the snapshot of another folder, or was named before. */
static bool is_covered(const struct config *config, size_t i)
{
    const struct place *store = store_of(config, i);
    for (size_t j = 0; j < config->declaration_count; j++) {
        const struct place *other = store_of(config, j);
        if (other && other->volume == store->volume && path_is_within(store->path, other->path) &&
            (j < i || strcmp(store->path, other->path) != 0))
            return true;
    }
    return false;
}

static bool lies_in(const struct place *place, const struct place *store)
{
    return place->volume == store->volume && path_is_within(place->path, store->path);
}

/* Why no snapshot is made of the folder, or NULL. */
static const char *objection(const struct config *config, const struct place *store,
                             char entry[static NAME_MAX + 1])
{
    if (strcmp(store->path, "/") == 0)
        return "is all of the volume; name a folder in it";
    if (lies_in(&config->generations.place, store) || lies_in(&config->generations.record, store))
        return "holds the generations, too, or the record of boots; name a folder beside them";
    return state_entry(store->path, entry) ? NULL : "is no name for a snapshot; choose another one";
}

static void warn_of_inner(const struct place *store, int fd, uint64_t id)
{
    size_t count = 0;
    int code = btrfs_count_inner(fd, id, &count);
    if (code < 0 || count)
        log_warning("\"%s:%s\" has subvolumes in it, which are in no snapshot of it; once a state "
                    "is brought back, they lie in what is put aside",
                    store->volume_name, store->path);
}

static bool keep_store(const struct config *config, const struct place *store, int volume,
                       int folder)
{
    char entry[NAME_MAX + 1];
    struct btrfs_subvolume subvolume = {0};
    const char *reason = objection(config, store, entry);
    auto_fd fd = reason ? -1 : path_open(volume, store->path, O_RDONLY | O_DIRECTORY);
    int code = reason ? 0 : fd < 0 ? fd : btrfs_look(fd, &subvolume);
    if (!reason && code == 0)
        code = btrfs_snapshot(folder, entry, fd);
    if (code == -EINVAL)
        reason = "is a folder and no subvolume; ebb(8) tells how it becomes one";
    else if (code < 0)
        reason = strerror(-code);
    if (reason) {
        log_warning("\"%s:%s\" is not kept: it %s%s", store->volume_name, store->path,
                    code < 0 && code != -EINVAL ? "cannot be: " : "", reason);
        return false;
    }
    warn_of_inner(store, fd, subvolume.id);
    return true;
}

/* The folder in which the state is made. */
static int begin(struct state_volume *volume, int *unfinished, struct error *error)
{
    auto_fd made = -1;
    int code = path_make_folder(volume->fd, STATES_FOLDER, &made, error);
    if (code < 0)
        return code;
    if (volume->folder < 0)
        volume->folder = path_open(volume->fd, STATES_FOLDER, O_RDONLY | O_DIRECTORY);
    /* Programs that were mended since lie in there as they were. */
    if (volume->folder < 0 || fchmod(volume->folder, 0700) < 0)
        return error_system(error, errno, "cannot open \"" STATES_FOLDER "\"");
    if (flock(volume->folder, LOCK_EX) < 0) /* until it is closed */
        return error_system(error, errno, "cannot lock \"" STATES_FOLDER "\"");
    code = states_discard(volume->folder, STATE_UNFINISHED, error);
    if (code < 0)
        return code;
    if (mkdirat(volume->folder, STATE_UNFINISHED, 0700) < 0)
        return error_system(error, errno, "cannot make a folder in \"" STATES_FOLDER "\"");
    *unfinished = path_open(volume->folder, STATE_UNFINISHED, O_RDONLY | O_DIRECTORY);
    return *unfinished < 0 ? error_system(error, -*unfinished, "cannot open a state") : 0;
}

/* 1: there is nothing to be kept. */
static int keep_volume(const struct config *config, struct state_volume *volume, const char *name,
                       struct error *error)
{
    auto_fd unfinished = -1;
    bool any = false;
    int code = begin(volume, &unfinished, error);
    for (size_t i = 0; code == 0 && i < config->declaration_count; i++) {
        const struct place *store = store_of(config, i);
        if (store && store->volume == volume->volume && !is_covered(config, i))
            any |= keep_store(config, store, volume->fd, unfinished);
    }
    if (code == 0 && !any)
        return states_discard(volume->folder, STATE_UNFINISHED, error) < 0 ? -error->code : 1;
    if (code == 0 && (code = btrfs_sync(volume->fd)) < 0)
        return error_system(error, -code, "cannot write the state");
    if (code == 0 &&
        (renameat2(volume->folder, STATE_UNFINISHED, volume->folder, name, RENAME_NOREPLACE) < 0 ||
         fsync(volume->folder) < 0))
        return error_system(error, errno, "cannot name the state %s", name);
    return code;
}

static void tell_of_others(const struct config *config)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        bool has_store = false;
        for (size_t j = 0; j < config->declaration_count; j++)
            has_store |= store_of(config, j) && store_of(config, j)->volume == volume;
        if (has_store && strcmp(volume->fs.type, "btrfs") != 0)
            log_warning("the volume \"%s\" is %s, which has no snapshots: what a trial changes in "
                        "what persists there stays changed",
                        volume->name, volume->fs.type);
    }
}

void state_keep(struct target root, const struct config *config, unsigned generation, time_t now,
                FILE *out)
{
    auto_arena arena = arena_new();
    struct states states;
    struct error error;
    char name[STATE_NAME];
    bool any = false;
    tell_of_others(config);
    if (states_open(arena, root, config, &states, &error) < 0)
        log_warning("the state is not kept: %s", error.text);
    states_new_name(&states, generation, now, name);
    for (size_t i = 0; i < states.count; i++) {
        int code = keep_volume(config, &states.volumes[i], name, &error);
        if (code < 0)
            log_warning("the state on the volume \"%s\" is not kept: %s",
                        states.volumes[i].volume->name, error.text);
        any |= code == 0;
    }
    states_close(&states);
    if (any)
        fprintf(out, "what persists is kept as %s; `ebb rollback --with-state=%s` brings it back\n",
                name, name);
}
