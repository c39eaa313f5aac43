/* `ebb gc` over a scratch root whose volume is a folder. */
#include "tool/testing.h"

#include "plan/value.h"
#include "tool/gc.h"
#include "tool/verb.h"

/* Generations 1 to 6, of which 3 is cut off; each has a file of its own and one that all share. */
static void make_root(const char *more)
{
    char text[300];
    snprintf(text, sizeof(text),
             "volume state LABEL=state { fs ext4; mount /persist }\n"
             "generations state:/generations%s\n",
             more);
    put("ebb.conf", text);
    must_run("rm -rf root && mkdir -p root/persist/.ebb root/persist/generations root/run/ebb &&"
             "cd root/persist && echo id > .ebb/store-id && cd generations &&"
             "for i in 1 2 3 4 5 6; do mkdir -p $i/tree && echo '{\"format\": 1}' > "
             "$i/generation.json && head -c 8192 /dev/zero > $i/tree/own; done &&"
             "head -c 40960 /dev/zero > 1/tree/all && for i in 2 3 4 5 6; do ln 1/tree/all "
             "$i/tree; done && head -c 4096 /dev/zero > 1/tree/some && ln 1/tree/some 2/tree &&"
             "echo '{\"form' > 3/generation.json");
}

/* Noon of the third of March 2026, a Tuesday. */
enum { NOW = 1772539200 };

static void assert_policy(const char *keep, bool dry_run, int code, const char *expected,
                          const char *logged, const char *left)
{
    struct gc_wish wish = {.place.config = "ebb.conf", .dry_run = dry_run, .now = NOW};
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    assert_true(!keep || !value_keep(keep, &wish.keep));
    log_begin();
    FILE *out = output_begin(&text);
    int status = gc_collect((struct target){root, ""}, &wish, out);
    fclose(out);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
    auto_string found = output_of("ls -A root/persist/generations | tr '\\n' ' '");
    assert_string_equal(found, left);
}

static void assert_gc(unsigned keep, bool dry_run, int code, const char *expected,
                      const char *logged, const char *left)
{
    char policy[16];
    snprintf(policy, sizeof(policy), "%u", keep);
    assert_policy(policy, dry_run, code, expected, logged, left);
}

#define CUT                                                                                        \
    "ebb: generation 3 stays: the generation.json of generation 3 is not whole; boot another one " \
    "with ebb.generation=\n"

static void test_keep(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root("");
    assert_gc(5, false, EXIT_DONE, "0 generations, 0 B free again\n", CUT, "1 2 3 4 5 6 ");
    assert_gc(4, true, EXIT_DONE,
              "would delete generation 1\n1 generation, 12.0 KiB would come free\n", CUT,
              "1 2 3 4 5 6 ");
    assert_gc(3, false, EXIT_DONE,
              "deleted generation 1\ndeleted generation 2\n2 generations, 28.0 KiB free again\n",
              CUT, "3 4 5 6 ");
    must_run("rm -r root/persist/generations/3 && mkdir -p root/persist/generations/.old-3/x");
    assert_gc(1, false, EXIT_DONE,
              "deleted generation 4\ndeleted generation 5\n2 generations, 24.0 KiB free again\n",
              "", "6 ");
}

