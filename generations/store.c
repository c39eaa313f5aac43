#include "generations/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "generations/facts.h"
#include "generations/nix.h"
#include "plan/value.h"

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

/* What a generation is looked for in. */
struct search {
    struct arena *arena;
    const struct generations *declared;
    int volume, store;
    struct list list;
};

static bool has_number(const struct list *list, unsigned number)
{
    return bsearch(&number, list->numbers, list->count, sizeof(*list->numbers), by_number);
}

static int no_such(const struct list *list, const char *choice, struct error *error)
{
    if (list->count == 1)
        return error_set(error, ENOENT,
                         "there is no generation \"%.100s\", only %u; write that, or latest",
                         choice, list->numbers[0]);
    return error_set(error, ENOENT,
                     "there is no generation \"%.100s\"; write a number from %u to %u, latest or "
                     "previous",
                     choice, list->numbers[0], list->numbers[list->count - 1]);
}

static int read_one(const struct search *search, const char *choice, unsigned number,
                    const struct generation **chosen, struct error *error)
{
    const struct generations *declared = search->declared;
    struct generation *generation = generation_wanted(search->arena, choice);
    generation->number = number;
    int code =
        declared->kind == STORE_NIX
            ? nix_read(search->arena, search->volume, search->store, declared, generation, error)
            : facts_read(search->arena, search->store, declared->place.path, generation, error);
    if (code == 0)
        *chosen = generation;
    return code;
}

/* Opens the store, and lists what is in it; the caller closes it. */
static int open_list(struct search *search, struct error *error)
{
    struct list *list = &search->list;
    enum store_kind kind = (enum store_kind)search->declared->kind;
    auto_fd store = store_open(search->volume, search->declared, error);
    if (store < 0)
        return store;
    int code = store_numbers(search->arena, store, kind, &list->numbers, &list->count, error);
    if (code < 0)
        return code;
    char current[NIX_NAME] = "";
    unsigned latest = 0;
    if (kind == STORE_NIX && nix_current(store, current))
        latest = number_in_store(current, STORE_NIX);
    list->latest = list->count ? list->count - 1 : 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->numbers[i] == latest)
            list->latest = i;
    search->store = store;
    return TAKE_FD(store);
}

/* Reads the greatest number below `limit` whose generation is whole, and not bad; -ENOENT. */
static int find_below(const struct search *search, unsigned limit, const struct record *record,
                      const struct generation **chosen)
{
    struct error ignored; /* of one that is not whole */
    const struct list *list = &search->list;
    for (size_t i = list->count; i > 0; i--) {
        unsigned number = list->numbers[i - 1];
        if (number < limit && !(record && record_is_bad(record, number, search->declared->tries)) &&
            read_one(search, "previous", number, chosen, &ignored) == 0)
            return 0;
    }
    return -ENOENT;
}

/* That which was good last, if it is not what was attempted since, which somebody wants to get away
 * from; else the one before the latest. */
static int find_previous(const struct search *search, const struct record *record,
                         const struct generation **chosen, struct error *error)
{
    const struct list *list = &search->list;
    unsigned good = record ? record->last_good : 0;
    if (good && good != record_newest(record) && has_number(list, good) &&
        !record_is_bad(record, good, search->declared->tries) &&
        read_one(search, "previous", good, chosen, error) == 0)
        return 0;
    unsigned latest = list->numbers[list->latest];
    if (find_below(search, latest, record, chosen) == 0 ||
        find_below(search, latest, NULL, chosen) == 0)
        return 0;
    return error_set(error, ENOENT, "there is no previous generation: %u is the %s one",
                     list->numbers[0], list->count > 1 ? "first" : "only");
}

static int find_labelled(const struct search *search, const char *label,
                         const struct generation **chosen, struct error *error)
{
    const struct list *list = &search->list;
    const struct generation *found = NULL, *one;
    struct error ignored; /* what cannot be read has no label that is known */
    for (size_t i = list->count; i > 0; i--) {
        bool fits = read_one(search, label, list->numbers[i - 1], &one, &ignored) == 0 && *label &&
                    one->label && strcmp(one->label, label) == 0;
        if (!fits)
            continue;
        if (found) {
            log_warning("generations %u and %u are both called \"%.100s\": taking the newer one",
                        one->number, found->number, label);
            break;
        }
        found = one;
    }
    if (found)
        *chosen = found;
    return found ? 0 : no_such(list, label, error);
}

