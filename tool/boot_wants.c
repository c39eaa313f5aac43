#include "tool/boot_wants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "generations/marks.h"
#include "tool/boot_unify.h"

static int more_wanted_first(const void *left, const void *right)
{
    const struct boot_item *a = left, *b = right;
    if (a->must != b->must)
        return a->must ? -1 : 1;
    return (a->generation->number < b->generation->number) -
           (a->generation->number > b->generation->number);
}

static bool must_stay(const struct store_place *place, unsigned number, unsigned default_number)
{
    const struct record_trial *trial = &place->record.trial;
    if (trial->state != TRIAL_NONE && (number == trial->generation || number == trial->back))
        return true;
    return number == place->booted || number == default_number ||
           number == place->record.last_good || number == place->record.chosen ||
           mark_is_pinned(place->store, number);
}

/* What an entry names that can be booted. */
static void take_over(const struct boot_found *found, struct boot_item *item)
{
    const struct entry *entry = &found->entry;
    item->is_known = true;
    if (entry->uname) {
        item->entry.uname = entry->uname;
        item->kernel = (struct boot_payload){.file = entry->inner_kernel,
                                             .folder = -1,
                                             .source = entry->kernel.path,
                                             .section = ".linux"};
        item->image = item->kernel;
        item->image.file = entry->inner_image;
        item->image.section = ".initrd";
        return;
    }
    item->kernel = (struct boot_payload){
        .file = entry->kernel, .is_there = true, .folder = -1, .source = entry->kernel.path};
    item->image = (struct boot_payload){
        .file = entry->image, .is_there = true, .folder = -1, .source = entry->image.path};
}

int boot_items_list(const struct boot_source *source, struct boot_items *items, struct error *error)
{
    const struct store_place *place = source->place;
    const struct generation *generation;
    struct error fault;
    unsigned *numbers = NULL;
    size_t count = 0;
    int code = store_numbers(place->arena, place->store, STORE_EBB, &numbers, &count, error);
    *items = (struct boot_items){0};
    if (code == 0 && place_choose(place, place->default_choice, &generation, &fault) == 0)
        items->default_number = generation->number;
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct boot_item item = {.must = must_stay(place, numbers[i], items->default_number)};
        const char *choice = arena_printf(place->arena, "%u", numbers[i]);
        if (place_choose(place, choice, &item.generation, &fault) < 0) {
            log_warning("generation %u gets no boot entry: %s", numbers[i], fault.text);
            items->failed++;
            continue;
        }
        const struct boot_found *found = boot_find(
            source->state, entry_name(place->arena, source->state->token, numbers[i], NULL));
        item.system = boot_describe(source, item.generation, &item.entry);
        if (found && !found->fault)
            take_over(found, &item);
        *ARENA_PUSH(place->arena, items->list, items->count) = item;
    }
    if (items->count)
        qsort(items->list, items->count, sizeof(*items->list), more_wanted_first);
    return code;
}

int boot_items_build(const struct boot_source *source, struct boot_items *items, bool all,
                     struct error *error)
{
    for (size_t i = 0; i < items->count; i++) {
        struct boot_item *item = &items->list[i];
        struct boot_payload kernel, image;
        const char *version;
        struct error fault;
        if (item->is_known && !all)
            continue;
        if (boot_build(source, item->generation, &version, &kernel, &image, &fault) == 0) {
            item->entry.uname = source->place->config->boot.uki ? version : NULL;
            item->kernel = kernel;
            item->image = image;
            item->is_known = true;
            continue;
        }
        if (fault.code == ENOSPC) /* of this machine, not of the generation */
            return *error = fault, -fault.code;
        log_warning("generation %u %s: %s", item->generation->number,
                    item->is_known ? "keeps its boot entry as it is" : "gets no boot entry",
                    fault.text);
        items->failed++;
    }
    return 0;
}

static bool has_item(const struct boot_items *items, unsigned number)
{
    for (size_t i = 0; i < items->count; i++)
        if (items->list[i].generation->number == number)
            return true;
    return false;
}

unsigned boot_normal(const struct boot_items *items, const struct store_place *place)
{
    const unsigned wanted[] = {place->record.last_good, place->booted, items->default_number};
    unsigned newest = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++)
        if (wanted[i] && has_item(items, wanted[i]))
            return wanted[i];
    for (size_t i = 0; i < items->count; i++)
        if (items->list[i].generation->number > newest)
            newest = items->list[i].generation->number;
    return newest;
}

unsigned boot_tried(const struct boot_state *state, const struct store_place *place)
{
    const struct record_trial *trial = &place->record.trial;
    return trial->state == TRIAL_WANTED &&
                   boot_find(state, entry_name(place->arena, state->token, 0, ENTRY_TRIAL))
               ? trial->generation
               : 0;
}

static const struct boot_item *find_item(const struct boot_items *items, unsigned number)
{
    for (size_t i = 0; i < items->count; i++)
        if (items->list[i].generation->number == number)
            return items->list[i].is_known ? &items->list[i] : NULL;
    return NULL;
}

static void add(const struct boot_source *source, const char *name, struct entry entry,
                const struct boot_payload *kernel, const struct boot_payload *image, bool must,
                struct boot_want **wants, size_t *count)
{
    struct arena *arena = source->place->arena;
    entry.kernel = kernel->file;
    entry.image = image->file;
    *ARENA_PUSH(arena, *wants, *count) =
        (struct boot_want){name, entry_write(arena, &entry), entry, kernel, image, must};
}

