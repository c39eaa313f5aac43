/* ebb gc: deletes old generations. */
#include "tool/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/log.h"
#include "generations/change.h"
#include "generations/keep.h"
#include "generations/marks.h"
#include "generations/size.h"
#include "plan/value.h"
#include "tool/name.h"
#include "tool/state.h"
#include "tool/verb.h"

/* The whole ones, ascending; of one that is cut off, nobody knows what it was to be. */
static int find_whole(const struct store_place *place, struct keep_item **items, size_t *count,
                      struct error *error)
{
    unsigned *numbers = NULL;
    size_t all = 0;
    int code = store_numbers(place->arena, place->store, STORE_EBB, &numbers, &all, error);
    for (size_t i = 0; code == 0 && i < all; i++) {
        const struct generation *generation;
        struct error fault;
        const char *choice = arena_printf(place->arena, "%u", numbers[i]);
        if (place_choose(place, choice, &generation, &fault) < 0) {
            log_warning("generation %u stays: %s", numbers[i], fault.text);
            continue;
        }
        struct keep_item *item = ARENA_PUSH(place->arena, *items, *count);
        *item = (struct keep_item){.number = numbers[i]};
        item->dated = generation_time(generation->created, &item->made);
    }
    return code;
}

/* Why the policy has it stay, or NULL; that it is one of the newest is no news. */
static const char *keep_text(enum keep_reason reason)
{
    switch (reason) {
    case KEEP_NOT:
    case KEEP_LAST:
        break;
    case KEEP_DAY:
        return "it is the last of its day";
    case KEEP_WEEK:
        return "it is the last of its week";
    case KEEP_MONTH:
        return "it is the last of its month";
    case KEEP_YOUNG:
        return "it is young enough";
    case KEEP_UNDATED:
        return "nobody knows when it was made";
    }
    return NULL;
}

/* Why it is not deleted, whatever the policy says, or NULL. */
static const char *reason_to_stay(const struct store_place *place, unsigned number,
                                  unsigned default_number)
{
    const char *label = mark_label_of(place->arena, place->store, number);
    if (number == place->booted)
        return "it is booted";
    if (number == default_number)
        return "it is what is booted by default";
    if (number == place->record.last_good)
        return "it was good last";
    const struct record_trial *trial = &place->record.trial;
    if (trial->state != TRIAL_NONE && (number == trial->generation || number == trial->back))
        return "a trial needs it";
    if (mark_is_pinned(place->store, number))
        return "it is pinned";
    return label && *label ? "it has a label" : NULL;
}

static int delete (const struct store_place *place, const struct gc_wish *wish,
                   const unsigned *numbers, size_t count, FILE *out, struct error *error)
{
    struct generation_size size = {0};
    int code = generation_size(place->store, numbers, count, &size, error);
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (!wish->dry_run)
            code = generation_delete(place->store, numbers[i], error);
        if (code == 0)
            fprintf(out, "%s generation %u\n", wish->dry_run ? "would delete" : "deleted",
                    numbers[i]);
    }
    if (code == 0)
        fprintf(out, "%zu generation%s, %s %s\n", count, count == 1 ? "" : "s",
                name_size(size.own).text, wish->dry_run ? "would come free" : "free again");
    return code;
}

static int collect(const struct store_place *place, const struct gc_wish *wish,
                   const struct keep *keep, FILE *out, struct error *error)
{
    const struct generation *generation;
    struct keep_item *items = NULL;
    unsigned *old = NULL;
    size_t count = 0, old_count = 0;
    int code = place_check_own(place, error);
    if (code == 0)
        code = find_whole(place, &items, &count, error);
    if (code < 0)
        return code;
    keep_apply(keep, wish->now, items, count);
    if (count == 0 || items[0].reason == KEEP_LAST)
        return delete (place, wish, NULL, 0, out, error);
    /* Where the default cannot be booted, it is not known which one ought to stay. */
    code = place_choose(place, place->default_choice, &generation, error);
    for (size_t i = 0; code == 0 && items[i].reason != KEEP_LAST; i++) {
        unsigned number = items[i].number;
        const char *reason = keep_text(items[i].reason);
        if (!reason)
            reason = reason_to_stay(place, number, generation->number);
        if (reason)
            fprintf(out, "generation %u stays: %s\n", number, reason);
        else
            *ARENA_PUSH(place->arena, old, old_count) = number;
    }
    return code < 0 ? code : delete (place, wish, old, old_count, out, error);
}

static int collect_states(struct target root, const struct config *config, bool dry_run, FILE *out,
                          struct error *error)
{
    auto_arena arena = arena_new();
    struct states states;
    int code = states_open(arena, root, config, &states, error);
    if (code == 0)
        code = state_collect(&states, dry_run, out, error);
    states_close(&states);
    return code;
}

int gc_collect(struct target root, const struct gc_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct store_place place;
    struct error error;
    int code = place_open(arena, root, &wish->place, !wish->dry_run, &place, &error);
    struct keep keep = wish->keep;
    if (!keep.said && place.config)
        keep = place.config->generations.keep;
    int status = EXIT_NO;
    if (code == 0 && !keep.said) {
        code = error_set(&error, EINVAL,
                         "say which generations stay, such as --keep 5, or declare it: generations "
                         "VOLUME:/path keep=5");
        status = EXIT_USAGE;
    } else if (code == 0) {
        code = collect(&place, wish, &keep, out, &error);
        if (code == 0 && place.config)
            code = collect_states(root, place.config, wish->dry_run, out, &error);
    }
    bool has_entries = code == 0 && !wish->dry_run && boot_is_declared(&place);
    place_close(&place);
    if (code == 0)
        return has_entries ? boot_catch_up(root, &wish->boot, wish->place.config, out) : EXIT_DONE;
    log_error("%s", error.text);
    return status;
}

int verb_gc(int argc, char **argv)
{
    struct gc_wish wish = {.now = time(NULL)};
    const char *keep = NULL;
    const struct option_row options[] = {
        OPTION_TEXT("keep", "POLICY", "which stay, such as 5,daily=7,weekly=4,monthly=6,age=30d",
                    &keep),
        OPTION_FLAG("dry-run", "only tell", &wish.dry_run),
        PLACE_OPTIONS(wish.place),
    };
    const struct usage usage = {
        .synopsis = "gc [--keep POLICY] [OPTION]...",
        .about =
            "Deletes old generations. So many of the newest stay, and the last of so many "
            "days, weeks and months, and what is younger, as POLICY or the configuration "
            "says; and always what is booted now or by default, what was good last, what is "
            "pinned, and what was given a label. Of the states of what persists, the last three "
            "of each volume stay.",
        .options = options,
        .option_count = ARRAY_LENGTH(options)};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    const char *wrong = keep ? value_keep(keep, &wish.keep) : NULL;
    if (wrong) {
        fprintf(stderr, "ebb: \"%s\" %s\nusage: ebb %s\n", keep, wrong, usage.synopsis);
        return EXIT_USAGE;
    }
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(gc_collect((struct target){fd, ""}, &wish, stdout));
}
