/* ebb rollback: another generation is booted from the next boot on. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "generations/store.h"
#include "tool/boots.h"
#include "tool/options.h"
#include "tool/state.h"
#include "tool/verb.h"

struct wish {
    const char *generation, *state; /* NULL: as it follows from the record */
    bool with_state, clear;
};

/* What was asked for; else that which was good last, or the one before the booted one. */
static int find(struct arena *arena, const struct boots *boots, const char *wanted,
                const struct generation **found, struct error *error)
{
    const struct generations *declared = &boots->config->generations;
    unsigned booted = boots->booted.generation, good = boots->record.last_good;
    if (!wanted && good && good != booted)
        wanted = arena_printf(arena, "%u", good);
    if (wanted)
        return generation_choose(arena, boots->volume, declared, &boots->record, wanted, found,
                                 error);
    return generation_before(arena, boots->volume, declared, booted, found, error);
}

/* With a state and without a number, it is the generation that ran then. */
static int choose(struct arena *arena, const struct boots *boots, const struct wish *wish,
                  const struct states *states, const struct generation **found,
                  const struct state **state, struct error *error)
{
    const char *wanted = wish->generation;
    struct state_moment moment;
    if (!wanted && wish->state && state_read_name(wish->state, &moment) && moment.generation)
        wanted = arena_printf(arena, "%u", moment.generation);
    int code = find(arena, boots, wanted, found, error);
    return code < 0 || !wish->with_state
               ? code
               : state_choose(states, wish->state, (*found)->number, state, error);
}

/* The record is written first: a power cut between the two leaves a rollback of the code alone. */
static int roll_back(struct arena *arena, struct boots *boots, const struct wish *wish,
                     const struct states *states, struct error *error)
{
    const struct generation *found = NULL, *latest;
    const struct state *state = NULL;
    struct error ignored; /* then the next boot finds it out */
    int code = wish->clear ? 0 : choose(arena, boots, wish, states, &found, &state, error);
    if (code < 0)
        return code;
    record_choose(&boots->record, found ? found->number : 0);
    if (generation_choose(arena, boots->volume, &boots->config->generations, NULL, "latest",
                          &latest, &ignored) == 0)
        boots->record.chosen_over = latest->number;
    record_forgive(&boots->record, boots->record.chosen); /* who asks for it, gets it */
    code = record_write(boots->fd, &boots->record, error);
    if (code < 0)
        return code;
    if (found) {
        printf("generation %u is booted from the next boot on%s%s\n", found->number,
               found->label ? ": " : "", found->label ? found->label : "");
    } else {
        generation_print(generation_wanted(arena, boots->config->generations.default_choice),
                         stdout);
        puts(" is booted from the next boot on, as declared");
    }
    return state ? state_order(states, state, boots->booted.generation, time(NULL), stdout, error)
                 : state_take_back(states, stdout, error);
}

int verb_rollback(int argc, char **argv)
{
    struct wish wish = {0};
    const struct option_row options[] = {
        OPTION_FLAG("clear", "back to what the configuration declares", &wish.clear),
        OPTION_MAYBE("with-state", "NAME", "what persists, too, as it was then (`ebb list`)",
                     &wish.with_state, &wish.state),
    };
    const struct usage usage = {
        .synopsis = "rollback [--clear | --with-state[=NAME]] [N]",
        .about = "Has another generation booted from the next boot on: N, or that which was good "
                 "last, or the one before the booted one. What persists stays as it is, unless "
                 "--with-state says otherwise.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (wish.clear && wish.with_state) {
        fprintf(stderr,
                "ebb: --clear chooses no generation whose state could be brought back\n"
                "usage: ebb %s\n",
                usage.synopsis);
        return EXIT_USAGE;
    }
    wish.generation = words ? argv[1] : NULL;
    auto_arena arena = arena_new();
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct states states;
    struct boots boots;
    struct error error;
    if (!boots_open(arena, NULL, &boots))
        return EXIT_NO;
    int code = states_open(arena, (struct target){root, ""}, boots.config, &states, &error);
    if (code < 0 && !wish.with_state) {
        log_warning("whether another state was ordered is not known: %s", error.text);
        code = 0; /* code goes back wherever the data are */
    }
    if (code == 0)
        code = roll_back(arena, &boots, &wish, &states, &error);
    states_close(&states);
    boots_close(&boots);
    if (code < 0)
        log_error("%s", error.text);
    return verb_flush(code < 0 ? EXIT_NO : EXIT_DONE);
}
