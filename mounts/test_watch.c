#include "mounts/testing.h"

#include "base/clock.h"
#include "mounts/volume.h"

static const struct volume *begin_watch(struct world *world, const char *text)
{
    begin_world(world, text);
    (void)watch_events(world->context); /* it begins to listen */
    return world->config->volumes[0];
}

/* Nobody tells it of devices, so it looks at them again and again. */
static void make_deaf(struct world *world)
{
    close(world->context->watch->events);
    world->context->watch->events = -1;
}

static int until(struct world *world, const struct volume *volume, enum volume_stage stage,
                 struct error *error)
{
    log_begin();
    int code = watch_until(world->context, volume, stage, error);
    free(log_end());
    return code;
}

static void test_stages(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    plug_in_ext4("vda", "one");
    plug_in_ext4("vdb", "two");
    const struct volume *one =
        begin_watch(&world, "volume one LABEL=one { fs ext4 }\nvolume two LABEL=two { fs ext4 }\n");
    assert_int_equal(until(&world, one, VOLUME_WHOLE, &error), 0);
    assert_string_equal(world.context->states[0].device, "/dev/vda");
    /* The other one has come as far meanwhile. */
    assert_string_equal(world.context->states[1].device, "/dev/vdb");
    assert_int_equal(world.context->watch->volumes[world.config->volumes[1]->number].stage,
                     VOLUME_WHOLE);
    watch_close(world.context);
    assert_null(world.context->watch);
    end_world(&world);
}

static void test_limit(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    const struct volume *one = begin_watch(&world, "volume one LABEL=one wait=50ms { fs ext4 }\n");
    unsigned long before = clock_milliseconds();
    assert_int_equal(until(&world, one, VOLUME_FOUND, &error), -ENODEV);
    assert_true(clock_milliseconds() - before >= 50);
    assert_true(world.context->watch->volumes[one->number].waited >= 50);
    assert_contains(error.text, "LABEL=one, the volume \"one\", did not appear within 50 ms; ");
    /* Each step has the whole time, and a disk that has come by then is taken. */
    plug_in_ext4("vda", "one");
    make_deaf(&world);
    assert_int_equal(until(&world, one, VOLUME_FOUND, &error), 0);
    end_world(&world);
}

/* Makes the kernel tell of devices until it is killed. */
static pid_t stir_on(void)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    for (;; usleep(100000))
        stir();
}

/* A bus that still finds devices is given more time, but not for ever. */
static void test_stirred(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    const struct volume *one = begin_watch(&world, "volume one LABEL=one wait=1ms { fs ext4 }\n");
    assert_int_equal(world.context->watch->stirred, 0);
    pid_t child = stir_on();
    unsigned long before = clock_milliseconds();
    while (!world.context->watch->stirred && clock_milliseconds() - before < 60000)
        (void)watch_came(world.context, one);
    assert_true(world.context->watch->stirred > 0);
    before = clock_milliseconds();
    assert_int_equal(until(&world, one, VOLUME_FOUND, &error), -ENODEV);
    assert_true(clock_milliseconds() - before >= 10000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    end_world(&world);
}

/* Plugs a disk in once the caller has waited longer than it would. */
static pid_t plug_in_later(const char *name, const char *label)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    usleep(200000);
    plug_in_ext4(name, label);
    _exit(0);
}

static void test_for_ever(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    const struct volume *one = begin_watch(&world, "volume one LABEL=one wait=1ms { fs ext4 }\n");
    make_deaf(&world);
    world.context->wait_for_ever = true;
    pid_t child = plug_in_later("vda", "one");
    assert_int_equal(until(&world, one, VOLUME_FOUND, &error), 0);
    assert_true(world.context->watch->volumes[one->number].waited > 1);
    waitpid(child, NULL, 0);
    end_world(&world);
}

