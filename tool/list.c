/* ebb list: the generations of a store. */
#include "tool/list.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "generations/facts.h"
#include "generations/kernels.h"
#include "generations/size.h"
#include "generations/standing.h"
#include "generations/tree.h"
#include "tool/name.h"
#include "tool/state.h"
#include "tool/verb.h"

struct row {
    unsigned number;
    const struct generation *generation; /* NULL: it is not whole */
    const char *fault;                   /* why not */
    const char **kernels;                /* the versions whose modules it has */
    size_t kernel_count;
    struct generation_size size;
    bool is_sized; /* else it is not known */
    struct standing standing;
};

/* The number that would be booted, 0 if there is none. */
static unsigned number_of(const struct store_place *place, const char *choice)
{
    struct error ignored;
    const struct generation *generation;
    return place_choose(place, choice, &generation, &ignored) == 0 ? generation->number : 0;
}

static bool is_latest(const struct store_place *place, const unsigned *numbers, size_t count,
                      size_t i)
{
    return place->declared.kind == STORE_NIX ? numbers[i] == number_of(place, "latest")
                                             : i + 1 == count;
}

/* Whether a boot could lay it out, or mount it. */
static int check_tree(const struct store_place *place, const struct generation *generation,
                      struct error *error)
{
    if (!generation->tree) /* whoever read it has opened what stands for it */
        return 0;
    int flags = generation->image ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    auto_fd tree = path_open(place->volume, generation->tree, flags);
    if (tree < 0)
        return error_system(error, -tree, "cannot open its tree");
    if (generation->image && loop_check(tree, generation->image, error) < 0)
        return error_prefix(error, "its image");
    return 0;
}

/* None where they are not known: only root can look into an image. */
static void look_inside(const struct store_place *place, struct row *row)
{
    struct error ignored;
    const char *image, *path = facts_tree(place->arena, place->store, row->number, &image);
    auto_fd tree = tree_open(place->store, path, image, &ignored);
    kernels_list(place->arena, tree, &row->kernels, &row->kernel_count);
}

static int look(const struct store_place *place, struct row *row, struct error *error)
{
    struct error fault;
    const char *choice = arena_printf(place->arena, "%u", row->number);
    if (place_choose(place, choice, &row->generation, &fault) < 0 ||
        check_tree(place, row->generation, &fault) < 0) {
        row->generation = NULL;
        row->fault = arena_string(place->arena, fault.text);
    }
    row->standing =
        standing_read(place->store, &place->record,
                      place->config ? place->config->generations.tries : 0, row->number);
    row->standing.booted = row->number == place->booted;
    const char *version = row->generation && row->generation->kernel
                              ? kernels_version(place->arena, row->generation->kernel)
                              : NULL;
    if (version)
        *ARENA_PUSH(place->arena, row->kernels, row->kernel_count) = version;
    if (place->declared.kind == STORE_NIX) /* what the systems of a Nix store share is its own */
        return 0;
    row->is_sized = true;
    look_inside(place, row);
    return generation_size(place->store, &row->number, 1, &row->size, error);
}

static void print_row(const struct row *row, FILE *out)
{
    const char *created = row->generation ? row->generation->created : NULL;
    fprintf(out, "%6u %16s %10s %10s", row->number, name_time(created).text,
            row->is_sized ? name_size(row->size.own).text : "?",
            row->is_sized ? name_size(row->size.shared).text : "?");
    if (row->kernel_count) {
        fputs("  ", out);
        name_print(row->kernels[row->kernel_count - 1], true, out);
    }
    if (row->generation && row->generation->label && *row->generation->label) {
        fputs("  \"", out);
        name_print(row->generation->label, true, out);
        fputc('"', out);
    }
    standing_print(&row->standing, out);
    if (row->fault) {
        fputs("\n       not whole: ", out);
        name_print(row->fault, true, out);
    }
    fputc('\n', out);
}

