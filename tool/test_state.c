/* States of what persists, on a real btrfs that the scratch root sees on /persist. */
#include "base/testdata/disk.h"

#include <json-c/json.h>

#include "tool/gc.h"
#include "tool/list.h"
#include "tool/state.h"
#include "tool/testing.h"
#include "tool/verb.h"

#define BTRFS "PATH=$PATH:/usr/sbin:/sbin btrfs -q "
/* Noon of the third of March 2026. */
enum { NOW = 1772539200 };

#define DECLARED                                                                                   \
    "volume state LABEL=state { fs btrfs; mount /persist }\ngenerations state:/generations\n"

struct world {
    struct report report;
    struct config *config;
    struct target root;
};

static void begin(struct world *world, const char *declared)
{
    need_namespace();
    enter_disk("btrfs");
    must_run("mkdir -p ../root/persist ../root/data && mount --bind . ../root/persist && mkdir -p "
             ".ebb generations/2 && echo id > .ebb/store-id && "
             "echo '{\"format\": 1}' > generations/2/generation.json");
    assert_int_equal(chdir(".."), 0);
    put("ebb.conf", declared);
    *world = (struct world){.report.arena = arena_new(), .root = {open_folder("root"), ""}};
    world->config = config_load("ebb.conf", NULL, &world->report);
    for (size_t i = 0; i < world->report.count; i++)
        fail_msg("%s", world->report.problems[i].text);
}

static void end(struct world *world)
{
    config_free(world->config);
    arena_free(world->report.arena);
    close(world->root.fd);
    must_run("umount root/persist");
    assert_int_equal(chdir("disk"), 0);
    leave_disk();
    must_run("rm -r root");
}

static void assert_kept(const struct world *world, unsigned generation, const char *expected,
                        const char *logged)
{
    auto_string text = NULL;
    FILE *out = output_begin(&text);
    log_begin();
    state_keep(world->root, world->config, generation, NOW, out);
    fclose(out);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
}

#define KEPT(name)                                                                                 \
    "what persists is kept as " name "; `ebb rollback --with-state=" name "` brings it back\n"

static void test_keep(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    begin(&world, DECLARED "persist state:/kept { dir /srv }\npersist state:/kept/in { dir /opt }\n"
                           "persist state:/more/of { dir /var/log }\n");
    must_run("cd root/persist && mkdir -p more .ebb/states/.new && " BTRFS
             "subvolume create kept && " BTRFS "subvolume create more/of && " BTRFS
             "subvolume create '.ebb/states/.new/%%left' && echo one | tee kept/a > more/of/a");
    assert_kept(&world, 2, KEPT("2-20260303T120000"), "");
    must_run("cd root/persist/.ebb/states && echo two > ../../kept/a && test $(stat -c %%a .) = 700"
             " && test \"$(ls -A . * | tr '\\n' ' ')\" = '.: 2-20260303T120000  2-20260303T120000: "
             "%%kept %%more%%of ' && ! touch 2*/%%kept/b 2>/dev/null");
    assert_kept(&world, 2, KEPT("2-20260303T120000-2"), "");
    assert_content("root/persist/.ebb/states/2-20260303T120000/%kept/a", "one\n");
    assert_content("root/persist/.ebb/states/2-20260303T120000/%more%of/a", "one\n");
    assert_content("root/persist/.ebb/states/2-20260303T120000-2/%kept/a", "two\n");
    end(&world);
}