static void test_drivers_ended(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    siginfo_t end;
    const struct volume *one = begin_watch(&world, "volume one LABEL=one wait=1ms { fs ext4 }\n");
    world.context->drivers = fork();
    if (world.context->drivers == 0)
        _exit(3);
    assert_int_equal(waitid(P_PID, (id_t)world.context->drivers, &end, WEXITED | WNOWAIT), 0);
    log_begin();
    assert_int_equal(watch_until(world.context, one, VOLUME_FOUND, &error), -ENODEV);
    auto_string log = log_end();
    assert_contains(log, "the child that loads drivers has ended, with status 0x300");
    assert_contains(error.text, "within 1 ms; the child that loads drivers has ended");
    assert_int_equal(world.context->drivers, 0); /* nobody is to be killed later */
    assert_true(world.context->drivers_ended);
    end_world(&world);
}

static void test_retry(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    struct error error = {0};
    plug_in_ext4("vda", "one");
    plug_in_ext4("vdb", "one");
    const struct volume *one = begin_watch(&world, "volume one LABEL=one wait=1ms { fs ext4 }\n");
    make_deaf(&world);
    assert_int_equal(until(&world, one, VOLUME_FOUND, &error), -ENOTUNIQ);
    pull_out("vda");
    assert_int_equal(until(&world, one, VOLUME_FOUND, &error), -ENOTUNIQ);
    assert_false(watch_came(world.context, one));
    watch_retry(world.context);
    assert_int_equal(until(&world, one, VOLUME_WHOLE, &error), 0);
    assert_string_equal(world.context->states[0].device, "/dev/vdb");

    /* It could not be mounted, and somebody puts it into another slot. */
    pull_out("vdb");
    plug_in_ext4("sda", "one");
    watch_retry(world.context);
    assert_int_equal(until(&world, one, VOLUME_WHOLE, &error), 0);
    assert_string_equal(world.context->states[0].device, "/dev/sda");

    /* What is mounted stays where it is. */
    world.context->states[0].fd = open_folder(".");
    watch_retry(world.context);
    assert_int_equal(world.context->watch->volumes[one->number].stage, VOLUME_WHOLE);
    close(world.context->states[0].fd);
    end_world(&world);
}

/* Events get lost when too many come; then all is looked at. */
static void test_lost_events(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    const struct volume *one = begin_watch(&world, "volume one LABEL=one { fs ext4 }\n");
    int least = 1, events = watch_events(world.context);
    assert_true(events >= 0);
    assert_int_equal(setsockopt(events, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
    plug_in_ext4("vda", "one");
    assert_false(watch_came(world.context, one)); /* the kernel did not tell of it */
    for (unsigned i = 0; i < 100; i++)
        stir();
    assert_true(watch_came(world.context, one));
    assert_string_equal(world.context->watch->volumes[one->number].device, "/dev/vda");
    end_world(&world);
}

/* For whoever asks a person meanwhile: true once, when it comes. */
static void test_came(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    const struct volume *one = begin_watch(&world, "volume one LABEL=one { fs ext4 }\n");
    make_deaf(&world);
    assert_int_equal(watch_events(world.context), -1);
    assert_false(watch_came(world.context, one));
    plug_in_ext4("vda", "other");
    assert_false(watch_came(world.context, one));
    plug_in_ext4("vdb", "one");
    assert_true(watch_came(world.context, one));
    assert_false(watch_came(world.context, one));
    end_world(&world);
}

static void test_print(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    char text[200] = "";
    begin_watch(&world, "volume one LABEL=one { fs ext4 }\n");
    make_deaf(&world);
    plug_in_made("vda", "mke2fs -q -F -t ext2 -L one -U " UUID " image");
    auto_file stream = fmemopen(text, sizeof(text), "w");
    watch_print(world.context, stream);
    fflush(stream);
    assert_string_equal(text, "  /dev/vda ext2 UUID=" UUID " LABEL=one\n");
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_stages),        ON_MACHINE(test_limit), ON_MACHINE(test_for_ever),
        ON_MACHINE(test_drivers_ended), ON_MACHINE(test_retry), ON_MACHINE(test_lost_events),
        ON_MACHINE(test_came),          ON_MACHINE(test_print), ON_MACHINE(test_stirred),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
