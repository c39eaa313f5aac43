/* ebb status: the boot as it happened. */
#include "tool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "mounts/damaged.h"
#include "tool/booted.h"
#include "tool/name.h"
#include "tool/options.h"
#include "tool/trial.h"
#include "tool/verb.h"

static double seconds(uint64_t microseconds)
{
    return (double)microseconds / 1e6;
}

static bool is_done(const struct booted_step *step)
{
    return strcmp(step->result, "done") == 0;
}

/* Why the boot is not whole: how many reasons, and the first of them. A setback that the boot went
 * on from is none. */
static size_t flaws(struct arena *arena, const struct booted *booted, const char **first)
{
    size_t count = 0;
    if (booted->error && count++ == 0)
        *first = arena_printf(arena, "failed: %s", booted->error);
    for (size_t i = 0; i < booted->volume_count; i++) {
        const struct booted_volume *volume = &booted->volumes[i];
        if ((volume->degraded || volume->in_memory) && count++ == 0)
            *first = arena_printf(
                arena,
                volume->in_memory ? "degraded: " DAMAGED_SENTENCE
                                  : "degraded: the volume \"%s\" works without some of its devices",
                volume->name);
    }
    for (size_t i = 0; i < booted->step_count; i++) {
        const struct booted_step *step = &booted->steps[i];
        bool is_told = booted->error && strcmp(step->result, "failed") == 0;
        if (!is_done(step) && !is_told && count++ == 0)
            *first = arena_printf(arena, "degraded: %s: %s", step->sentence,
                                  step->error ? step->error : step->result);
    }
    return count;
}

static bool print_head(struct arena *arena, const struct booted *booted, FILE *out)
{
    const char *why = "whole";
    size_t count = flaws(arena, booted, &why);
    if (booted->generation)
        fprintf(out, "generation %u", booted->generation);
    else
        fputs("no generation", out);
    if (booted->root) {
        fputs(", root ", out);
        name_print(booted->root, true, out);
    }
    fprintf(out, ", after %.3f s: ", seconds(booted->microseconds));
    name_print(why, true, out);
    if (count > 1)
        fprintf(out, " (and %zu more)", count - 1);
    fputc('\n', out);
    return count == 0;
}

static void print_trial(struct target root, FILE *out)
{
    struct trial_left left;
    if (!trial_read(root, &left))
        return;
    if (left.live)
        fputs("a change of this system", out);
    else
        fprintf(out, "generation %u", left.generation);
    fprintf(out,
            " is on trial: in %u min %u s this machine goes back, unless `ebb confirm` is run\n",
            left.seconds / 60, left.seconds % 60);
}

/* Not a flaw of this boot: what the power cut cost was mended, or is told of by itself. */
static void print_last_end(const struct booted *booted, FILE *out)
{
    if (!booted->last_end)
        return;
    bool busy = strcmp(booted->last_end, "busy") == 0;
    fprintf(out, "last shutdown: %s\n",
            busy ? "not clean, something was still in use"
            : strcmp(booted->last_end, "clean") == 0
                ? "clean"
                : "not known to be clean, as after a power cut");
}

static void print_volumes(const struct booted *booted, FILE *out)
{
    if (booted->volume_count)
        fputs("\nvolumes:\n", out);
    for (size_t i = 0; i < booted->volume_count; i++) {
        const struct booted_volume *volume = &booted->volumes[i];
        const struct {
            const char *before, *text;
        } parts[] = {{"  ", volume->name},
                     {": ", volume->device},
                     {", ", volume->fs},
                     {", on ", volume->place},
                     {", ", volume->in_memory  ? "changes in memory"
                            : volume->degraded ? "degraded"
                                               : NULL}};
        for (size_t j = 0; j < ARRAY_LENGTH(parts); j++) {
            if (!parts[j].text || !*parts[j].text)
                continue;
            fputs(parts[j].before, out);
            name_print(parts[j].text, true, out);
        }
        fputc('\n', out);
    }
}

static void print_step(const struct booted_step *step, FILE *out)
{
    fputs("  ", out);
    name_print(step->sentence, true, out);
    fputs("  (", out);
    name_print(step->origin, true, out);
    fputs(")\n    ", out);
    name_print(step->result, true, out);
    if (step->error) {
        fputs(": ", out);
        name_print(step->error, true, out);
    }
    fputc('\n', out);
}

