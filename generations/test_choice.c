/* Which generation a boot is about, by what the record tells of the ones before, and what the boot
 * writes into it. */
#include "generations/choosing.h"
#include "generations/trial.h"

static void test_noted(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct scene scene;
    begin(&scene);
    attempt_note(scene.context, RECORD_STARTED, ""); /* of none */
    assert_int_equal(choose(&scene, NULL), 3);
    assert_last(&scene, 3, RECORD_STARTED, "");
    context_wait(scene.context, true);
    assert_last(&scene, 3, RECORD_WAITS, "");
    context_wait(scene.context, false);
    assert_last(&scene, 3, RECORD_STARTED, "");
    attempt_note(scene.context, RECORD_FAILED, "no room");
    assert_last(&scene, 3, RECORD_FAILED, "no room");
    attempt_note(scene.context, RECORD_LEFT, "");
    assert_last(&scene, 3, RECORD_LEFT, "");
    assert_int_equal(record_of(&scene, 0, 0).count, 1);
    end(&scene);
}

static void test_fall_back(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    struct error error;
    begin(&scene);
    assert_int_equal(choose(&scene, NULL), 3);
    (void)record_of(&scene, 0, 1); /* that which was good comes first */
    assert_int_equal(choice_fall_back(scene.context, &error), 0);
    assert_int_equal(scene.context->generation->number, 1);
    assert_int_equal(choice_fall_back(scene.context, &error), -ENOENT); /* there is none below */
    end(&scene);

    begin(&scene);
    must_run("rm volume/.ebb/record");
    assert_int_equal(choose(&scene, NULL), 3);
    assert_int_equal(choice_fall_back(scene.context, &error), 0);
    assert_last(&scene, 2, RECORD_STARTED, "");
    assert_int_equal(choose(&scene, "3"), 3); /* a person's choice stays */
    assert_int_equal(choice_fall_back(scene.context, &error), -ENOENT);
    end(&scene);
}

/* Modules of another kernel: it gives way, as long as there is another one. */
static void test_kernel(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    struct error error;
    begin(&scene);
    must_run(
        "rm -f volume/.ebb/record; cd volume/generations && mkdir -p 3/tree/usr/lib/modules/0.1 "
        "2/tree/lib/modules/$(uname -r) 2/tree/lib/modules/0.1");
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(choose(&scene, "3"), 3); /* a person may */
    struct record record = record_of(&scene, 0, 0);
    assert_false(record_is_bad(&record, 3, 0));
    write_trial(&scene, (struct record_trial){TRIAL_WANTED, 3, 900, 1, 0}, true);
    assert_int_equal(choose(&scene, NULL), 1); /* the way back */
    assert_int_equal(scene.context->trial, 0);
    must_run("rm -r volume/.ebb; cd volume/generations && mv 2 1 ../; rm -r 1; true");
    assert_int_equal(choose(&scene, NULL), 3); /* there is no other */
    assert_int_equal(choice_fall_back(scene.context, &error), -ENOENT);
    end(&scene);
}

static void test_spent(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(choose(&scene, NULL), 3);
        attempt_note(scene.context, RECORD_FAILED, "no");
    }
    struct record record = record_of(&scene, 0, 0);
    for (size_t i = 0; i < record.count; i++)
        record.attempts[i].boot[0] ^= 1; /* of boots before this one */
    struct error error;
    auto_fd fd = record_open(scene.context->states[0].fd, ".ebb/record", true, &error);
    assert_int_equal(record_write(fd, &record, &error), 0);
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(choose(&scene, "latest"), 3);
    (void)record_of(&scene, 1, 0); /* by `ebb rollback` */
    assert_int_equal(choose(&scene, NULL), 1);
    (void)record_of(&scene, 9, 0); /* which is gone */
    assert_int_equal(choose(&scene, NULL), 3);
    end(&scene);
}

/* Where all are bad, that which would be booted is. */
static void test_all_bad(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    struct error error;
    begin(&scene);
    struct record record = record_of(&scene, 0, 0);
    auto_fd fd = record_open(scene.context->states[0].fd, ".ebb/record", true, &error);
    record.last_good = 1;
    for (unsigned i = 1; i <= 3; i++)
        record_mark_bad(&record, i);
    assert_int_equal(record_write(fd, &record, &error), 0);
    assert_int_equal(choose(&scene, NULL), 3);
    assert_int_equal(choice_fall_back(scene.context, &error), -ENOENT);
    end(&scene);
}

