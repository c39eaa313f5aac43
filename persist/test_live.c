/* What runs begins to persist, or ends to, while somebody swaps, writes and renames in it. */
#include "persist/testing.h"

#include "persist/live.h"

static const char entry_text[] = "dir /srv/a";
static const char scene[] = "mkdir -p root/srv/a/b && echo one > root/srv/a/1 && echo two > "
                            "root/srv/a/b/2 && mkdir data/.ebb";

struct stage {
    struct world world;
    struct live live;
    const struct persist_entry *entry;
};

static void begin(struct stage *stage)
{
    struct error error = {0};
    begin_world(&stage->world, entry_text, scene);
    stage->live = (struct live){.fd = -1};
    stage->entry = stage->world.config->entries[0];
    if (live_open(stage->world.context, "/srv/a", &stage->live, &error) < 0)
        fail_msg("%s", error.text);
}

static void end(struct stage *stage)
{
    live_close(&stage->live);
    end_world(&stage->world);
}

#define SRV "state/persist/srv"

static void test_shown(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct stage stage;
    struct error error = {0};
    need_namespace();
    begin(&stage);
    assert_int_equal(live_copy(stage.entry, stage.world.context, &stage.live, &error), 0);
    must_run("diff -r root/srv/a " SRV "/a && ! mountpoint -q root/srv/a");
    assert_int_equal(live_show(stage.entry, stage.world.context, &stage.live, &error), 0);
    must_run("echo new > root/srv/a/new && test $(cat " SRV "/a/new) = new");
    end(&stage);
}

/* The owner of a folder on the way may give its name to something else at any moment. */
static void test_exchanged(void **state)
{
    (void)state; /* as above */
    static const struct {
        const char *swap, *message;
    } swaps[] = {
        {"mv root/srv/a root/srv/old && mkdir root/srv/a",
         "\"/srv/a\" was exchanged for something else meanwhile, so nothing was mounted there"},
        {"mv root/srv/a root/srv/old && ln -s /outside root/srv/a",
         "in the new root: \"/srv/a\" leads through the symbolic link \"a\""},
        {"mv root/srv root/old && ln -s $PWD/outside root/srv && mkdir outside/a",
         "in the new root: \"/srv/a\" leads through the symbolic link \"srv\""},
    };
    need_namespace();
    for (size_t i = 0; i < ARRAY_LENGTH(swaps); i++) {
        struct stage stage;
        struct error error = {0};
        begin(&stage);
        assert_int_equal(live_copy(stage.entry, stage.world.context, &stage.live, &error), 0);
        must_run("%s && cp /proc/self/mountinfo before", swaps[i].swap);
        assert_true(live_show(stage.entry, stage.world.context, &stage.live, &error) < 0);
        if (strncmp(error.text, swaps[i].message, strlen(swaps[i].message)) != 0)
            fail_msg("%s", error.text);
        must_run("cmp /proc/self/mountinfo before && rm -rf outside/a");
        end(&stage);
        must_run("rm -rf outside");
    }
}

/* A tree to which things are done until the copy is made: it has all, and nothing half. */
static void test_busy(void **state)
{
    (void)state; /* as above */
    struct stage stage;
    struct error error = {0};
    need_namespace();
    begin(&stage);
    pid_t writer = fork();
    if (writer == 0) {
        execl("/bin/sh", "sh", "-c",
              "cd root/srv/a; for i in $(seq 200); do echo $i > new && mv new file; echo $i >> log;"
              "mkdir -p d/$i && echo x > d/$i/x && rm -r d; done",
              NULL);
        _exit(127);
    }
    int code = live_copy(stage.entry, stage.world.context, &stage.live, &error), status;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    if (code < 0)
        fail_msg("%s", error.text);
    must_run("test $(cat " SRV "/a/1)-$(cat " SRV "/a/b/2) = one-two &&"
             "test \"$(find state -name .ebb-new)\" = ''");
    end(&stage);
}

/* Back into the root, with what was there before gone; not while it is used. */
static void test_hidden(void **state)
{
    (void)state; /* as above */
    struct stage stage;
    struct error error = {0};
    need_namespace();
    begin(&stage);
    assert_int_equal(live_copy(stage.entry, stage.world.context, &stage.live, &error), 0);
    assert_int_equal(live_show(stage.entry, stage.world.context, &stage.live, &error), 0);
    live_close(&stage.live);
    must_run("echo new > root/srv/a/new && rm root/srv/a/1");
    assert_int_equal(live_open(stage.world.context, "/srv/a", &stage.live, &error), 0);
    auto_fd used = open("root/srv/a/new", O_RDONLY | O_CLOEXEC);
    assert_int_equal(live_hide(stage.entry, stage.world.context, &stage.live, &error), -EBUSY);
    must_run("mountpoint -q root/srv/a");
    close(TAKE_FD(used));
    assert_int_equal(live_open(stage.world.context, "/srv/a", &stage.live, &error), 0);
    assert_int_equal(live_hide(stage.entry, stage.world.context, &stage.live, &error), 0);
    must_run("! mountpoint -q root/srv/a && diff -r root/srv/a " SRV "/a &&"
             "test \"$(ls root/srv/a | xargs)\" = 'b new'");
    end(&stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shown),
        TEST(test_exchanged),
        TEST(test_busy),
        TEST(test_hidden),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