/* What cannot be kept is told, and why; the rest is kept all the same. */
static void test_not_kept(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    begin(&world, DECLARED "volume data LABEL=data { fs ext4; mount /data }\n"
                           "persist data:/ { dir /home }\npersist state:/folder { dir /srv }\n"
                           "persist state:/none { dir /opt }\npersist state:/100% { dir /var/a }\n"
                           "persist state:/good { dir /var/b }\n");
    must_run("cd root/persist && mkdir folder && " BTRFS "subvolume create good && " BTRFS
             "subvolume create good/inner");
    assert_kept(&world, 1, KEPT("1-20260303T120000"),
                "ebb: the volume \"data\" is ext4, which has no snapshots: what a trial changes in "
                "what persists there stays changed\n"
                "ebb: \"state:/folder\" is not kept: it is a folder and no subvolume; ebb(8) tells "
                "how it becomes one\n"
                "ebb: \"state:/none\" is not kept: it cannot be: No such file or directory\n"
                "ebb: \"state:/100%\" is not kept: it is no name for a snapshot; choose another "
                "one\n"
                "ebb: \"state:/good\" has subvolumes in it, which are in no snapshot of it; once a "
                "state is brought back, they lie in what is put aside\n");
    must_run("test \"$(ls root/persist/.ebb/states/*)\" = %%good");
    end(&world);

    begin(&world, DECLARED "persist state:/ { dir /srv }\n");
    assert_kept(&world, 1, "",
                "ebb: \"state:/\" is not kept: it is all of the volume; name a folder in it\n");
    must_run("test -z \"$(ls -A root/persist/.ebb/states)\"");
    end(&world);

    begin(&world, "volume state LABEL=state { fs btrfs; mount /persist }\n"
                  "generations state:/kept/generations\npersist state:/kept { dir /srv }\n");
    assert_kept(&world, 1, "",
                "ebb: \"state:/kept\" is not kept: it holds the generations, too, or the record of "
                "boots; name a folder beside them\n");
    end(&world);
}

/* States as they may lie there. */
static void put_states(const char *names)
{
    must_run("cd root/persist && mkdir -p .ebb/states kept && cd .ebb/states && for i in %s; do "
             "mkdir $i && " BTRFS "subvolume create $i/%%kept && echo $i > $i/%%kept/name; done",
             names);
}

#define FOUR "1-20260301T000000 3-20260303T115500 2-20260303T000000 2-20260302T000000"

static void open_states(const struct world *world, struct states *states)
{
    struct error error;
    assert_outcome("open",
                   states_open(world->report.arena, world->root, world->config, states, &error),
                   &error, NULL);
}

static void test_choose(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *name;
        unsigned generation;
        const char *chosen, *message;
    } cases[] = {
        {NULL, 2, "2-20260303T000000", NULL},
        {NULL, 1, "1-20260301T000000", NULL},
        {"2-20260302T000000", 7, "2-20260302T000000", NULL},
        {NULL, 7, NULL,
         "no state of generation 7 is kept; `ebb list` shows those that are, and `ebb rollback "
         "--with-state=NAME` brings one back"},
        {"2-20260302T000001", 2, NULL,
         "no state is called \"2-20260302T000001\"; `ebb list` shows them"},
        /* what a boot that was cut off has begun to put aside */
        {"3-20260303T115500", 3, NULL,
         "no state is called \"3-20260303T115500\"; `ebb list` shows them"},
    };
    struct world world;
    struct states states;
    begin(&world, DECLARED "persist state:/kept { dir /srv }\n");
    put_states(FOUR);
    put("root/persist/.ebb/restore", "2-20260302T000000 3-20260303T115500\n");
    open_states(&world, &states);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        const struct state *chosen = NULL;
        int code = state_choose(&states, cases[i].name, cases[i].generation, &chosen, &error);
        assert_outcome("choose", code, &error, cases[i].message);
        if (code == 0)
            assert_string_equal(chosen->name, cases[i].chosen);
    }
    states_close(&states);
    end(&world);
}

static void test_order(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    struct states states;
    struct error error = {0};
    const struct state *chosen;
    auto_string text = NULL;
    auto_string again = NULL;
    begin(&world, DECLARED "persist state:/kept { dir /srv }\n");
    put_states(FOUR);
    open_states(&world, &states);
    assert_int_equal(state_choose(&states, NULL, 2, &chosen, &error), 0);
    FILE *out = output_begin(&text);
    assert_outcome("order", state_order(&states, chosen, 3, NOW, out, &error), &error, NULL);
    fclose(out);
    assert_text("output", text,
                "the next boot brings the state 2-20260303T000000 back, which is 12 h old; what "
                "was changed since is put aside as 3-20260303T120000, and `ebb rollback "
                "--with-state=3-20260303T120000` brings that back\n");
    assert_content("root/persist/.ebb/restore", "2-20260303T000000 3-20260303T120000\n");
    out = output_begin(&again);
    assert_outcome("take back", state_take_back(&states, out, &error), &error, NULL);
    assert_outcome("take back", state_take_back(&states, out, &error), &error, NULL);
    fclose(out);
    assert_text(
        "output", again,
        "what persists stays as it is, and the order to bring another state back is void\n");
    must_run("test ! -e root/persist/.ebb/restore");
    states_close(&states);
    end(&world);
}