/* Those of the steps that are entries, or those that are not. */
static void print_not_done(const struct booted *booted, bool entries, const char *title, FILE *out)
{
    bool begun = false;
    for (size_t i = 0; i < booted->step_count; i++) {
        const struct booted_step *step = &booted->steps[i];
        if (is_done(step) || booted_is_entry(step) != entries)
            continue;
        if (!begun && title)
            fprintf(out, "\n%s:\n", title);
        begun = true;
        print_step(step, out);
    }
}

static void print_entries(const struct booted *booted, FILE *out)
{
    size_t restored = 0, skipped = 0;
    for (size_t i = 0; i < booted->step_count; i++) {
        if (booted_is_entry(&booted->steps[i]))
            *(is_done(&booted->steps[i]) ? &restored : &skipped) += 1;
    }
    fprintf(out, "\nentries: %zu restored, %zu skipped\n", restored, skipped);
    print_not_done(booted, true, NULL, out);
}

static void print_setbacks(const struct booted *booted, FILE *out)
{
    if (booted->setback_count)
        fputs("\nwhat stopped the boot before it went on:\n", out);
    for (size_t i = 0; i < booted->setback_count; i++) {
        fputs("  ", out);
        name_print(booted->setbacks[i], true, out);
        fputc('\n', out);
    }
}

static int slower_first(const void *left, const void *right)
{
    const struct booted_step *const *a = left, *const *b = right;
    if ((*a)->microseconds != (*b)->microseconds)
        return (*a)->microseconds < (*b)->microseconds ? 1 : -1;
    return *a < *b ? -1 : *a > *b; /* else in their order */
}

static void print_times(struct arena *arena, const struct booted *booted, bool slowest, FILE *out)
{
    uint64_t sum = 0;
    const struct booted_step **steps =
        arena_alloc(arena, (booted->step_count + 1) * sizeof(struct booted_step *));
    for (size_t i = 0; i < booted->step_count; i++)
        steps[i] = &booted->steps[i];
    if (slowest)
        qsort(steps, booted->step_count, sizeof(struct booted_step *), slower_first);
    fprintf(out, "\nsteps, %s:\n", slowest ? "the slowest first" : "in their order");
    for (size_t i = 0; i < booted->step_count; i++) {
        sum += steps[i]->microseconds;
        fprintf(out, "%9.3f s  ", seconds(steps[i]->microseconds));
        name_print(steps[i]->sentence, true, out);
        fputc('\n', out);
    }
    fprintf(out, "%9.3f s  in all these steps, of %.3f s\n", seconds(sum),
            seconds(booted->microseconds));
}

int status_tell(struct target root, const struct status_request *request, FILE *out)
{
    auto_arena arena = arena_new();
    struct booted booted;
    struct error error;
    const char *first;
    if (booted_read(arena, root, &booted, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    if (request->json) {
        size_t length = strlen(booted.text);
        fputs(booted.text, out);
        if (length && booted.text[length - 1] != '\n')
            fputc('\n', out);
        return flaws(arena, &booted, &first) ? EXIT_NO : EXIT_DONE;
    }
    bool whole = print_head(arena, &booted, out);
    print_trial(root, out);
    print_last_end(&booted, out);
    print_volumes(&booted, out);
    print_entries(&booted, out);
    print_not_done(&booted, false, "not done", out);
    print_setbacks(&booted, out);
    print_times(arena, &booted, request->slowest, out);
    return whole ? EXIT_DONE : EXIT_NO;
}

int verb_status(int argc, char **argv)
{
    struct status_request request = {0};
    const struct option_row options[] = {
        OPTION_FLAG("slowest", "list the steps that took longest first", &request.slowest),
        OPTION_FLAG("json", "write what PID 1 wrote", &request.json),
    };
    const struct usage usage = {
        .synopsis = "status [--slowest] [--json]",
        .about = "Tells how this system was booted. Exit status: 0 the boot is whole, 1 it is not, "
                 "or Ebb did not do it.",
        .options = options,
        .option_count = ARRAY_LENGTH(options)};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(status_tell((struct target){fd, ""}, &request, stdout));
}