/* A record that cannot be read, or not by us, costs what it tells, and no boot. */
static void test_unreadable(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    assert_int_equal(choose(&scene, NULL), 3);
    must_run("cd volume/.ebb && for at in 100 5000; do printf xxxx | dd of=record bs=1 seek=$at "
             "conv=notrunc status=none; done && printf ebb-rec9 | dd of=record conv=notrunc bs=1 "
             "status=none && cp record later");
    assert_int_equal(choose(&scene, NULL), 3);
    must_run("cmp volume/.ebb/record volume/.ebb/later"); /* the later Ebb finds it */
    must_run("cd volume/.ebb && printf xxxxxxxx | dd of=record conv=notrunc bs=1 status=none");
    assert_int_equal(choose(&scene, NULL), 3);
    assert_last(&scene, 3, RECORD_STARTED, "");
    end(&scene);
}

/* It has one boot; then the generation is bad, and the way back is taken. */
static void test_trial(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    write_trial(&scene, two, false);
    assert_int_equal(choose(&scene, "1"), 1); /* a person wants something else */
    assert_int_equal(scene.context->trial, 0);
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(scene.context->trial, 900);
    assert_int_equal(record_of(&scene, 0, 0).trial.state, TRIAL_RUNS);
    attempt_note(scene.context, RECORD_LEFT, "");
    reboot_scene(&scene);
    assert_int_equal(choose(&scene, NULL), 1); /* 3 is newer, and never ran */
    assert_int_equal(scene.context->trial, 0);
    struct record record = record_of(&scene, 0, 0);
    assert_true(record_is_bad(&record, 2, 0));
    assert_int_equal(record.trial.state, TRIAL_NONE);
    assert_non_null(strstr(record.attempts[1].text, "it was on trial"));
    end(&scene);

    begin(&scene); /* that which is declared is tried, and is bad from then on */
    must_run("rm volume/.ebb/record");
    write_trial(&scene, (struct record_trial){TRIAL_WANTED, 3, 900, 1, 0}, false);
    assert_int_equal(choose(&scene, "3"), 3); /* as an entry of the boot loader asks */
    assert_int_equal(scene.context->trial, 900);
    reboot_scene(&scene);
    assert_int_equal(choose(&scene, NULL), 1);
    assert_int_equal(choose(&scene, "3"), 3); /* a person may */
    assert_int_equal(scene.context->trial, 0);
    end(&scene);
}

/* The kernel that runs starts that of a trial, unless the boot loader was to do so: what did not
 * come up then is not begun once more. */
static void test_by_loader(void **state)
{
    (void)state; /* as above */
    for (uint32_t by_loader = 0; by_loader < 2; by_loader++) {
        struct scene scene;
        begin(&scene);
        must_run("rm -f volume/.ebb/record; mkdir -p volume/generations/2/tree/lib/modules/0.1");
        struct config *config = (struct config *)scene.context->config;
        config->boot.place.volume = config->generations.place.volume;
        write_trial(&scene, (struct record_trial){TRIAL_WANTED, 2, 900, 1, by_loader}, false);
        assert_int_equal(choose(&scene, NULL), by_loader ? 1 : 2);
        assert_int_equal(scene.context->trial, by_loader ? 0 : 900);
        struct record record = record_of(&scene, 0, 0);
        assert_int_equal(record_is_bad(&record, 2, 0), by_loader);
        assert_int_equal(record.attempts[0].generation, 2);
        assert_string_equal(record.attempts[0].text,
                            by_loader ? "the boot loader was to start its kernel once, which did "
                                        "not come up"
                                      : "");
        end(&scene);
    }
}

/* What cannot be entered gives way in the same boot. */
static void test_trial_fails(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    struct error error;
    begin(&scene);
    write_trial(&scene, two, false);
    assert_int_equal(choose(&scene, NULL), 2);
    attempt_note(scene.context, RECORD_FAILED, "no init");
    assert_int_equal(choice_fall_back(scene.context, &error), 0);
    assert_int_equal(scene.context->generation->number, 1);
    assert_int_equal(scene.context->trial, 0);
    struct record record = record_of(&scene, 0, 0);
    assert_true(record_is_bad(&record, 2, 0));
    assert_int_equal(record.trial.state, TRIAL_NONE);
    write_trial(&scene, (struct record_trial){TRIAL_WANTED, 9, 900, 1, 0}, false); /* it is gone */
    assert_int_equal(choose(&scene, NULL), 1);
    assert_int_equal(record_of(&scene, 0, 0).trial.state, TRIAL_NONE);
    end(&scene);
}

static void test_trial_waits(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    write_trial(&scene, two, false);
    assert_int_equal(choose(&scene, NULL), 2);
    context_wait(scene.context, true); /* and somebody switches it off */
    reboot_scene(&scene);
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(scene.context->trial, 900);
    end(&scene);
}

