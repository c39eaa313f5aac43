/* The states that are kept, for people and programs; and those that need not be any more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/stamp.h"
#include "tool/name.h"
#include "tool/state.h"

/* The folders that are in it. */
static void read_folders(const struct states *states, const struct state_volume *volume,
                         const struct state *state, const char ***folders, size_t *count)
{
    int fd = path_open(volume->folder, state->name, O_RDONLY | O_DIRECTORY);
    auto_dir list = fd < 0 ? NULL : fdopendir(fd);
    *folders = NULL;
    *count = 0;
    for (struct dirent *entry; list && (entry = readdir(list));) {
        char path[NAME_MAX + 1];
        if (state_path(entry->d_name, path))
            *ARENA_PUSH(states->arena, *folders, *count) = arena_string(states->arena, path);
    }
}

/* What became of it, or will, in a word for programs and in more for people. */
static const struct role {
    const char *word, *text;
} * role_of(const struct state_volume *volume, const struct state *state)
{
    static const struct role ordered = {"ordered", "comes back at the next boot"},
                             restored = {"restored", "was brought back last"},
                             aside = {"aside", "what was there before that"};
    return strcmp(state->name, volume->ordered.name) == 0     ? &ordered
           : strcmp(state->name, volume->restored.name) == 0  ? &restored
           : strcmp(state->name, volume->restored.aside) == 0 ? &aside
                                                              : NULL;
}

void state_print(const struct states *states, FILE *out)
{
    const char *head = "\nstates, which `ebb rollback --with-state=NAME` brings back:\n";
    for (size_t i = 0; i < states->count; i++) {
        const struct state_volume *volume = &states->volumes[i];
        for (size_t j = 0; j < volume->count; j++) {
            const char **folders;
            size_t count;
            const struct role *role = role_of(volume, &volume->list[j]);
            read_folders(states, volume, &volume->list[j], &folders, &count);
            fprintf(out, "%s%s ", head, volume->list[j].name);
            head = "";
            for (size_t k = 0; k < count; k++) {
                fprintf(out, " %s:", volume->volume->name);
                name_print(folders[k], true, out);
            }
            fprintf(out, role ? "  (%s)\n" : "\n", role ? role->text : "");
        }
    }
}

static struct json_object *state_object(const struct states *states,
                                        const struct state_volume *volume,
                                        const struct state *state)
{
    const char **folders;
    size_t count;
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();
    const struct role *role = role_of(volume, state);
    read_folders(states, volume, state, &folders, &count);
    for (size_t i = 0; i < count; i++)
        json_object_array_add(array, name_json(states->arena, folders[i]));
    json_object_object_add(object, "name", json_object_new_string(state->name));
    json_object_object_add(object, "volume", json_object_new_string(volume->volume->name));
    json_object_object_add(object, "generation",
                           json_object_new_int((int)state->moment.generation));
    json_object_object_add(object, "time", json_object_new_int64(state->moment.time));
    json_object_object_add(object, "folders", array);
    if (role)
        json_object_object_add(object, "role", json_object_new_string(role->word));
    return object;
}

struct json_object *state_objects(const struct states *states)
{
    struct json_object *array = json_object_new_array();
    for (size_t i = 0; i < states->count; i++)
        for (size_t j = 0; j < states->volumes[i].count; j++)
            json_object_array_add(
                array, state_object(states, &states->volumes[i], &states->volumes[i].list[j]));
    return array;
}

/* Under the name that nobody takes for a state first, so that half of one is none. */
static int delete_state(const struct state_volume *volume, const struct state *state,
                        struct error *error)
{
    if (flock(volume->folder, LOCK_EX) < 0) /* until it is closed */
        return error_system(error, errno, "cannot lock \"" STATES_FOLDER "\"");
    int code = states_discard(volume->folder, STATE_UNFINISHED, error);
    if (code < 0)
        return code;
    if (renameat2(volume->folder, state->name, volume->folder, STATE_UNFINISHED, RENAME_NOREPLACE) <
            0 ||
        fsync(volume->folder) < 0)
        return error_system(error, errno, "cannot remove the state %s", state->name);
    return states_discard(volume->folder, STATE_UNFINISHED, error);
}

/* Subvolumes of others, which went aside with the folder that they lay in. */
static bool has_inner(const struct state_volume *volume, const struct state *state)
{
    auto_fd fd = path_open(volume->folder, state->name, O_RDONLY | O_DIRECTORY);
    auto_dir list = fd < 0 ? NULL : fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    for (struct dirent *entry; list && (entry = readdir(list));) {
        struct btrfs_subvolume found;
        size_t count = 0;
        auto_fd folder = path_open(fd, entry->d_name, O_RDONLY | O_DIRECTORY);
        if (*entry->d_name != '.' && folder >= 0 && btrfs_look(folder, &found) == 0 &&
            (btrfs_count_inner(folder, found.id, &count) < 0 || count))
            return true;
    }
    return false;
}

/* Why a state is not deleted, or NULL. */
static const char *claim_on(const struct state_volume *volume, const struct state *state)
{
    if (strcmp(state->name, volume->ordered.name) == 0)
        return "the next boot brings it back";
    return has_inner(volume, state) ? "it has subvolumes in it; move them to where they belong"
                                    : NULL;
}

int state_collect(const struct states *states, bool dry_run, FILE *out, struct error *error)
{
    for (size_t i = 0; i < states->count; i++) {
        const struct state_volume *volume = &states->volumes[i];
        for (size_t j = STATES_KEPT; j < volume->count; j++) {
            const struct state *state = &volume->list[j];
            const char *claim = claim_on(volume, state);
            if (!claim && !dry_run && delete_state(volume, state, error) < 0)
                return error_prefix(error, "the volume \"%s\"", volume->volume->name);
            fprintf(out, "%s the state %s on the volume \"%s\"%s%s\n",
                    claim     ? "kept"
                    : dry_run ? "would delete"
                              : "deleted",
                    state->name, volume->volume->name, claim ? ": " : "", claim ? claim : "");
        }
    }
    return 0;
}