static struct json_object *row_object(struct arena *arena, const struct row *row)
{
    struct json_object *object = json_object_new_object(), *kernels = json_object_new_array();
    const struct generation *generation = row->generation;
    for (size_t i = 0; i < row->kernel_count; i++)
        json_object_array_add(kernels, name_json(arena, row->kernels[i]));
    json_object_object_add(object, "number", json_object_new_int((int)row->number));
    json_object_object_add(object, "whole", json_object_new_boolean(generation != NULL));
    if (row->fault)
        json_object_object_add(object, "error", name_json(arena, row->fault));
    if (generation && generation->label && *generation->label)
        json_object_object_add(object, "label", name_json(arena, generation->label));
    if (generation && generation->created)
        json_object_object_add(object, "created", name_json(arena, generation->created));
    if (generation && generation->parent)
        json_object_object_add(object, "parent", json_object_new_int((int)generation->parent));
    if (generation && generation->kernel)
        json_object_object_add(object, "kernel", name_json(arena, generation->kernel));
    else if (row->kernel_count)
        json_object_object_add(object, "kernel",
                               name_json(arena, row->kernels[row->kernel_count - 1]));
    json_object_object_add(object, "kernels", kernels);
    if (generation && generation->parameters)
        json_object_object_add(object, "parameters", name_json(arena, generation->parameters));
    if (row->is_sized) {
        json_object_object_add(object, "own", json_object_new_uint64(row->size.own));
        json_object_object_add(object, "shared", json_object_new_uint64(row->size.shared));
    }
    json_object_object_add(object, "booted", json_object_new_boolean(row->standing.booted));
    json_object_object_add(object, "latest", json_object_new_boolean(row->standing.latest));
    json_object_object_add(object, "default", json_object_new_boolean(row->standing.is_default));
    json_object_object_add(object, "good", json_object_new_boolean(row->standing.good));
    json_object_object_add(object, "bad", json_object_new_boolean(row->standing.bad));
    json_object_object_add(object, "failures", json_object_new_int((int)row->standing.failures));
    json_object_object_add(object, "pinned", json_object_new_boolean(row->standing.pinned));
    return object;
}

static void print(const struct states *states, const struct list_wish *wish, const struct row *rows,
                  size_t count, FILE *out)
{
    if (!wish->json)
        fputs("number          created        own     shared\n", out);
    else
        fputs("{\"format\":1,\n\"generations\":[", out);
    for (size_t i = 0; i < count; i++) {
        if (!wish->json) {
            print_row(&rows[i], out);
            continue;
        }
        struct json_object *object = row_object(states->arena, &rows[i]);
        fprintf(out, "%s\n%s", i ? "," : "",
                json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                           JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
    }
    if (!wish->json) {
        state_print(states, out);
        return;
    }
    struct json_object *objects = state_objects(states);
    fprintf(out, "],\n\"states\":%s}\n",
            json_object_to_json_string_ext(objects, JSON_C_TO_STRING_PLAIN |
                                                        JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(objects);
}

/* Where a volume is not there, its states are told of as little as it is needed. */
static void open_states(const struct store_place *place, struct target root, struct states *states)
{
    struct error error;
    *states = (struct states){.arena = place->arena};
    if (place->config && states_open(place->arena, root, place->config, states, &error) < 0)
        log_warning("the states are not listed: %s", error.text);
}

static int list(const struct store_place *place, struct target root, const struct list_wish *wish,
                FILE *out, struct error *error)
{
    struct states states;
    unsigned *numbers = NULL, default_number = number_of(place, place->default_choice);
    size_t count = 0;
    int code =
        store_numbers(place->arena, place->store, place->declared.kind, &numbers, &count, error);
    struct row *rows = arena_alloc(place->arena, (count + 1) * sizeof(*rows));
    for (size_t i = 0; code == 0 && i < count; i++) {
        rows[i] = (struct row){.number = numbers[i]};
        code = look(place, &rows[i], error);
        rows[i].standing.latest = is_latest(place, numbers, count, i);
        rows[i].standing.is_default = numbers[i] == default_number;
    }
    if (code < 0)
        return code;
    open_states(place, root, &states);
    print(&states, wish, rows, count, out);
    states_close(&states);
    return 0;
}

int list_tell(struct target root, const struct list_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct store_place place;
    struct error error;
    int code = place_open(arena, root, &wish->place, false, &place, &error);
    if (code == 0)
        code = list(&place, root, wish, out, &error);
    place_close(&place);
    if (code == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

int verb_list(int argc, char **argv)
{
    struct list_wish wish = {0};
    const struct option_row options[] = {
        OPTION_FLAG("json", "write JSON", &wish.json),
        PLACE_OPTIONS(wish.place),
    };
    const struct usage usage = {
        .synopsis = "list [--json] [--store DIR] [--config CONF]",
        .about = "Lists the generations of a store, and the states of what persists.",
        .options = options,
        .option_count = ARRAY_LENGTH(options)};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(list_tell((struct target){fd, ""}, &wish, stdout));
}