/* A copy that nothing but a confirmation replaces. */
static struct boot_payload copy_of(const struct boot_source *source, const char *kind,
                                   const struct boot_payload *original)
{
    struct error ignored;
    struct boot_payload copy = *original;
    copy.file.path =
        boot_payload_path(source->place->arena, source->state, kind, original->file.sha256);
    copy.is_there = boot_verify(source->esp, &copy.file, &ignored) == 0;
    return copy;
}

/* Where rollback and recovery go: a generation, or an entry that stays as it is. */
struct refuge {
    const struct boot_item *item; /* NULL: kept */
    const struct boot_found *kept;
    struct boot_payload kernel, image;
};

static const struct boot_found *find_special(const struct boot_source *source, const char *what)
{
    const struct boot_found *found =
        boot_find(source->state, entry_name(source->place->arena, source->state->token, 0, what));
    return found && !found->fault ? found : NULL;
}

static void find_refuge(const struct boot_source *source, const struct boot_item *wanted,
                        const struct boot_item *normal, struct refuge *refuge)
{
    const struct boot_found *rollback = find_special(source, ENTRY_ROLLBACK);
    *refuge = (struct refuge){.item = wanted,
                              .kept = rollback ? rollback : find_special(source, ENTRY_RECOVERY)};
    if (!wanted && refuge->kept) {
        struct boot_item old = {0};
        take_over(refuge->kept, &old);
        refuge->kernel = old.kernel;
        refuge->image = old.image;
        return;
    }
    refuge->item = wanted ? wanted : normal;
    refuge->kernel = copy_of(source, "rollback-kernel", &refuge->item->kernel);
    refuge->image = copy_of(source, "rollback-image", &refuge->item->image);
}

static void add_refuge(const struct boot_source *source, const char *what, const char *choice,
                       const struct refuge *refuge, const char *title, struct boot_want **wants,
                       size_t *count)
{
    struct arena *arena = source->place->arena;
    const struct boot_found *own = find_special(source, what);
    struct entry entry = refuge->item ? refuge->item->entry : refuge->kept->entry;
    struct boot_payload *payloads = arena_alloc(arena, 2 * sizeof(*payloads));
    payloads[0] = refuge->kernel;
    payloads[1] = refuge->image;
    entry.title = refuge->item || !own ? title : own->entry.title;
    entry.version = what; /* letters come behind all numbers */
    entry.options = arena_printf(arena, "%s ebb.generation=%s", boot_options(source), choice);
    add(source, entry_name(arena, source->state->token, 0, what), entry, &payloads[0], &payloads[1],
        true, wants, count);
}

/* In both PID 1 decides, so a trial that the loader begins once more is over all the same. */
static void add_default(const struct boot_source *source, const char *what, const char *version,
                        const char *title, const struct boot_item *item, struct boot_want **wants,
                        size_t *count)
{
    struct entry entry = item->entry;
    entry.title = title;
    entry.version = version;
    entry.machine_id = NULL; /* before those that have one */
    entry.options = boot_options(source);
    add(source, entry_name(source->place->arena, source->state->token, 0, what), entry,
        &item->kernel, &item->image, true, wants, count);
}

/* One that need not be is left out rather than that there is none of the others. */
static int unify(const struct boot_source *source, struct boot_want *wants, size_t *count,
                 struct error *error)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        int code = boot_unify(source, &wants[i], error);
        if (code < 0 && wants[i].must)
            return code;
        if (code < 0)
            log_warning("%s", error->text);
        else
            wants[kept++] = wants[i];
    }
    *count = kept;
    return 0;
}

int boot_wants_make(const struct boot_source *source, const struct boot_items *items,
                    const struct boot_choice *choice, struct boot_want **wants, size_t *count,
                    struct error *error)
{
    struct arena *arena = source->place->arena;
    unsigned number = choice->normal ? choice->normal : boot_normal(items, source->place);
    const struct boot_item *normal = find_item(items, number),
                           *tried = find_item(items, choice->tried);
    struct refuge refuge;
    if (!number)
        return error_set(error, ENOENT, "there is no generation that could be booted");
    if (!normal)
        return error_set(error, ENOENT,
                         "no entry can be made for generation %u, which is to be booted by default",
                         number);
    find_refuge(source, find_item(items, choice->refuge), normal, &refuge);
    const char *system = normal->system;
    if (tried)
        add_default(source, ENTRY_TRIAL, "9999999", tried->entry.title, tried, wants, count);
    add_default(source, ENTRY_DEFAULT, "999999", system, normal, wants, count);
    add_refuge(source, ENTRY_ROLLBACK, "previous", &refuge,
               arena_printf(arena, "%s (back to the generation before)", system), wants, count);
    add_refuge(source, ENTRY_RECOVERY, "menu", &refuge,
               arena_printf(arena, "%s (choose a generation)", system), wants, count);
    for (size_t i = 0; i < items->count; i++) {
        const struct boot_item *item = &items->list[i];
        if (item->is_known)
            add(source, entry_name(arena, source->state->token, item->generation->number, NULL),
                item->entry, &item->kernel, &item->image, item->must, wants, count);
    }
    return source->place->config->boot.uki ? unify(source, *wants, count, error) : 0;
}
