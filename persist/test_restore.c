/* What `ebb rollback --with-state` has ordered, on a real btrfs; and the power fails meanwhile. */
#include "base/testdata/disk.h"

#include <linux/fs.h>

#include "base/btrfs.h"
#include "persist/entry.h"
#include "persist/restore.h"
#include "persist/states.h"

#define OLD "2-20260131T235959"
#define ASIDE "3-20260201T000000-2"
#define BTRFS "PATH=$PATH:/usr/sbin:/sbin btrfs -q "

struct world {
    struct report report;
    struct config *config;
    struct context *context;
    struct plan plan;
};

static void begin(struct world *world, const char *text)
{
    *world = (struct world){.report.arena = arena_new()};
    put("ebb.conf", text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    for (size_t i = 0; i < world->report.count; i++)
        fail_msg("%s", world->report.problems[i].text);
    world->context = context_new(world->report.arena, world->config, ".", "root");
    world->plan.arena = world->report.arena;
    restore_plan(world->config, &world->plan);
}

static void end(struct world *world)
{
    config_free(world->config);
    arena_free(world->report.arena);
}

static int restore(struct error *error)
{
    struct world world;
    begin(&world, "volume state LABEL=state { fs btrfs }\ngenerations state:/generations\n"
                  "persist state:/kept { dir /srv }\npersist state:/more/of { dir /opt }\n");
    assert_int_equal(world.plan.count, 1);
    auto_fd volume = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    world.context->states[0].fd = volume;
    log_begin();
    int code = restore_apply(world.plan.steps, world.context, error);
    auto_string log = log_end();
    put("log", log);
    end(&world);
    return code;
}

static void must_restore(void)
{
    struct error error = {0};
    assert_outcome("restore", restore(&error), &error, NULL);
}

/* Two folders, of which generation 2 left one thing, and generation 3 made another. */
static void make_state(void)
{
    must_run("mkdir -p .ebb/states/" OLD " more && " BTRFS "subvolume create kept && " BTRFS
             "subvolume create more/of && echo old | tee kept/file > more/of/file && " BTRFS
             "subvolume snapshot -r kept '.ebb/states/" OLD "/%%kept' && " BTRFS
             "subvolume snapshot -r more/of '.ebb/states/" OLD "/%%more%%of' &&"
             "echo new | tee kept/file > more/of/file");
}

static void order(const char *text)
{
    put(".ebb/restore", text);
}

static void assert_new(void)
{
    assert_content("kept/file", "new\n");
    assert_content("more/of/file", "new\n");
}

static void assert_old(void)
{
    assert_content("kept/file", "old\n");
    assert_content("more/of/file", "old\n");
    assert_content(".ebb/states/" ASIDE "/%kept/file", "new\n");
    assert_content(".ebb/states/" ASIDE "/%more%of/file", "new\n");
    assert_content(".ebb/states/" OLD "/%kept/file", "old\n");
    must_run("test ! -e .ebb/restore && echo more > kept/other"); /* it can be written to */
    assert_content(".ebb/restored", OLD " " ASIDE "\n");
}

static void test_restore(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    enter_disk("btrfs");
    make_state();
    must_restore(); /* nobody has asked for it */
    assert_new();
    must_run("test ! -s log");
    order(OLD " " ASIDE "\n");
    must_restore();
    assert_old();
    assert_content("log", "ebb: the state on the volume \"state\" is " OLD
                          " again; what was there is kept as " ASIDE "\n");
    must_restore(); /* once */
    assert_content("kept/other", "more\n");
    /* And back again, to what was put aside. */
    order(ASIDE " 2-20260202T000000\n");
    must_restore();
    assert_new();
    assert_content(".ebb/states/2-20260202T000000/%kept/other", "more\n");
    leave_disk();
}

/* What a power cut after each of its writes leaves: `before` was done by then. */
static void test_cuts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const char *const before[] = {
        "true",
        "mkdir $to",
        BTRFS "subvolume snapshot $from/%kept $to/%kept",
        BTRFS "subvolume snapshot $from/%more%of $to/%more%of",
        "exchange kept $to/%kept",
        "exchange more/of $to/%more%of",
    };
    need_namespace();
    for (size_t cut = 0; cut < ARRAY_LENGTH(before); cut++) {
        enter_disk("btrfs");
        make_state();
        for (size_t i = 0; i <= cut; i++) {
            char one[100], other[100];
            if (sscanf(before[i], "exchange %99s $to/%99s", one, other) == 2) {
                auto_fd to = open_folder(".ebb/states/" ASIDE);
                assert_int_equal(renameat2(AT_FDCWD, one, to, other, RENAME_EXCHANGE), 0);
            } else {
                setenv("from", ".ebb/states/" OLD, 1);
                setenv("to", ".ebb/states/" ASIDE, 1);
                must_run("%s", before[i]);
            }
        }
        order(OLD " " ASIDE "\n");
        must_restore();
        assert_old();
        leave_disk();
    }
}

