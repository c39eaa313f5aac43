/* A state volume with three generations, and a boot that chooses one of them; for tests. */
#ifndef EBB_GENERATIONS_CHOOSING_H
#define EBB_GENERATIONS_CHOOSING_H

#include "base/testdata/scratch.h"

#include "generations/attempt.h"
#include "generations/choice.h"

struct scene {
    struct arena *arena;
    struct volume volume, *volumes[1];
    struct config config;
    struct context *context;
};

/* Three generations that are whole. */
UNUSED static void begin(struct scene *scene)
{
    *scene = (struct scene){.arena = arena_new(), .volume = {.name = "state"}};
    must_run("mkdir -p volume && cd volume && for i in 1 2 3; do mkdir -p generations/$i/tree &&"
             "echo '{\"format\": 1}' > generations/$i/generation.json; done");
    scene->volumes[0] = &scene->volume;
    scene->config = (struct config){
        .volumes = scene->volumes,
        .volume_count = 1,
        .generations = {
            .place = {.volume_name = "state", .path = "/generations", .volume = &scene->volume},
            .record = {.volume_name = "state", .path = "/.ebb/record", .volume = &scene->volume},
            .default_choice = "latest",
            .tries = 2}};
    scene->context = context_new(scene->arena, &scene->config, ".", "root");
    scene->context->states[0].fd = open_folder("volume");
    scene->context->waits = attempt_wait;
}

UNUSED static void end(struct scene *scene)
{
    close(scene->context->states[0].fd);
    arena_free(scene->arena);
}

UNUSED static unsigned choose(struct scene *scene, const char *asked)
{
    struct error error;
    struct plan plan = {.arena = scene->arena};
    choice_plan(&scene->config, asked, &plan);
    if (choice_apply(&plan.steps[0], scene->context, &error) < 0)
        fail_msg("%s", error.text);
    return scene->context->generation->number;
}

/* Reads it, and writes it if `chosen` or `good` is to be another one. */
UNUSED static struct record record_of(const struct scene *scene, unsigned chosen, unsigned good)
{
    struct error error;
    struct record record;
    auto_fd fd = record_open(scene->context->states[0].fd, ".ebb/record", true, &error);
    assert_int_equal(record_read(fd, &record, &error), 0);
    if (chosen || good) {
        record.chosen = chosen;
        record.last_good = good;
        assert_int_equal(record_write(fd, &record, &error), 0);
    }
    return record;
}

UNUSED static void assert_last(const struct scene *scene, unsigned generation,
                               enum record_stage stage, const char *text)
{
    struct record record = record_of(scene, 0, 0);
    const struct record_attempt *last = &record.attempts[record.count - 1];
    assert_int_equal(last->generation, generation);
    assert_int_equal(last->stage, stage);
    assert_string_equal(last->text, text);
}

UNUSED static void write_trial(const struct scene *scene, struct record_trial trial, bool age)
{
    struct error error;
    struct record record = record_of(scene, 0, 0);
    auto_fd fd = record_open(scene->context->states[0].fd, ".ebb/record", true, &error);
    if (trial.generation)
        record.trial = trial;
    for (size_t i = 0; age && i < record.count; i++)
        memset(record.attempts[i].boot, 0, RECORD_BOOT); /* of boots before this one */
    assert_int_equal(record_write(fd, &record, &error), 0);
}

UNUSED static void reboot_scene(const struct scene *scene)
{
    scene->context->is_waiting = false;
    write_trial(scene, (struct record_trial){0}, true);
}

UNUSED static const struct record_trial two = {TRIAL_WANTED, 2, 900, 1, 0};

#endif
