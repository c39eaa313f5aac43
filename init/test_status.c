#include "base/testdata/scratch.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "generations/record.h"
#include "init/status.h"
#include "plan/kinds.h"

#define ORIGIN                                                                                     \
    {                                                                                              \
        "ebb.conf", 3, 1                                                                           \
    }
static const struct hook quiet_hook = {.path = "/quiet", .failure = HOOK_WARNS},
                         loud_hook = {.path = "/hook", .failure = HOOK_DEGRADES};
static const struct step mount_step = {.kind = STEP_MOUNT, .origin = ORIGIN},
                         hook_step = {.kind = STEP_HOOK, .hook = &quiet_hook, .origin = ORIGIN},
                         loud_step = {.kind = STEP_HOOK, .hook = &loud_hook, .origin = ORIGIN},
                         root_step = {.kind = STEP_ROOT, .origin = ORIGIN};

static const struct persist_entry needed = {.required = REQUIRED_DEGRADE},
                                  unneeded = {.required = REQUIRED_IGNORE};
static const struct step
    needed_step = {.kind = STEP_BIND, .origin = ORIGIN, .target = "/a", .entry = &needed},
    unneeded_step = {.kind = STEP_BIND, .origin = ORIGIN, .target = "/b", .entry = &unneeded};

static void push(struct history *history, const struct step *step, const char *sentence,
                 const char *failure, bool ignored)
{
    *ARENA_PUSH(history->arena, history->outcomes, history->count) =
        (struct outcome){step, sentence, failure, ignored, 5};
}

static const char *text_of(struct json_object *object, const char *name)
{
    return json_object_get_string(json_object_object_get(object, name));
}

static struct json_object *write_and_read(const struct context *context,
                                          const struct history *history, const char *failure)
{
    struct error error;
    if (status_write("status.json", context, history, 0, failure, &error) < 0)
        fail_msg("%s", error.text);
    struct json_object *status = json_object_from_file("status.json");
    assert_non_null(status);
    assert_int_equal(json_object_get_int(json_object_object_get(status, "format")), 1);
    return status;
}

static void expect_step(struct json_object *status, size_t number, const char *kind,
                        const char *sentence, const char *result, const char *error)
{
    struct json_object *steps = json_object_object_get(status, "steps");
    struct json_object *step = json_object_array_get_idx(steps, number);
    assert_string_equal(text_of(step, "kind"), kind);
    assert_string_equal(text_of(step, "step"), sentence);
    assert_string_equal(text_of(step, "result"), result);
    assert_int_equal(error != NULL, text_of(step, "error") != NULL);
    if (error)
        assert_string_equal(text_of(step, "error"), error);
}

/* The root fails, and is made again: of the first attempt only its error is left. */
static void test_again(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct config config = {0};
    struct context *context = context_new(arena, &config, "/volumes", "/root");
    const struct generation generation = {.number = 3};
    struct history history = {.arena = arena};
    struct error error;
    push(&history, &mount_step, "mount it", NULL, false);
    push(&history, &hook_step, "run it", "it is ignored", true);
    push(&history, &root_step, "make it", "no memory", false);
    struct json_object *status = write_and_read(context, &history, "no memory");
    assert_string_equal(text_of(status, "result"), "failed");
    assert_string_equal(text_of(status, "error"), "no memory");
    assert_null(json_object_object_get(status, "generation"));
    assert_int_equal(json_object_array_length(json_object_object_get(status, "steps")), 3);
    assert_int_equal(json_object_array_length(json_object_object_get(status, "setbacks")), 0);
    expect_step(status, 0, "mount", "mount it", "done", NULL);
    expect_step(status, 1, "hook", "run it", "ignored", "it is ignored");
    expect_step(status, 2, "root", "make it", "failed", "no memory");
    json_object_put(status);

    error_set(&error, ENOMEM, "no memory");
    history_go_on(&history, 2, &error);
    push(&history, &root_step, "make it smaller", NULL, false);
    context->generation = &generation;
    status = write_and_read(context, &history, NULL);
    assert_string_equal(text_of(status, "result"), "done");
    assert_null(json_object_object_get(status, "error"));
    assert_int_equal(json_object_get_int(json_object_object_get(status, "generation")), 3);
    assert_int_equal(json_object_array_length(json_object_object_get(status, "steps")), 3);
    expect_step(status, 1, "hook", "run it", "ignored", "it is ignored");
    expect_step(status, 2, "root", "make it smaller", "done", NULL);
    struct json_object *setbacks = json_object_object_get(status, "setbacks");
    assert_int_equal(json_object_array_length(setbacks), 1);
    assert_string_equal(json_object_get_string(json_object_array_get_idx(setbacks, 0)),
                        "no memory");
    json_object_put(status);
}

/* Entries that did not come back, but only those that are missed. */
static void test_degraded(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct config config = {0};
    struct context *context = context_new(arena, &config, "/volumes", "/root");
    struct history history = {.arena = arena};
    push(&history, &needed_step, "bind it", NULL, false);
    push(&history, &hook_step, "run it", "it is ignored", true);
    push(&history, &unneeded_step, "bind that", "it is a file", true);
    struct json_object *status = write_and_read(context, &history, NULL);
    assert_string_equal(text_of(status, "degraded"), "[ ]");
    json_object_put(status);
    push(&history, &needed_step, "bind it", "it is a file", true);
    status = write_and_read(context, &history, NULL);
    assert_string_equal(text_of(status, "degraded"), "[ \"\\/a\" ]");
    expect_step(status, 3, "bind", "bind it", "ignored", "it is a file");
    assert_string_equal(text_of(status, "late"), "[ ]");
    json_object_put(status);
    push(&history, &loud_step, "run it loudly", "it failed", true);
    status = write_and_read(context, &history, NULL);
    assert_string_equal(text_of(status, "degraded"), "[ \"\\/a\", \"\\/hook\" ]");
    json_object_put(status);
    *ARENA_PUSH(arena, context->late, context->late_count) = "/c";
    status = write_and_read(context, &history, NULL);
    assert_string_equal(text_of(status, "late"), "[ \"\\/c\" ]");
    json_object_put(status);
}