static void test_failures(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *order, *scene, *message;
    } cases[] = {
        {"", "true",
         "\"/.ebb/restore\" does not name two states; take it back with `ebb rollback`"},
        {OLD, "true",
         "\"/.ebb/restore\" does not name two states; take it back with `ebb rollback`"},
        {OLD " ../../kept", "true",
         "\"/.ebb/restore\" does not name two states; take it back with `ebb rollback`"},
        {OLD " " ASIDE " x", "true",
         "\"/.ebb/restore\" does not name two states; take it back with `ebb rollback`"},
        {"1-20260131T235959 " ASIDE, "true",
         "the state 1-20260131T235959 is not there; `ebb list` shows which are, and `ebb rollback` "
         "takes the order back"},
        {OLD " " ASIDE, "mv kept away",
         "\"/kept\" is missing; make it with `btrfs subvolume create`, and it is restored at the "
         "next boot"},
        {OLD " " ASIDE, "mv kept away && mkdir kept",
         "\"kept\" is a folder and no subvolume; put one in its place"},
        {OLD " " ASIDE, "mv kept away && ln -s away kept",
         "cannot look at \"kept\": Too many levels of symbolic links"},
    };
    need_namespace();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char message[600];
        struct error error = {0};
        enter_disk("btrfs");
        make_state();
        must_run("%s", cases[i].scene);
        order(cases[i].order);
        snprintf(message, sizeof(message), "the state on the volume \"state\" stays as it is: %s",
                 cases[i].message);
        assert_outcome(cases[i].order, restore(&error), &error, message);
        must_run(
            "test -e .ebb/restore && test \"$(cat away/file 2>/dev/null || cat kept/file)\" = new");
        leave_disk();
    }
}

static void test_names(void **state)
{
    (void)state; /* no files */
    static const char *const wrong[] = {"",
                                        "2",
                                        "2-",
                                        "x-20260131T235959",
                                        "-1-20260131T235959",
                                        "02-20260131T235959",
                                        "2-20260131T235959-1",
                                        "2-20260231T235959",
                                        "2-20260131T235959/..",
                                        " 2-20260131T235959"};
    char name[STATE_NAME], entry[NAME_MAX + 1], path[NAME_MAX + 1];
    struct state_moment moment;
    assert_true(state_read_name(ASIDE, &moment));
    assert_int_equal(moment.generation, 3);
    assert_int_equal(moment.number, 2);
    state_write_name(name, &moment);
    assert_string_equal(name, ASIDE);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        if (state_read_name(wrong[i], &moment))
            fail_msg("\"%s\" was taken for a state", wrong[i]);
    assert_true(state_entry("/more/of", entry));
    assert_string_equal(entry, "%more%of");
    assert_true(state_path(entry, path));
    assert_string_equal(path, "/more/of");
    assert_false(state_entry("/100%", entry));
    static const char *const strange[] = {"kept", "%", "%..", "%a%..%b", "%a%%b", ""};
    for (size_t i = 0; i < ARRAY_LENGTH(strange); i++)
        if (state_path(strange[i], path))
            fail_msg("\"%s\" was taken for a folder", strange[i]);
}

/* Only where there can be one. */
static void test_plan(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    begin(&world, "volume state LABEL=state { fs btrfs }\nvolume data LABEL=data { fs ext4 }\n"
                  "volume more LABEL=more { fs btrfs }\ngenerations state:/generations\n"
                  "persist data:/kept { dir /srv }\npersist more:/kept { dir /opt }\n");
    assert_int_equal(world.plan.count, 1);
    assert_string_equal(world.plan.steps[0].volume->name, "more");
    assert_true(world.plan.steps[0].is_optional);
    end(&world);
}

/* The folder of the entries is made so that it can be restored, and what lies in it is not. */
static void test_store(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    struct error error = {0};
    struct btrfs_subvolume found;
    need_namespace();
    enter_disk("btrfs");
    begin(&world, "volume state LABEL=state { fs btrfs }\ngenerations state:/generations\n"
                  "persist state:/more/of { dir /srv/www }\n");
    must_run("mkdir root && " BTRFS "subvolume create .ebb-new && mkdir more && " BTRFS
             "subvolume create more/.ebb-new"); /* from a power cut */
    world.context->states[0].fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    world.context->root.fd = open_folder("root");
    world.plan.count = 0;
    persist_plan(world.config, &world.plan);
    assert_outcome("entry", entry_apply(world.plan.steps, world.context, &error), &error, NULL);
    auto_fd store = open_folder("more/of"), inner = open_folder("more/of/srv");
    assert_int_equal(btrfs_look(store, &found), 0);
    assert_int_equal(btrfs_look(inner, &found), -EINVAL);
    must_run("test $(stat -c %%a:%%u more/of) = 755:0 && test ! -e more/.ebb-new && umount "
             "root/srv/www");
    close(world.context->states[0].fd);
    close(world.context->root.fd);
    end(&world);
    memory_close_fd(&store);
    memory_close_fd(&inner);
    store = inner = -1;
    leave_disk();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_restore), TEST(test_cuts), TEST(test_failures),
        TEST(test_names),   TEST(test_plan), TEST(test_store),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