/* Where the record is on a volume of its own, the boot begins before anything is known. */
static void test_early(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    struct error error;
    begin(&scene);
    struct plan plan = {.arena = scene.arena};
    record_plan(&scene.config, NULL, &plan);
    assert_int_equal(plan.count, 0);
    scene.volume.holds_record = true;
    record_plan(&scene.config, NULL, &plan);
    const struct step step = plan.steps[0];
    assert_true(step.is_optional);
    assert_int_equal(record_apply(&step, scene.context, &error), 0);
    assert_last(&scene, 0, RECORD_STARTED, "");
    context_wait(scene.context, true); /* before it could be written down */
    assert_int_equal(record_apply(&step, scene.context, &error), 0);
    assert_last(&scene, 0, RECORD_WAITS, "");
    assert_last(&scene, 0, RECORD_WAITS, "");
    context_wait(scene.context, false);
    attempt_note(scene.context, RECORD_FAILED, "no disk");
    assert_last(&scene, 0, RECORD_FAILED, "no disk");
    assert_int_equal(choose(&scene, NULL), 3);
    assert_int_equal(record_of(&scene, 0, 0).count, 3);
    scene.context->generation = NULL;
    write_trial(&scene, two, true);
    assert_int_equal(record_apply(&step, scene.context, &error), 0);
    assert_last(&scene, 2, RECORD_STARTED, "");
    assert_int_equal(record_of(&scene, 0, 0).trial.state, TRIAL_RUNS);
    context_wait(scene.context, true); /* for the passphrase of the state */
    assert_last(&scene, 2, RECORD_WAITS, "");
    context_wait(scene.context, false);
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(scene.context->trial, 900);
    assert_int_equal(record_of(&scene, 0, 0).count, 4);
    reboot_scene(&scene); /* it ended there, without a failure that could have been told */
    scene.context->generation = NULL;
    assert_int_equal(record_apply(&step, scene.context, &error), 0);
    assert_last(&scene, 0, RECORD_STARTED, "");
    assert_int_equal(choose(&scene, NULL), 1);
    assert_last(&scene, 1, RECORD_STARTED, "");
    struct record record = record_of(&scene, 0, 0);
    assert_true(record_is_bad(&record, 2, 0));
    assert_int_equal(record.count, 5);
    end(&scene);
}

static void test_armed(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    begin(&scene);
    assert_int_equal(choose(&scene, "2"), 2);
    attempt_note(scene.context, RECORD_GOOD, "");
    struct record record = record_of(&scene, 0, 0);
    struct error error;
    record.trial = (struct record_trial){TRIAL_LIVE, 0, 900, 2, 0};
    auto_fd fd = record_open(scene.context->states[0].fd, ".ebb/record", true, &error);
    assert_int_equal(record_write(fd, &record, &error), 0);
    reboot_scene(&scene);
    assert_int_equal(choose(&scene, NULL), 2);
    record = record_of(&scene, 0, 0);
    assert_int_equal(record.chosen, 2);
    assert_false(record_is_bad(&record, 2, 0));
    assert_non_null(strstr(record.attempts[0].text, "`ebb arm`"));
    end(&scene);
}

/* By a label, which stands for a number, and never for another one. */
static void test_label(void **state)
{
    (void)state; /* as above */
    struct scene scene;
    struct error error;
    begin(&scene);
    must_run("rm -rf volume/.ebb; echo '2 things' > volume/generations/1.label");
    write_trial(&scene, two, false);
    assert_int_equal(choose(&scene, "2 things"), 1);
    assert_int_equal(scene.context->trial, 0);
    assert_int_equal(choice_fall_back(scene.context, &error), -ENOENT);
    assert_int_equal(choice_take(scene.context, 9, &error), -ENOENT);
    assert_int_equal(choice_take(scene.context, 2, &error), 0);
    assert_last(&scene, 2, RECORD_STARTED, "");
    assert_true(scene.context->generation_is_asked);
    scene.config.generations.default_choice = "2 things";
    write_trial(&scene, (struct record_trial){TRIAL_NONE, 1, 0, 0, 0}, true);
    assert_int_equal(choose(&scene, NULL), 1);
    (void)record_of(&scene, 2, 0);
    assert_int_equal(choose(&scene, NULL), 2);
    assert_int_equal(choose(&scene, "default"), 1);
    (void)record_of(&scene, 1, 0);
    /* It is the way back from what was attempted since. */
    (void)record_of(&scene, 0, 3);
    assert_int_equal(choose(&scene, "previous"), 3);
    must_run("rm volume/generations/1.label");
    end(&scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_noted),     TEST(test_fall_back),   TEST(test_spent),     TEST(test_kernel),
        TEST(test_trial),     TEST(test_trial_fails), TEST(test_by_loader), TEST(test_trial_waits),
        TEST(test_early),     TEST(test_armed),       TEST(test_label),     TEST(test_all_bad),
        TEST(test_unreadable)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
