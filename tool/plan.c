#include <json-c/json.h>
#include <string.h>

#include "generations/store.h"
#include "plan/kinds.h"
#include "plan/make.h"
#include "plan/print.h"
#include "plan/value.h"
#include "tool/options.h"
#include "tool/verb.h"

static struct json_object *text(const char *value)
{
    return json_object_new_string(value);
}

static struct json_object *steps_object(const struct plan *plan)
{
    struct json_object *steps = json_object_new_array();
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "kind", text(step_kinds[step->kind].name));
        json_object_object_add(object, "step", text(step_sentence(plan->arena, step)));
        json_object_object_add(object, "origin", text(origin_line(plan->arena, step->origin)));
        if (step->target)
            json_object_object_add(object, "target", text(step->target));
        json_object_array_add(steps, object);
    }
    return steps;
}

static struct json_object *overrides_object(struct arena *arena, const struct config *config)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < config->override_count; i++) {
        const struct override *override = &config->overrides[i];
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "what", text(override->what));
        json_object_object_add(object, "winner", text(origin_line(arena, override->winner)));
        json_object_object_add(object, "loser", text(origin_line(arena, override->loser)));
        json_object_array_add(list, object);
    }
    return list;
}

static void print_json(const struct config *config, const struct plan *volumes,
                       const struct plan *root)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "format", json_object_new_int(1));
    json_object_object_add(object, "volumes", steps_object(volumes));
    json_object_object_add(object, "root", steps_object(root));
    json_object_object_add(object, "overrides", overrides_object(root->arena, config));
    puts(json_object_to_json_string_ext(object,
                                        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

static void print_overrides(struct arena *arena, const struct config *config)
{
    if (config->override_count == 0)
        puts("\nnothing was overridden");
    else
        puts("");
    for (size_t i = 0; i < config->override_count; i++)
        printf("\"%s\" is that of %s, not that of %s, which is included deeper\n",
               config->overrides[i].what, origin_line(arena, config->overrides[i].winner),
               origin_line(arena, config->overrides[i].loser));
}

int verb_plan(int argc, char **argv)
{
    bool why = false, json = false;
    const char *generation = NULL, *init = NULL;
    const struct option_row options[] = {
        OPTION_FLAG("why", "show which declarations overrode which", &why),
        OPTION_FLAG("json", "write JSON", &json),
        OPTION_TEXT("generation", "N", "as if the kernel parameter ebb.generation=N", &generation),
        OPTION_TEXT("init", "PATH", "as if the kernel parameter init=PATH", &init),
    };
    const struct usage usage = {
        .synopsis = "plan [OPTION]... [CONF]",
        .about = "Prints the steps of the next boot, each with the line that asks for "
                 "it. Nothing is done.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    const char *objection = generation ? value_chosen(generation) : NULL;
    if (objection) {
        fprintf(stderr, "ebb: --generation \"%s\" %s\n", generation, objection);
        return EXIT_USAGE;
    }
    objection = init ? path_objection(init) : NULL;
    if (objection) {
        fprintf(stderr, "ebb: --init \"%s\" %s\n", init, objection);
        return EXIT_USAGE;
    }
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    auto_arena arena = arena_new();
    const struct generation *wanted =
        generation_wanted(arena, generation ? generation : config->generations.default_choice);
    const struct plan *volumes = plan_volumes(arena, config, generation);
    const struct plan *root = plan_root(arena, config, wanted, init);
    if (json) {
        print_json(config, volumes, root);
        return EXIT_DONE;
    }
    plan_print(volumes, stdout);
    plan_print(root, stdout);
    if (why)
        print_overrides(arena, config);
    return EXIT_DONE;
}
