#include "generations/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generations/facts.h"

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

int store_numbers(struct arena *arena, int store, unsigned **numbers, size_t *count,
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

int store_open(int volume, const char *folder, struct error *error)
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

/* Opens the store, and lists what is in it. */
static int open_list(struct arena *arena, int volume, const char *folder, unsigned **numbers,
                     size_t *count, struct error *error)
{
    auto_fd store = store_open(volume, folder, error);
    if (store < 0)
        return store;
    int code = store_numbers(arena, store, numbers, count, error);
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
    return number ? facts_read(arena, store, folder, choice, number, chosen, error) : -error->code;
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
        if (numbers[count - 1] < number &&
            facts_read(arena, store, folder, "previous", numbers[count - 1], chosen, error) == 0)
            return 0;
    return error_set(error, ENOENT, "\"%s\" has no whole generation before %u", folder, number);
}
