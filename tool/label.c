/* ebb label, ebb pin: what is said of a generation after it was made. */
#include "tool/label.h"

#include <fcntl.h>

#include "base/log.h"
#include "generations/marks.h"
#include "tool/verb.h"

static int mark(const struct store_place *place, const struct label_wish *wish, struct error *error)
{
    const struct generation *generation = NULL;
    int code = place_check_own(place, error);
    if (code == 0)
        code = place_choose(place, wish->choice, &generation, error);
    if (code < 0 || !generation)
        return code;
    return wish->label ? mark_label(place->store, generation->number, wish->label, error)
                       : mark_pin(place->store, generation->number, !wish->remove, error);
}

int label_generation(struct target root, const struct label_wish *wish)
{
    auto_arena arena = arena_new();
    struct store_place place;
    struct error error;
    int code = place_open(arena, root, &wish->place, false, &place, &error);
    if (code == 0)
        code = mark(&place, wish, &error);
    place_close(&place);
    if (code == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

static int run(const struct usage *usage, int argc, char **argv, struct label_wish *wish)
{
    int words, status = usage_read(usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if ((size_t)words != usage->most_words) {
        fprintf(stderr, "usage: ebb %s\n", usage->synopsis);
        return EXIT_USAGE;
    }
    wish->choice = argv[1];
    wish->label = words > 1 ? argv[2] : NULL;
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return label_generation((struct target){fd, ""}, wish);
}

int verb_label(int argc, char **argv)
{
    struct label_wish wish = {0};
    const struct option_row options[] = {PLACE_OPTIONS(wish.place)};
    const struct usage usage = {.synopsis = "label [--store DIR] [--config CONF] N TEXT",
                                .about = "Gives a generation a label, or takes it away if the text "
                                         "is empty. One with a label is not deleted by `ebb gc`.",
                                .options = options,
                                .option_count = ARRAY_LENGTH(options),
                                .most_words = 2};
    return run(&usage, argc, argv, &wish);
}

int verb_pin(int argc, char **argv)
{
    struct label_wish wish = {0};
    const struct option_row options[] = {
        OPTION_FLAG("remove", "let `ebb gc` delete it again", &wish.remove),
        PLACE_OPTIONS(wish.place),
    };
    const struct usage usage = {.synopsis = "pin [--remove] [--store DIR] [--config CONF] N",
                                .about = "Has `ebb gc` never delete a generation.",
                                .options = options,
                                .option_count = ARRAY_LENGTH(options),
                                .most_words = 1};
    return run(&usage, argc, argv, &wish);
}
