/* ebb health: whether this boot would be confirmed. */
#include "tool/health.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>

#include "base/log.h"
#include "plan/value.h"
#include "tool/booted.h"
#include "tool/name.h"
#include "tool/options.h"
#include "tool/verb.h"

static const char *word_of(const struct health_check *check)
{
    return check->fault ? "failed" : "passed";
}

static struct json_object *check_object(struct arena *arena, const struct health_check *check)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "name", name_json(arena, check->name));
    json_object_object_add(object, "required", json_object_new_boolean(check->required));
    json_object_object_add(object, "result", json_object_new_string(word_of(check)));
    if (check->fault)
        json_object_object_add(object, "error", name_json(arena, check->fault));
    return object;
}

static void print_json(struct arena *arena, const struct health *health, FILE *out)
{
    struct json_object *object = json_object_new_object(), *checks = json_object_new_array();
    for (size_t i = 0; i < health->count; i++)
        json_object_array_add(checks, check_object(arena, &health->checks[i]));
    json_object_object_add(object, "format", json_object_new_int(1));
    json_object_object_add(object, "good", json_object_new_boolean(!health->fault));
    json_object_object_add(object, "checks", checks);
    fprintf(out, "%s\n",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

void health_print(struct arena *arena, const struct health *health, bool json, FILE *out)
{
    if (json) {
        print_json(arena, health, out);
        return;
    }
    if (!health->count)
        fputs("there are no health checks in /etc/ebb/health.d\n", out);
    for (size_t i = 0; i < health->count; i++) {
        const struct health_check *check = &health->checks[i];
        fprintf(out, "%s  %-8s  ", word_of(check), check->required ? "required" : "wanted");
        name_print(check->name, true, out);
        fputc('\n', out);
    }
}

static int look(struct arena *arena, unsigned timeout, struct health *health, struct error *error)
{
    struct booted booted;
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct target root = {fd, ""};
    int code = booted_read(arena, root, &booted, error);
    if (code < 0)
        return code;
    const struct health_wish wish = {booted.generation, timeout};
    return health_run(arena, root, &wish, health, error);
}

int health_look(struct arena *arena, const char *timeout, struct health *health)
{
    struct error error;
    unsigned time = HEALTH_TIMEOUT;
    const char *objection = timeout ? value_duration(timeout, &time) : NULL;
    if (objection) {
        log_error("--timeout \"%s\" %s", timeout, objection);
        return EXIT_USAGE;
    }
    if (look(arena, time, health, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    for (size_t i = 0; i < health->count; i++)
        if (health->checks[i].fault)
            log_error("%s", health->checks[i].fault);
    return -1;
}

int verb_health(int argc, char **argv)
{
    bool json = false;
    const char *timeout = NULL;
    const struct option_row options[] = {
        HEALTH_TIMEOUT_OPTION(timeout),
        OPTION_FLAG("json", "write JSON", &json),
    };
    const struct usage usage = {
        .synopsis = "health [--timeout TIME] [--json]",
        .about = "Runs the checks in /etc/ebb/health.d, as `ebb confirm` does, and confirms "
                 "nothing. Exit status: 0 the boot would be confirmed, 1 it would not.",
        .options = options,
        .option_count = ARRAY_LENGTH(options)};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    struct health health;
    status = health_look(arena, timeout, &health);
    if (status >= 0)
        return status;
    health_print(arena, &health, json, stdout);
    return verb_flush(health.fault ? EXIT_NO : EXIT_DONE);
}