static void test_list(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    auto_string text = NULL;
    auto_string json = NULL;
    begin(&world, DECLARED "persist state:/kept { dir /srv }\n");
    put_states(FOUR);
    put("root/persist/.ebb/restored", "2-20260302T000000 3-20260303T115500\n");
    put("root/persist/.ebb/restore", "1-20260301T000000 2-20260304T000000\n");
    struct list_wish wish = {.place.config = "ebb.conf"};
    FILE *out = output_begin(&text);
    assert_int_equal(list_tell(world.root, &wish, out), EXIT_DONE);
    fclose(out);
    const char *states = strstr(text, "\nstates");
    assert_non_null(states);
    assert_text("list", states,
                "\nstates, which `ebb rollback --with-state=NAME` brings back:\n"
                "3-20260303T115500  state:/kept  (what was there before that)\n"
                "2-20260303T000000  state:/kept\n"
                "2-20260302T000000  state:/kept  (was brought back last)\n"
                "1-20260301T000000  state:/kept  (comes back at the next boot)\n");
    wish.json = true;
    out = output_begin(&json);
    assert_int_equal(list_tell(world.root, &wish, out), EXIT_DONE);
    fclose(out);
    struct json_object *object = json_tokener_parse(json);
    assert_non_null(object);
    struct json_object *list = json_object_object_get(object, "states");
    assert_int_equal(json_object_array_length(list), 4);
    assert_string_equal(
        json_object_to_json_string_ext(json_object_array_get_idx(list, 0),
                                       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
        "{\"name\":\"3-20260303T115500\",\"volume\":\"state\",\"generation\":3,\"time\":1772538900,"
        "\"folders\":[\"/kept\"],\"role\":\"aside\"}");
    json_object_put(object);
    end(&world);
}

static void assert_gc(const struct world *world, bool dry_run, const char *expected)
{
    struct gc_wish wish = {
        .place.config = "ebb.conf", .keep = {.said = true, .last = 5}, .dry_run = dry_run};
    auto_string text = NULL;
    FILE *out = output_begin(&text);
    assert_int_equal(gc_collect(world->root, &wish, out), EXIT_DONE);
    fclose(out);
    assert_text("gc", strchr(text, '\n') + 1, expected);
}

static void test_gc(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct world world;
    begin(&world, DECLARED "persist state:/kept { dir /srv }\n");
    put_states(FOUR " 7-20260228T000000");
    must_run(BTRFS "subvolume create root/persist/.ebb/states/1-20260301T000000/%%kept/inner");
    put("root/persist/.ebb/restore", "7-20260228T000000 2-20260304T000000\n");
    const char *kept =
        "kept the state 7-20260228T000000 on the volume \"state\": the next boot brings it back\n";
    char expected[400];
    snprintf(expected, sizeof(expected),
             "kept the state 1-20260301T000000 on the volume \"state\": it has subvolumes in it; "
             "move them to where they belong\n%s",
             kept);
    assert_gc(&world, false, expected);
    must_run(BTRFS "subvolume delete root/persist/.ebb/states/1-20260301T000000/%%kept/inner");
    snprintf(expected, sizeof(expected),
             "would delete the state 1-20260301T000000 on the volume \"state\"\n%s", kept);
    assert_gc(&world, true, expected);
    snprintf(expected, sizeof(expected),
             "deleted the state 1-20260301T000000 on the volume \"state\"\n%s", kept);
    assert_gc(&world, false, expected);
    must_run("test \"$(ls -A root/persist/.ebb/states | tr '\\n' ' ')\" = '2-20260302T000000 "
             "2-20260303T000000 3-20260303T115500 7-20260228T000000 '");
    end(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keep),  TEST(test_not_kept), TEST(test_choose),
        TEST(test_order), TEST(test_list),     TEST(test_gc),
    };
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
