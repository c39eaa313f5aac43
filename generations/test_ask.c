/* When a person is asked which generation is booted, and what becomes of the answer. */
#include "generations/choosing.h"

/* A person who is asked, and what they were told. */
static struct {
    unsigned answer, times, usual, limit;
    enum record_stage stage; /* meanwhile */
    const struct scene *scene;
} person;

static unsigned ask_person(const struct context *context, unsigned usual, unsigned limit)
{
    struct record record = record_of(person.scene, 0, 0);
    assert_null(context->generation);
    person.times++;
    person.usual = usual;
    person.limit = limit;
    person.stage = record.attempts[record.count - 1].stage;
    return person.answer;
}

static void begin_asking(struct scene *scene, unsigned answer)
{
    begin(scene);
    must_run("rm -rf volume/.ebb");
    person.scene = scene;
    person.answer = answer;
    person.times = 0;
    scene->context->chooses = ask_person;
}

static void assert_asked(unsigned times, unsigned usual, unsigned limit)
{
    assert_int_equal(person.times, times);
    assert_int_equal(person.usual, usual);
    assert_int_equal(person.limit, limit);
    assert_int_equal(person.stage, RECORD_WAITS);
}

/* Who is asked, and for how long, is declared, or said for this boot. */
static void test_asked(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct scene scene;
    struct error error;
    begin_asking(&scene, 0);
    assert_int_equal(choose(&scene, NULL), 3);
    assert_int_equal(person.times, 0); /* there is no reason to ask */
    attempt_note(scene.context, RECORD_FAILED, "no");
    scene.config.generations.menu = 3000;
    assert_int_equal(choose(&scene, "2"), 2); /* who has chosen is not asked */
    assert_int_equal(person.times, 0);
    assert_int_equal(choose(&scene, NULL), 3); /* nobody answers */
    assert_asked(1, 3, 3000);
    assert_last(&scene, 3, RECORD_STARTED, "");
    assert_int_equal(choice_fall_back(scene.context, &error), 0);
    person.answer = 1;
    assert_int_equal(choose(&scene, "menu"), 1);
    assert_asked(2, 3, 0);
    assert_last(&scene, 1, RECORD_STARTED, "");
    assert_int_equal(choice_fall_back(scene.context, &error), -ENOENT); /* it was asked for */
    scene.config.rescue = (struct rescue){.action = RESCUE_REBOOT, .after = 7000};
    assert_int_equal(choose(&scene, "menu"), 1);
    assert_asked(3, 3, 7000);
    scene.context->menu = 9000;
    assert_int_equal(choose(&scene, "2"), 1);
    assert_asked(4, 2, 9000);
    end(&scene);
}

static void test_asked_after_failure(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct scene scene;
    begin_asking(&scene, 0);
    assert_int_equal(choose(&scene, NULL), 3);
    reboot_scene(&scene); /* it died */
    assert_int_equal(choose(&scene, NULL), 3);
    assert_asked(1, 3, 5000);
    reboot_scene(&scene); /* and again, so it gives way */
    assert_int_equal(choose(&scene, NULL), 2);
    assert_asked(2, 2, 5000);
    attempt_note(scene.context, RECORD_LEFT, "");
    reboot_scene(&scene);
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(person.times, 2);
    context_wait(scene.context, true); /* who is switched off has not failed */
    reboot_scene(&scene);
    person.answer = 3;
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(person.times, 2);
    (void)record_of(&scene, 0, 1); /* boots are confirmed here */
    attempt_note(scene.context, RECORD_LEFT, "");
    reboot_scene(&scene);
    assert_int_equal(choose(&scene, NULL), 3); /* though it is bad */
    assert_asked(3, 1, 5000);
    end(&scene);
}

/* A trial comes, unless a person wants something else, and then it comes later. */
static void test_asked_in_trial(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct scene scene;
    struct error error;
    begin_asking(&scene, 0);
    scene.config.generations.menu = 3000;
    write_trial(&scene, two, false);
    struct plan plan = {.arena = scene.arena};
    scene.volume.holds_record = true;
    record_plan(&scene.config, NULL, &plan);
    assert_int_equal(record_apply(&plan.steps[0], scene.context, &error), 0);
    person.answer = 1;
    assert_int_equal(choose(&scene, NULL), 1);
    assert_asked(1, 2, 3000);
    assert_int_equal(scene.context->trial, 0);
    assert_int_equal(record_of(&scene, 0, 0).trial.state, TRIAL_WANTED);
    reboot_scene(&scene);
    person.answer = 0;
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(scene.context->trial, 900);
    end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_asked), TEST(test_asked_after_failure),
                                       TEST(test_asked_in_trial)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
