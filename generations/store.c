#include "generations/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char temporary[] = ".new";

enum { FORMAT = 1, FACTS_LIMIT = 1 << 20 };

void generations_check(const struct config *config, struct report *report)
{
    if (!config->generations.origin.file && !config->incomplete)
        report_error(report, (struct origin){config->file, 0, 0},
                     "no generations are declared, so there is nothing to boot; add: generations "
                     "VOLUME:/generations");
}

struct generation *generation_wanted(struct arena *arena, const char *choice)
{
    struct generation *generation = arena_alloc(arena, sizeof(*generation));
    generation->choice = choice;
    return generation;
}

/* The number that a folder's name is, or 0. */
static unsigned number_of(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    return digits && digits < 10 && !name[digits] && *name != '0'
               ? (unsigned)strtoul(name, NULL, 10)
               : 0;
}

static int by_number(const void *left, const void *right)
{
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
    return (a > b) - (a < b);
}

/* All numbers in the store, ascending. */
static int list(struct arena *arena, int store, unsigned **numbers, size_t *count,
                struct error *error)
{
    int own = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = own < 0 ? NULL : fdopendir(own);
    if (!folder)
        return error_system(error, errno, "cannot list the generations");
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));)
        if (number_of(entry->d_name))
            *ARENA_PUSH(arena, *numbers, *count) = number_of(entry->d_name);
    if (errno)
        return error_system(error, errno, "cannot list the generations");
    if (*count)
        qsort(*numbers, *count, sizeof(**numbers), by_number);
    return 0;
}

static const char put_one[] =
    "; put one there, in its folder \"1\" as ebb.conf(5) tells, or correct `generations`";