/* Only of a boot before this one, and only if its init was executed. */
static void test_last_end(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct error error;
    struct volume volume = {.name = "state"}, *volumes[] = {&volume};
    struct config config = {.volumes = volumes,
                            .volume_count = 1,
                            .generations.record = {.volume = &volume, .path = "/.ebb/record"}};
    struct context *context = context_new(arena, &config, "/volumes", "/root");
    struct history history = {.arena = arena};
    struct record record = {0};
    must_run("mkdir volume");
    auto_fd fd = context->states[0].fd = open_folder("volume");
    auto_fd file = record_open(fd, "/.ebb/record", true, &error);
    struct record_attempt *attempt = record_add(&record, 1);
    attempt->end = RECORD_END_CLEAN;
    for (unsigned i = 0; i < 2U * RECORD_STAGES; i++) {
        attempt->stage = i % RECORD_STAGES;
        if (i >= RECORD_STAGES)
            memset(attempt->boot, 7, RECORD_BOOT);
        assert_int_equal(record_write(file, &record, &error), 0);
        struct json_object *status = write_and_read(context, &history, NULL);
        const char *end = text_of(status, "last_end");
        if (i >= RECORD_STAGES && record_has_left(attempt))
            assert_string_equal(end, "clean");
        else
            assert_null(end);
        json_object_put(status);
    }
}

/* What `ebb lost` subtracts from: where the tree and the layer are, and what came back. */
static void test_root(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct volume volume = {.name = "state", .fs.type = "ext4", .mount = "/persist"},
                  keys = {.name = "keys", .fs.type = "vfat", .number = 1},
                  lost = {.name = "lost", .number = 2}, *volumes[] = {&volume, &keys, &lost};
    struct config config = {.volumes = volumes,
                            .volume_count = 3,
                            .root.kind = ROOT_OVERLAY,
                            .generations.place.volume = &volume};
    const struct generation generation = {.number = 3, .tree = "/generations/3/tree"};
    const struct step bind = {.kind = STEP_BIND, .origin = ORIGIN, .target = "/var/log"};
    struct context *context = context_new(arena, &config, "/run/ebb/volumes", "/root");
    struct history history = {.arena = arena};
    context->generation = &generation;
    context->states[0].fd = context->states[1].fd = 0;
    snprintf(context->states[0].device, sizeof(context->states[0].device), "/dev/vda");
    context->states[1].in_memory = true;
    push(&history, &bind, "bind it", NULL, false);
    struct json_object *status = write_and_read(context, &history, NULL);
    struct json_object *root = json_object_object_get(status, "root"),
                       *list = json_object_object_get(status, "volumes");
    assert_string_equal(text_of(root, "type"), "overlay");
    assert_string_equal(text_of(root, "tree"), "/persist/generations/3/tree");
    assert_string_equal(text_of(root, "upper"), "/run/ebb/volumes/.layer/upper");
    struct json_object *made = json_object_object_get(root, "made");
    struct moment now = clock_moment();
    int64_t wall = json_object_get_int64(json_object_object_get(made, "wall")),
            kernel = json_object_get_int64(json_object_object_get(made, "kernel"));
    assert_true(wall > 0 && wall <= now.wall && kernel > 0 && kernel <= now.kernel);
    assert_int_equal(json_object_array_length(list), 2);
    struct json_object *first = json_object_array_get_idx(list, 0),
                       *second = json_object_array_get_idx(list, 1);
    assert_string_equal(text_of(first, "name"), "state");
    assert_string_equal(text_of(first, "device"), "/dev/vda");
    assert_string_equal(text_of(first, "fs"), "ext4");
    assert_string_equal(text_of(first, "place"), "/persist");
    assert_string_equal(text_of(second, "place"), "/run/ebb/volumes/keys");
    assert_null(json_object_object_get(first, "in_memory"));
    assert_string_equal(text_of(second, "in_memory"), "true");
    assert_string_equal(text_of(status, "degraded"), "[ \"keys\" ]");
    assert_string_equal(
        text_of(json_object_array_get_idx(json_object_object_get(status, "steps"), 0), "target"),
        "/var/log");
    json_object_put(status);

    config.root.kind = ROOT_TMPFS;
    config.generations.place.volume = &keys;
    status = write_and_read(context, &history, NULL);
    root = json_object_object_get(status, "root");
    assert_string_equal(text_of(root, "tree"), "/run/ebb/volumes/keys/generations/3/tree");
    assert_null(text_of(root, "upper"));
    const struct generation image = {
        .number = 3, .tree = "/generations/3/tree.erofs", .image = "erofs"};
    context->generation = &image;
    json_object_put(status);
    status = write_and_read(context, &history, NULL);
    root = json_object_object_get(status, "root");
    assert_string_equal(text_of(root, "tree"), "/run/ebb/volumes/.tree");
    assert_string_equal(text_of(root, "image"), "/run/ebb/volumes/keys/generations/3/tree.erofs");
    context->root_kept = true;
    json_object_put(status);
    status = write_and_read(context, &history, NULL);
    assert_null(json_object_object_get(json_object_object_get(status, "root"), "made"));
    json_object_put(status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_again, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_degraded, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_last_end, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_root, enter_scratch, leave_scratch)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
