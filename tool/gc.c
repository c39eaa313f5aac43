/* ebb gc: deletes old generations. */
#include "tool/gc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "generations/change.h"
#include "generations/marks.h"
#include "generations/size.h"
#include "tool/name.h"
#include "tool/verb.h"

/* The whole ones, ascending; of one that is cut off, nobody knows what it was to be. */
static int find_whole(const struct store_place *place, unsigned **whole, size_t *count,
                      struct error *error)
{
    unsigned *numbers = NULL;
    size_t all = 0;
    int code = store_numbers(place->arena, place->store, STORE_EBB, &numbers, &all, error);
    for (size_t i = 0; code == 0 && i < all; i++) {
        const struct generation *generation;
        struct error fault;
        const char *choice = arena_printf(place->arena, "%u", numbers[i]);
        if (place_choose(place, choice, &generation, &fault) == 0)
            *ARENA_PUSH(place->arena, *whole, *count) = numbers[i];
        else
            log_warning("generation %u stays: %s", numbers[i], fault.text);
    }
    return code;
}

/* Why it is not deleted, or NULL. The latest is the last of those that stay anyway. */
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

static int collect(const struct store_place *place, const struct gc_wish *wish, FILE *out,
                   struct error *error)
{
    const struct generation *generation;
    unsigned *whole = NULL, *old = NULL;
    size_t count = 0, old_count = 0;
    int code = place_check_own(place, error);
    if (code == 0)
        code = find_whole(place, &whole, &count, error);
    if (code < 0 || count <= wish->keep)
        return code < 0 ? code : delete (place, wish, NULL, 0, out, error);
    /* Where the default cannot be booted, it is not known which one ought to stay. */
    code = place_choose(place, place->default_choice, &generation, error);
    for (size_t i = 0; code == 0 && i < count - wish->keep; i++) {
        const char *reason = reason_to_stay(place, whole[i], generation->number);
        if (reason)
            fprintf(out, "generation %u stays: %s\n", whole[i], reason);
        else
            *ARENA_PUSH(place->arena, old, old_count) = whole[i];
    }
    return code < 0 ? code : delete (place, wish, old, old_count, out, error);
}

int gc_collect(struct target root, const struct gc_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct store_place place;
    struct error error;
    int code = place_open(arena, root, &wish->place, !wish->dry_run, &place, &error);
    if (code == 0)
        code = collect(&place, wish, out, &error);
    place_close(&place);
    if (code == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

/* At least 1: the latest always stays. */
static int read_keep(const char *text, unsigned *keep)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || errno || *end || number < 1 || number > 1000000)
        return -1;
    *keep = (unsigned)number;
    return 0;
}

int verb_gc(int argc, char **argv)
{
    struct gc_wish wish = {0};
    const char *keep = NULL;
    const struct option_row options[] = {
        OPTION_TEXT("keep", "N", "how many of the newest stay", &keep),
        OPTION_FLAG("dry-run", "only tell", &wish.dry_run),
        PLACE_OPTIONS(wish.place),
    };
    const struct usage usage = {
        .synopsis = "gc --keep N [OPTION]...",
        .about = "Deletes the oldest generations, but never what is booted now or by default, what "
                 "is pinned, and what was given a label.",
        .options = options,
        .option_count = ARRAY_LENGTH(options)};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (!keep || read_keep(keep, &wish.keep) < 0) {
        fprintf(stderr, "ebb: say how many generations stay, at least 1\nusage: ebb %s\n",
                usage.synopsis);
        return EXIT_USAGE;
    }
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(gc_collect((struct target){fd, ""}, &wish, stdout));
}
