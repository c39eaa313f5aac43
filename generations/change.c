#include "generations/change.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/memory.h"
#include "base/path.h"
#include "generations/marks.h"
#include "generations/store.h"

static const char temporary[] = ".new", deleted[] = ".old-";

/* Whatever is called so, be its tree a subvolume or a folder. */
static int discard(int store, const char *name, struct error *error)
{
    char path[NAME_MAX + sizeof("/tree")];
    struct btrfs_subvolume subvolume;
    snprintf(path, sizeof(path), "%s/tree", name);
    auto_fd tree = path_open(store, path, O_RDONLY | O_DIRECTORY);
    if (tree >= 0 && btrfs_look(tree, &subvolume) == 0 &&
        btrfs_delete(store, subvolume.id, error) < 0)
        return error_prefix(error, "\"%s\"", path);
    int code = path_remove_at(store, name);
    return code < 0 ? error_system(error, -code, "cannot remove \"%s\" from the generations", name)
                    : 0;
}

static int remove_leftovers(int store, struct error *error)
{
    int own = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = own < 0 ? NULL : fdopendir(own);
    if (!folder)
        return error_system(error, errno, "cannot list the generations");
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        const char *name = entry->d_name;
        bool is_left = strcmp(name, temporary) == 0 || strncmp(name, deleted, strlen(deleted)) == 0;
        if (is_left && discard(store, name, error) < 0)
            return -error->code;
    }
    return errno ? error_system(error, errno, "cannot list the generations") : 0;
}

int store_lock(int volume, const char *folder, int *store, struct error *error)
{
    auto_fd made = -1;
    int code = path_make_folder(volume, folder, &made, error);
    if (code < 0)
        return code;
    auto_fd fd = openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot open the generations in \"%s\"", folder);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK
                   ? error_set(
                         error, EBUSY,
                         "another ebb makes or deletes a generation in this store; wait until "
                         "it is done")
                   : error_system(error, errno, "cannot lock the generations in \"%s\"", folder);
    code = remove_leftovers(fd, error);
    if (code == 0)
        *store = TAKE_FD(fd);
    return code;
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    if (text)
        json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *facts_object(const struct generation_facts *facts)
{
    char created[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "format", json_object_new_int(STORE_FORMAT));
    add_text(object, "created", created);
    add_text(object, "label", facts->label);
    add_text(object, "init", facts->init);
    if (facts->parent)
        json_object_object_add(object, "parent", json_object_new_int((int)facts->parent));
    if (facts->command) {
        struct json_object *words = json_object_new_array();
        for (size_t i = 0; facts->command[i]; i++)
            json_object_array_add(words, json_object_new_string(facts->command[i]));
        json_object_object_add(object, "command", words);
    }
    return object;
}

static int write_facts(int folder, const struct generation_facts *facts, struct error *error)
{
    auto_arena arena = arena_new();
    struct json_object *object = facts_object(facts);
    const char *text =
        arena_printf(arena, "%s\n",
                     json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
    return path_write(folder, "generation.json", text, strlen(text), 0644, error);
}

int generation_prepare(int store, const struct generation_facts *facts, int *folder,
                       struct error *error)
{
    if (mkdirat(store, temporary, 0755) < 0)
        return error_system(error, errno, "cannot make \"%s\" beside the generations", temporary);
    auto_fd new = path_open(store, temporary, O_RDONLY | O_DIRECTORY);
    if (new < 0 || mkdirat(new, "tree", 0755) < 0)
        return error_system(error, errno, "cannot make \"%s/tree\" beside the generations",
                            temporary);
    int code = write_facts(new, facts, error);
    if (code == 0)
        *folder = TAKE_FD(new);
    return code;
}

int generation_commit(int store, unsigned *number, struct error *error)
{
    unsigned *numbers = NULL;
    size_t count = 0;
    char name[16];
    auto_arena arena = arena_new();
    int code = store_numbers(arena, store, STORE_EBB, &numbers, &count, error);
    if (code < 0)
        return code;
    unsigned next = count ? numbers[count - 1] + 1 : 1;
    snprintf(name, sizeof(name), "%u", next);
    code = marks_remove(store, next, error); /* of one that somebody removed by hand */
    if (code < 0)
        return code;
    /* Everything below must be on the disk before its name is. */
    if (syncfs(store) < 0 || renameat(store, temporary, store, name) < 0 || fsync(store) < 0)
        return error_system(error, errno, "cannot give generation %u its name", next);
    *number = next;
    return 0;
}

int generation_abandon(int store, struct error *error)
{
    return discard(store, temporary, error);
}

int generation_delete(int store, unsigned number, struct error *error)
{
    char name[16], away[32];
    snprintf(name, sizeof(name), "%u", number);
    snprintf(away, sizeof(away), "%s%u", deleted, number);
    if (renameat2(store, name, store, away, RENAME_NOREPLACE) < 0 || fsync(store) < 0)
        return error_system(error, errno, "cannot take generation %u away", number);
    int code = discard(store, away, error);
    return code < 0 ? code : marks_remove(store, number, error);
}
