#include "generations/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generations/facts.h"
#include "generations/nix.h"

void generations_check(const struct config *config, struct report *report)
{
    if (!config->generations.origin.file && !config->incomplete)
        report_error(report, (struct origin){config->file, 0, 0},
                     "no generations are declared, so there is nothing to boot; add: generations "
                     "VOLUME:/generations");
    const struct place *record = &config->generations.record;
    const struct volume *volume = record->volume;
    if (volume && volume->holds_record &&
        (volume->luks || volume->on.lvm || volume->on.raid || !volume->fs.type))
        report_error(report, record->origin,
                     "the record of boots cannot be on \"%s\", which is not there before "
                     "everything else; name a plain volume, such as the EFI system partition",
                     volume->name);
    if (config->generations.kind == STORE_NIX)
        nix_check(config, report);
    else if (config->generations.enter != ENTER_AUTO)
        report_error(report, config->generations.origin,
                     "enter= is about systems of a Nix profile; remove it, or write kind=nix");
}

struct generation *generation_wanted(struct arena *arena, const char *choice)
{
    struct generation *generation = arena_alloc(arena, sizeof(*generation));
    generation->choice = choice;
    return generation;
}

/* The number that a name is from its beginning to `rest`, or 0. */
static unsigned number_of(const char *name, const char *rest)
{
    size_t digits = strspn(name, "0123456789");
    return digits && digits < 10 && strcmp(name + digits, rest) == 0 && *name != '0'
               ? (unsigned)strtoul(name, NULL, 10)
               : 0;
}

/* That of the generation whose name in the store this is, or 0. */
static unsigned number_in_store(const char *name, enum store_kind kind)
{
    size_t before = strlen(NIX_BEFORE);
    if (kind == STORE_EBB)
        return number_of(name, "");
    return strncmp(name, NIX_BEFORE, before) == 0 ? number_of(name + before, NIX_BEHIND) : 0;
}

static int by_number(const void *left, const void *right)
{
    unsigned a = *(const unsigned *)left, b = *(const unsigned *)right;
    return (a > b) - (a < b);
}

int store_numbers(struct arena *arena, int store, enum store_kind kind, unsigned **numbers,
                  size_t *count, struct error *error)
{
    int own = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir folder = own < 0 ? NULL : fdopendir(own);
    if (!folder)
        return error_system(error, errno, "cannot list the generations");
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));)
        if (number_in_store(entry->d_name, kind))
            *ARENA_PUSH(arena, *numbers, *count) = number_in_store(entry->d_name, kind);
    if (errno)
        return error_system(error, errno, "cannot list the generations");
    if (*count)
        qsort(*numbers, *count, sizeof(**numbers), by_number);
    return 0;
}

static const char *remedy(const struct generations *declared)
{
    return declared->kind == STORE_NIX
               ? "; put a Nix profile there, as ebb.conf(5) tells, or correct `generations`"
               : "; put one there, in its folder \"1\" as ebb.conf(5) tells, or correct "
                 "`generations`";
}

int store_open(int volume, const struct generations *declared, struct error *error)
{
    const char *folder = declared->place.path;
    int fd = path_open(volume, folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_set(error, -fd, "cannot open the generations in \"%s\": %s%s", folder,
                         strerror(-fd), fd == -ENOENT ? remedy(declared) : "");
    return fd;
}

/* The numbers of a store, and which of them is the latest: the greatest, or what the profile leads
 * to. */
struct list {
    unsigned *numbers;
    size_t count, latest;
};

/* A number of the list, or 0 with the error set. */
static unsigned find(const char *choice, const struct generations *declared,
                     const struct list *list, struct error *error)
{
    const unsigned *numbers = list->numbers;
    size_t count = list->count;
    if (count == 0) {
        error_set(error, ENOENT, "there is no generation in \"%s\"%s", declared->place.path,
                  remedy(declared));
        return 0;
    }
    if (strcmp(choice, "latest") == 0)
        return numbers[list->latest];
    if (strcmp(choice, "previous") == 0) {
        if (list->latest > 0)
            return numbers[list->latest - 1];
        error_set(error, ENOENT, "there is no previous generation: %u is the %s one", numbers[0],
                  count > 1 ? "first" : "only");
        return 0;
    }
    unsigned wanted = number_of(choice, "");
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

static int read_one(struct arena *arena, int volume, int store, const struct generations *declared,
                    const char *choice, unsigned number, const struct generation **chosen,
                    struct error *error)
{
    struct generation *generation = generation_wanted(arena, choice);
    generation->number = number;
    int code = declared->kind == STORE_NIX
                   ? nix_read(arena, volume, store, declared, generation, error)
                   : facts_read(arena, store, declared->place.path, generation, error);
    if (code == 0)
        *chosen = generation;
    return code;
}

/* Opens the store, and lists what is in it. */
static int open_list(struct arena *arena, int volume, const struct generations *declared,
                     struct list *list, struct error *error)
{
    auto_fd store = store_open(volume, declared, error);
    if (store < 0)
        return store;
    *list = (struct list){0};
    int code = store_numbers(arena, store, declared->kind, &list->numbers, &list->count, error);
    if (code < 0)
        return code;
    char current[NIX_NAME] = "";
    unsigned latest = 0;
    if (declared->kind == STORE_NIX && nix_current(store, current))
        latest = number_in_store(current, STORE_NIX);
    list->latest = list->count ? list->count - 1 : 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->numbers[i] == latest)
            list->latest = i;
    return TAKE_FD(store);
}

int generation_choose(struct arena *arena, int volume, const struct generations *declared,
                      const char *choice, const struct generation **chosen, struct error *error)
{
    struct list list;
    auto_fd store = open_list(arena, volume, declared, &list, error);
    if (store < 0)
        return store;
    unsigned number = find(choice, declared, &list, error);
    return number ? read_one(arena, volume, store, declared, choice, number, chosen, error)
                  : -error->code;
}

int generation_before(struct arena *arena, int volume, const struct generations *declared,
                      unsigned number, const struct generation **chosen, struct error *error)
{
    struct list list;
    auto_fd store = open_list(arena, volume, declared, &list, error);
    if (store < 0)
        return store;
    for (size_t i = list.count; i > 0; i--)
        if (list.numbers[i - 1] < number && read_one(arena, volume, store, declared, "previous",
                                                     list.numbers[i - 1], chosen, error) == 0)
            return 0;
    return error_set(error, ENOENT, "\"%s\" has no whole generation before %u",
                     declared->place.path, number);
}

bool generation_time(const char *created, time_t *seconds)
{
    struct tm time = {0};
    if (!created || !strptime(created, "%Y-%m-%dT%H:%M:%SZ", &time))
        return false;
    *seconds = timegm(&time);
    return true;
}
