#include "tool/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/stamp.h"
#include "tool/declared.h"

static int newest_first(const void *left, const void *right)
{
    const struct state_moment *a = &((const struct state *)left)->moment,
                              *b = &((const struct state *)right)->moment;
    return stamp_is_newer(a->time, a->number, b->time, b->number) ? -1 : 1;
}

static DIR *list_folder(int folder, const char *name)
{
    int fd = path_open(folder, name, O_RDONLY | O_DIRECTORY);
    return fd < 0 ? NULL : fdopendir(fd);
}

/* What an order that was cut off has begun to put aside is no state yet. */
static int read_states(struct arena *arena, struct state_volume *volume, struct error *error)
{
    volume->folder = path_open(volume->fd, STATES_FOLDER, O_RDONLY | O_DIRECTORY);
    if (volume->folder == -ENOENT)
        return 0;
    auto_dir folder = volume->folder < 0 ? NULL : list_folder(volume->folder, ".");
    if (!folder)
        return error_set(error, EIO, "cannot list the states of the volume \"%s\"",
                         volume->volume->name);
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        struct state state = {.name = entry->d_name};
        if (!state_read_name(state.name, &state.moment) ||
            strcmp(state.name, volume->ordered.aside) == 0)
            continue;
        state.name = arena_string(arena, state.name);
        *ARENA_PUSH(arena, volume->list, volume->count) = state;
    }
    if (errno)
        return error_system(error, errno, "cannot list the states of the volume \"%s\"",
                            volume->volume->name);
    if (volume->count)
        qsort(volume->list, volume->count, sizeof(*volume->list), newest_first);
    return 0;
}

static int read_volume(struct arena *arena, struct state_volume *volume, struct error *error)
{
    int code = state_read_order(volume->fd, STATE_ORDERED, &volume->ordered, error);
    if (code == 0 || code == -ENOENT || code == -EINVAL) /* it cannot be done, and PID 1 says so */
        code = state_read_order(volume->fd, STATE_RESTORED, &volume->restored, error);
    return code == 0 || code == -ENOENT || code == -EINVAL ? read_states(arena, volume, error)
                                                           : code;
}

static bool is_known(const struct states *states, const struct volume *volume)
{
    for (size_t i = 0; i < states->count; i++)
        if (states->volumes[i].volume == volume)
            return true;
    return false;
}

int states_open(struct arena *arena, struct target root, const struct config *config,
                struct states *states, struct error *error)
{
    *states = (struct states){.arena = arena};
    for (size_t i = 0; i < config->declaration_count; i++) {
        if (config->declarations[i]->kind != DECLARED_STORE)
            continue;
        const struct place *store = config->declarations[i]->object;
        if (strcmp(store->volume->fs.type, "btrfs") != 0 || is_known(states, store->volume))
            continue;
        int fd = declared_place(arena, root, store->volume, error);
        if (fd < 0)
            return fd;
        struct state_volume *volume = ARENA_PUSH(arena, states->volumes, states->count);
        *volume = (struct state_volume){.volume = store->volume, .fd = fd, .folder = -1};
        int code = read_volume(arena, volume, error);
        if (code < 0)
            return code;
    }
    return 0;
}

void states_close(const struct states *states)
{
    for (size_t i = 0; i < states->count; i++) {
        memory_close_fd(&states->volumes[i].folder);
        memory_close_fd(&states->volumes[i].fd);
    }
}

const struct state *states_find(const struct state_volume *volume, const char *name)
{
    for (size_t i = 0; i < volume->count; i++)
        if (strcmp(volume->list[i].name, name) == 0)
            return &volume->list[i];
    return NULL;
}

void states_new_name(const struct states *states, unsigned generation, time_t now,
                     char name[static STATE_NAME])
{
    struct state_moment moment = {generation, now, 0};
    for (bool is_taken = true; is_taken;) {
        moment.number++;
        state_write_name(name, &moment);
        is_taken = false;
        for (size_t i = 0; i < states->count; i++)
            is_taken |= strcmp(states->volumes[i].ordered.aside, name) == 0 ||
                        (states->volumes[i].folder >= 0 &&
                         faccessat(states->volumes[i].folder, name, F_OK, 0) == 0);
    }
}

int states_discard(int folder, const char *name, struct error *error)
{
    auto_dir list = list_folder(folder, name);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        struct btrfs_subvolume subvolume;
        auto_fd fd = path_open(dirfd(list), entry->d_name, O_RDONLY | O_DIRECTORY);
        if (strcmp(entry->d_name, "..") == 0 || fd < 0 || btrfs_look(fd, &subvolume) < 0)
            continue;
        if (btrfs_delete(folder, subvolume.id, error) < 0)
            return error_prefix(error, "the state \"%s\"", name);
    }
    int code = path_remove_at(folder, name);
    return code < 0 ? error_system(error, -code, "cannot remove the state \"%s\"", name) : 0;
}