int generation_choose(struct arena *arena, int volume, const struct generations *declared,
                      const struct record *record, const char *choice,
                      const struct generation **chosen, struct error *error)
{
    struct search search = {.arena = arena, .volume = volume, .declared = declared};
    auto_fd store = open_list(&search, error);
    if (store < 0)
        return store;
    const struct list *list = &search.list;
    if (list->count == 0)
        return error_set(error, ENOENT, "there is no generation in \"%s\"%s", declared->place.path,
                         remedy(declared));
    if (strcmp(choice, "latest") == 0)
        return read_one(&search, choice, list->numbers[list->latest], chosen, error);
    if (strcmp(choice, "previous") == 0)
        return find_previous(&search, record, chosen, error);
    const char *variant = declared->kind == STORE_NIX ? nix_variant(choice) : NULL;
    unsigned number = number_of(choice, variant ? variant : "");
    if (has_number(list, number))
        return read_one(&search, choice, number, chosen, error);
    return number || value_is_word(choice) ? no_such(list, choice, error)
                                           : find_labelled(&search, choice, chosen, error);
}

int generation_before(struct arena *arena, int volume, const struct generations *declared,
                      unsigned number, const struct generation **chosen, struct error *error)
{
    struct search search = {.arena = arena, .volume = volume, .declared = declared};
    auto_fd store = open_list(&search, error);
    if (store < 0)
        return store;
    if (find_below(&search, number, NULL, chosen) == 0)
        return 0;
    return error_set(error, ENOENT, "\"%s\" has no whole generation before %u",
                     declared->place.path, number);
}

const char *generation_of_init(struct arena *arena, int volume, const struct generations *declared,
                               const char *init)
{
    struct error ignored; /* whoever chooses tells it */
    struct search search = {.arena = arena, .volume = volume, .declared = declared};
    auto_fd store = declared->kind == STORE_NIX ? open_list(&search, &ignored) : -1;
    const struct list *list = &search.list;
    const char *choice = NULL, *latest = NULL;
    if (store >= 0 && list->count)
        latest = nix_choice(arena, volume, store, declared, list->numbers[list->latest], init);
    if (latest)
        return nix_variant(latest) ? latest : "latest";
    for (size_t i = list->count; store >= 0 && !choice && i > 0; i--)
        choice = nix_choice(arena, volume, store, declared, list->numbers[i - 1], init);
    return choice;
}

/* The system has it where the running system has its own. */
static int find_config_of_system(struct arena *arena, int volume, int store,
                                 const struct generations *declared, unsigned number,
                                 const char *variant, const char **path, struct error *error)
{
    const char *system = NULL;
    int code = nix_system(arena, volume, store, declared, number, &system, error);
    return code < 0
               ? code
               : nix_follow(arena, volume, declared,
                            arena_printf(arena, "%s%s%s/etc/ebb/ebb.conf", system,
                                         variant ? "/specialisation" : "", variant ? variant : ""),
                            path, error);
}

int generation_config(struct arena *arena, int volume, const struct generations *declared,
                      unsigned number, const char *choice, const char **path, struct error *error)
{
    const char *folder = declared->place.path, *name = arena_printf(arena, "%u/ebb.conf", number);
    auto_fd store = store_open(volume, declared, error);
    *path = NULL;
    if (store < 0)
        return store;
    if (declared->kind == STORE_NIX)
        return find_config_of_system(arena, volume, store, declared, number, nix_variant(choice),
                                     path, error);
    auto_fd fd = path_open(store, name, O_PATH);
    if (fd != -ENOENT && fd != -ENOTDIR)
        *path = arena_printf(arena, "%s/%s", strcmp(folder, "/") ? folder : "", name);
    return 0;
}

bool generation_time(const char *created, time_t *seconds)
{
    struct tm time = {0};
    if (!created || !strptime(created, "%Y-%m-%dT%H:%M:%SZ", &time))
        return false;
    *seconds = timegm(&time);
    return true;
}