static void test_protected(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root(" default=1");
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":2,\"root\":{\"type\":\"tmpfs\",\"tree\":"
        "\"/persist/generations/2/tree\"},\"volumes\":[],\"microseconds\":1,\"setbacks\":[],"
        "\"steps\":[]}");
    must_run("cd root/persist/generations && echo > 3.label && touch 3.pin && echo '{\"format\": "
             "1}' > 3/generation.json && echo good > 4.label && echo > 5.label");
    assert_gc(1, false, EXIT_DONE,
              "generation 1 stays: it is what is booted by default\n"
              "generation 2 stays: it is booted\ngeneration 3 stays: it is pinned\n"
              "generation 4 stays: it has a label\ndeleted generation 5\n"
              "1 generation, 12.0 KiB free again\n",
              "", "1 2 3 3.label 3.pin 4 4.label 6 ");
    make_root(" default=6");
    put_record(4, 2, 0);
    assert_gc(1, false, EXIT_DONE,
              "generation 2 stays: it was good last\n"
              "generation 4 stays: it is what is booted by default\n"
              "deleted generation 1\ndeleted generation 5\n2 generations, 24.0 KiB free again\n",
              CUT, "2 3 4 6 ");
    make_root(" default=6");
    put_record(0, 0, 0);
    put_trial(TRIAL_WANTED, 4, 2);
    assert_gc(1, false, EXIT_DONE,
              "generation 2 stays: a trial needs it\ngeneration 4 stays: a trial needs it\n"
              "deleted generation 1\ndeleted generation 5\n2 generations, 24.0 KiB free again\n",
              CUT, "2 3 4 6 ");
    make_root(" default=9");
    assert_gc(1, false, EXIT_NO, "",
              CUT "ebb: there is no generation \"9\"; write a number from 1 to 6, latest or "
                  "previous\n",
              "1 2 3 4 5 6 ");
}

static void date(unsigned number, const char *created)
{
    char path[80], text[120];
    snprintf(path, sizeof(path), "root/persist/generations/%u/generation.json", number);
    snprintf(text, sizeof(text), "{\"format\": 1, \"created\": \"%s\"}", created);
    put(path, text);
}

static void test_policy(void **state)
{
    (void)state; /* as above */
    setenv("TZ", "UTC", 1);
    make_root(" keep=daily=1");
    date(1, "2026-02-28T10:00:00Z");
    date(2, "2026-02-28T11:00:00Z");
    date(3, "soon");
    date(4, "2026-03-02T01:00:00Z");
    date(5, "2026-03-02T02:00:00Z");
    date(6, "2026-03-03T11:00:00Z");
    assert_policy("daily=3,age=36h", true, EXIT_DONE,
                  "generation 2 stays: it is the last of its day\n"
                  "generation 3 stays: nobody knows when it was made\n"
                  "generation 4 stays: it is young enough\n"
                  "generation 5 stays: it is the last of its day\n"
                  "would delete generation 1\n1 generation, 12.0 KiB would come free\n",
                  "", "1 2 3 4 5 6 ");
    /* What is declared holds where nothing is said. */
    must_run("touch root/persist/generations/1.pin");
    assert_policy(NULL, false, EXIT_DONE,
                  "generation 1 stays: it is pinned\n"
                  "generation 3 stays: nobody knows when it was made\n"
                  "deleted generation 2\ndeleted generation 4\ndeleted generation 5\n"
                  "3 generations, 36.0 KiB free again\n",
                  "", "1 1.pin 3 6 ");
    make_root("");
    assert_policy(NULL, false, EXIT_USAGE, "",
                  "ebb: say which generations stay, such as --keep 5, or declare it: generations "
                  "VOLUME:/path keep=5\n",
                  "1 2 3 4 5 6 ");
}

/* Nobody may lose what they run on. */
static void test_unknown_boot(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root("");
    put("root/run/ebb/status.json", "{\"format\":");
    assert_gc(1, false, EXIT_NO, "",
              "ebb: \"/run/ebb/status.json\" is not what PID 1 writes: it is no JSON; the next "
              "boot makes it anew\n",
              "1 2 3 4 5 6 ");
}

static void test_usage(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "0", "-1", "", "3x", " 3", "1000001", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        char *words[] = {"gc", "--store", ".", "--keep", (char *)wrong[i], NULL};
        log_begin();
        int status = verb_gc(5, words);
        auto_string log = log_end();
        assert_non_null(strstr(log, "\" does not say which generations stay; write some of "));
        assert_non_null(strstr(log, "\nusage: ebb gc [--keep POLICY] [OPTION]...\n"));
        assert_int_equal(status, EXIT_USAGE);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_usage), TEST(test_keep), TEST(test_protected),
                                       TEST(test_policy), TEST(test_unknown_boot)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
