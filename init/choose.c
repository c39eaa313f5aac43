#include "init/choose.h"

#include <fcntl.h>

#include "base/log.h"
#include "base/text.h"
#include "generations/attempt.h"
#include "generations/kernels.h"
#include "generations/standing.h"
#include "generations/store.h"
#include "generations/tree.h"
#include "init/menu.h"
#include "init/page.h"

/* A screen has 24 rows, and long labels take two. Once somebody has pressed a key they have time,
 * but not for ever: a serial line may make one up, and nobody is there. */
enum { ROWS = 12, PATIENCE = 5 * 60 * 1000 };

struct list {
    const struct context *context;
    struct record record;
    int store;
    unsigned usual, *numbers;
    size_t count, shown; /* all, and those that stood on the screens before this one */
};

static const char *version_of(const struct list *list, const struct generation *generation)
{
    struct arena *arena = list->context->arena;
    struct error ignored;
    const char **versions = NULL;
    size_t count = 0;
    if (generation->kernel)
        return kernels_version(arena, generation->kernel);
    const struct volume *volume = list->context->config->generations.place.volume;
    auto_fd tree = generation->tree ? tree_open(context_volume(list->context, volume)->fd,
                                                generation->tree, generation->image, &ignored)
                                    : -1;
    kernels_list(arena, tree, &versions, &count);
    return count ? versions[count - 1] : NULL;
}

static void print_facts(const struct list *list, const struct generation *generation, FILE *out)
{
    time_t ignored;
    const char *version = version_of(list, generation);
    if (generation_time(generation->created, &ignored))
        fprintf(out, "  %.10s %.5s", generation->created, generation->created + 11);
    if (version) {
        fputs("  ", out);
        text_print(version, out);
    }
    if (generation->label && *generation->label) {
        fputs("  \"", out);
        text_print(generation->label, out);
        fputc('"', out);
    }
}

static void print_row(const struct list *list, char key, unsigned number, FILE *out)
{
    struct error error;
    const struct generation *generation;
    const struct context *context = list->context;
    const struct generations *declared = &context->config->generations;
    struct standing standing = standing_read(list->store, &list->record, declared->tries, number);
    standing.is_default = number == list->usual;
    fprintf(out, "%c %6u", key, number);
    if (generation_choose(context->arena, context_volume(context, declared->place.volume)->fd,
                          declared, NULL, arena_printf(context->arena, "%u", number), &generation,
                          &error) == 0)
        print_facts(list, generation, out);
    else
        fputs("  not whole", out);
    standing_print(&standing, out);
    fputc('\n', out);
}

/* How many are on this screen. */
static size_t show(const struct list *list)
{
    size_t count = list->count - list->shown, length;
    if (count > ROWS)
        count = ROWS;
    auto_string text = NULL;
    FILE *out = page_open(&text, &length);
    fputs("\nebb: choose a generation\n\n", out);
    for (size_t i = 0; i < count; i++)
        print_row(list, (char)('a' + i), list->numbers[list->count - 1 - list->shown - i], out);
    fputc('\n', out);
    fclose(out);
    page_show(text);
    return count;
}

/* The key of a row, or why there is none. */
static int press(const struct list *list, struct console_input *input, size_t count,
                 unsigned *limit)
{
    char late[40] = "going back";
    struct menu_row rows[ROWS + 3] = {0};
    for (size_t i = 0; i < count; i++)
        rows[i].key = (char)('a' + i);
    if (list->usual)
        snprintf(late, sizeof(late), "booting generation %u", list->usual);
    rows[count] = (struct menu_row){'\n', list->usual ? "the default" : "back", false};
    rows[count + 1] = (struct menu_row){'+', "more", count == list->count};
    struct menu menu = {.input = input,
                        .rows = rows,
                        .limit = *limit,
                        .patience = PATIENCE,
                        .late = late,
                        .news = -1};
    menu_show(&menu);
    int key = menu_wait(&menu);
    *limit = menu.limit ? PATIENCE : 0;
    return key;
}

static int open_list(struct list *list, struct error *error)
{
    const struct generations *declared = &list->context->config->generations;
    enum store_kind kind = (enum store_kind)declared->kind;
    list->store =
        store_open(context_volume(list->context, declared->place.volume)->fd, declared, error);
    return list->store < 0 ? list->store
                           : store_numbers(list->context->arena, list->store, kind, &list->numbers,
                                           &list->count, error);
}

unsigned choose_by(const struct context *context, struct console_input *input, unsigned usual,
                   unsigned limit)
{
    struct error error;
    struct list list = {.context = context, .store = -1, .usual = usual};
    auto_fd record = attempt_record(context, &list.record); /* without one, less is told */
    int code = open_list(&list, &error), key = '+';
    auto_fd store = list.store;
    if (code < 0)
        log_warning("nobody can choose a generation: %s", error.text);
    while (code == 0 && list.count && key == '+') {
        size_t count = show(&list);
        key = press(&list, input, count, &limit);
        if (key >= 'a')
            usual = list.numbers[list.count - 1 - list.shown - (size_t)(key - 'a')];
        list.shown = list.shown + count < list.count ? list.shown + count : 0;
    }
    if (key != '\n' && key < 'a')
        return 0;
    if (usual)
        log_info("a person chooses generation %u", usual);
    return usual;
}

unsigned choose_generation(const struct context *context, unsigned usual, unsigned limit)
{
    struct error error;
    struct console_input *input = NULL;
    if (!console_exists() || console_listen(&input, &error) < 0)
        return 0;
    unsigned number = choose_by(context, input, usual, limit);
    console_input_free(input);
    return number;
}