static int open_store(int volume, const char *folder, struct error *error)
{
    int fd = path_open(volume, folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_set(error, -fd, "cannot open the generations in \"%s\": %s%s", folder,
                         strerror(-fd), fd == -ENOENT ? put_one : "");
    return fd;
}

/* A number of the list, or 0 with the error set. */
static unsigned find(const char *choice, const char *folder, const unsigned *numbers, size_t count,
                     struct error *error)
{
    if (count == 0) {
        error_set(error, ENOENT, "there is no generation in \"%s\"%s", folder, put_one);
        return 0;
    }
    if (strcmp(choice, "latest") == 0)
        return numbers[count - 1];
    if (strcmp(choice, "previous") == 0) {
        if (count > 1)
            return numbers[count - 2];
        error_set(error, ENOENT, "there is no previous generation: %u is the only one", numbers[0]);
        return 0;
    }
    unsigned wanted = number_of(choice);
    if (wanted && bsearch(&wanted, numbers, count, sizeof(*numbers), by_number))
        return wanted;
    if (count == 1)
        error_set(error, ENOENT, "there is no generation \"%s\", only %u; write that, or latest",
                  choice, numbers[0]);
    else
        error_set(error, ENOENT,
                  "there is no generation \"%s\"; write a number from %u to %u, latest or previous",
                  choice, numbers[0], numbers[count - 1]);
    return 0;
}

static const char *text_of(struct arena *arena, struct json_object *facts, const char *key)
{
    struct json_object *value;
    if (!json_object_object_get_ex(facts, key, &value) ||
        json_object_get_type(value) != json_type_string)
        return NULL;
    return arena_string(arena, json_object_get_string(value));
}

static int read_facts(struct arena *arena, int store, struct generation *generation,
                      struct error *error)
{
    char path[64];
    snprintf(path, sizeof(path), "%u/generation.json", generation->number);
    auto_fd fd = path_open(store, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_set(
            error, -fd,
            "the generation.json of generation %u cannot be read: %s; boot another one "
            "with ebb.generation=",
            generation->number, strerror(-fd));
    auto_string text = NULL;
    int code = path_read_fd(fd, path, FACTS_LIMIT, &text, NULL, error);
    if (code < 0)
        return code;
    struct json_object *facts = json_tokener_parse(text), *format;
    code = 0;
    if (!facts || !json_object_object_get_ex(facts, "format", &format))
        code = error_set(error, EBADMSG,
                         "the generation.json of generation %u is not whole; boot "
                         "another one with ebb.generation=",
                         generation->number);
    else if (json_object_get_int(format) != FORMAT)
        code = error_set(error, EBADMSG,
                         "generation %u has format %d, and this Ebb reads %d; rebuild "
                         "the image with a newer one",
                         generation->number, json_object_get_int(format), FORMAT);
    if (code == 0) {
        generation->label = text_of(arena, facts, "label");
        generation->init = text_of(arena, facts, "init");
    }
    json_object_put(facts);
    if (code == 0 && generation->init && path_objection(generation->init))
        return error_set(error, EBADMSG,
                         "the init \"%s\" of generation %u %s; boot another one with "
                         "ebb.generation=",
                         generation->init, generation->number, path_objection(generation->init));
    return code;
}

static int read_generation(struct arena *arena, int store, const char *folder, const char *choice,
                           unsigned number, const struct generation **chosen, struct error *error)
{
    struct generation *generation = generation_wanted(arena, choice);
    generation->number = number;
    generation->tree =
        arena_printf(arena, "%s/%u/tree", strcmp(folder, "/") == 0 ? "" : folder, number);
    int code = read_facts(arena, store, generation, error);
    if (code == 0)
        *chosen = generation;
    return code;
}

/* Opens the store, and lists what is in it. */
static int open_list(struct arena *arena, int volume, const char *folder, unsigned **numbers,
                     size_t *count, struct error *error)
{
    auto_fd store = open_store(volume, folder, error);
    if (store < 0)
        return store;
    int code = list(arena, store, numbers, count, error);
    return code < 0 ? code : TAKE_FD(store);
}

int generation_choose(struct arena *arena, int volume, const char *folder, const char *choice,
                      const struct generation **chosen, struct error *error)
{
    unsigned *numbers = NULL;
    size_t count = 0;
    auto_fd store = open_list(arena, volume, folder, &numbers, &count, error);
    if (store < 0)
        return store;
    unsigned number = find(choice, folder, numbers, count, error);
    return number ? read_generation(arena, store, folder, choice, number, chosen, error)
                  : -error->code;
}

int generation_before(struct arena *arena, int volume, const char *folder, unsigned number,
                      const struct generation **chosen, struct error *error)
{
    unsigned *numbers = NULL;
    size_t count = 0;
    auto_fd store = open_list(arena, volume, folder, &numbers, &count, error);
    if (store < 0)
        return store;
    for (; count > 0; count--)
        if (numbers[count - 1] < number && read_generation(arena, store, folder, "previous",
                                                           numbers[count - 1], chosen, error) == 0)
            return 0;
    return error_set(error, ENOENT, "\"%s\" has no whole generation before %u", folder, number);
}

static const char *facts_text(struct arena *arena, const struct generation_facts *facts)
{
    char created[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "format", json_object_new_int(FORMAT));
    json_object_object_add(object, "created", json_object_new_string(created));
    if (facts->label)
        json_object_object_add(object, "label", json_object_new_string(facts->label));
    if (facts->init)
        json_object_object_add(object, "init", json_object_new_string(facts->init));
    const char *text =
        arena_printf(arena, "%s\n",
                     json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
    return text;
}

int generation_prepare(int volume, const char *folder, const struct generation_facts *facts,
                       int *tree, struct error *error)
{
    auto_fd store = -1;
    auto_arena arena = arena_new();
    if (facts->init && path_objection(facts->init))
        return error_set(error, EINVAL, "the init \"%s\" %s; write its whole path in the tree",
                         facts->init, path_objection(facts->init));
    int code = path_make_folder(volume, folder, &store, error);
    if (code < 0)
        return code;
    if (mkdirat(store, temporary, 0755) < 0)
        return errno == EEXIST
                   ? error_set(error, EEXIST,
                               "\"%s\" in \"%s\" is left of an attempt that was cut off; remove it",
                               temporary, folder)
                   : error_system(error, errno, "cannot make \"%s\" in \"%s\"", temporary, folder);
    auto_fd new = path_open(store, temporary, O_RDONLY | O_DIRECTORY);
    if (new < 0 || mkdirat(new, "tree", 0755) < 0)
        return error_system(error, errno, "cannot make \"%s/%s/tree\"", folder, temporary);
    const char *text = facts_text(arena, facts);
    code = path_write(new, "generation.json", text, strlen(text), 0644, error);
    if (code < 0)
        return code;
    int fd = path_open(new, "tree", O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s/%s/tree\"", folder, temporary);
    *tree = fd;
    return 0;
}

int generation_commit(int volume, const char *folder, unsigned *number, struct error *error)
{
    unsigned *numbers = NULL;
    size_t count = 0;
    char name[16];
    auto_arena arena = arena_new();
    auto_fd store = open_store(volume, folder, error);
    if (store < 0)
        return store;
    int code = list(arena, store, &numbers, &count, error);
    if (code < 0)
        return code;
    unsigned next = count ? numbers[count - 1] + 1 : 1;
    snprintf(name, sizeof(name), "%u", next);
    /* Everything below must be on the disk before its name is. */
    if (syncfs(store) < 0 || renameat(store, temporary, store, name) < 0 || fsync(store) < 0)
        return error_system(error, errno, "cannot give generation %u its name", next);
    *number = next;
    return 0;
}
