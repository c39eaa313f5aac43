/* `ebb status` over a root that has nothing but the file. */
#include "tool/testing.h"

#include "tool/status.h"
#include "tool/verb.h"

#define STEP(kind, text, more, result)                                                             \
    "{\"kind\":\"" kind "\",\"step\":\"" text "\",\"origin\":\"e.conf:1\"," more                   \
    "\"result\":\"" result "\",\"microseconds\":1500}"
#define HEAD "{\"format\":1,\"result\":\"done\",\"generation\":3,\"microseconds\":2500000,"
#define ROOT "\"root\":{\"type\":\"overlay\",\"tree\":\"/persist/generations/3/tree\"},"
#define VOLUMES                                                                                    \
    "\"volumes\":[{\"name\":\"state\",\"device\":\"/dev/vda\",\"fs\":\"ext4\",\"place\":\"/p\"}]," \
    "\"setbacks\":[],"
#define BIND STEP("bind", "bind it", "\"target\":\"/var/log\",", "done")

static void assert_status(const char *name, const char *json, bool slowest, int code,
                          const char *output, const char *logged)
{
    const struct status_request request = {.slowest = slowest};
    auto_string text = NULL;
    must_run("mkdir -p root/run/ebb");
    put("root/run/ebb/status.json", json);
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = status_tell((struct target){root, ""}, &request, out);
    fclose(out);
    auto_string log = log_end();
    assert_text(name, text, output);
    assert_text(name, log, logged);
    assert_int_equal(status, code);
}

static void test_text(void **state)
{
    (void)state; /* the scratch folder is the current one */
    assert_status("whole",
                  HEAD ROOT VOLUMES "\"degraded\":[],\"steps\":[" STEP(
                      "root", "make it", "\"target\":\"/\",", "done") "," BIND "]}\n",
                  false, EXIT_DONE,
                  "generation 3, root overlay, after 2.500 s: whole\n"
                  "\nvolumes:\n  state: /dev/vda, ext4, on /p\n"
                  "\nentries: 1 restored, 0 skipped\n"
                  "\nsteps, in their order:\n    0.002 s  make it\n    0.002 s  bind it\n"
                  "    0.003 s  in all these steps, of 2.500 s\n",
                  "");
    static const struct {
        const char *end, *words;
    } ends[] = {
        {"clean", "clean"},
        {"busy", "not clean, something was still in use"},
        {"unknown", "not known to be clean, as after a power cut"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        auto_arena arena = arena_new();
        assert_status(ends[i].end,
                      arena_printf(arena, HEAD "\"last_end\":\"%s\",\"steps\":[]}", ends[i].end),
                      false, EXIT_DONE,
                      arena_printf(arena,
                                   "generation 3, after 2.500 s: whole\nlast shutdown: %s\n"
                                   "\nentries: 0 restored, 0 skipped\n"
                                   "\nsteps, in their order:\n"
                                   "    0.000 s  in all these steps, of 2.500 s\n",
                                   ends[i].words),
                      "");
    }
    assert_status(
        "degraded",
        HEAD VOLUMES "\"degraded\":[\"state\",\"/x\",\"\\u001b[1m\"],\"steps\":[" STEP(
            "bind", "bind x", "\"target\":\"/x\",\"error\":\"it is\\na link\",",
            "ignored") "," STEP("hook", "run h", "\"error\":\"status 1\",", "ignored") "]}",
        false, EXIT_NO,
        "generation 3, after 2.500 s: degraded: the volume \"state\" works without some of its "
        "devices (and 3 more)\n"
        "\nvolumes:\n  state: /dev/vda, ext4, on /p, degraded\n  \\033[1m, degraded\n"
        "\nentries: 0 restored, 1 skipped\n  bind x  (e.conf:1)\n    ignored: it is\\012a link\n"
        "\nnot done:\n  run h  (e.conf:1)\n    ignored: status 1\n"
        "\nsteps, in their order:\n    0.002 s  bind x\n    0.002 s  run h\n"
        "    0.003 s  in all these steps, of 2.500 s\n",
        "");
    assert_status(
        "in memory",
        HEAD "\"volumes\":[{\"name\":\"a\",\"in_memory\":true},{\"name\":\"b\",\"in_memory\":1}],"
             "\"degraded\":[\"a\"],\"steps\":[]}",
        false, EXIT_NO,
        "generation 3, after 2.500 s: degraded: the volume \"a\" is read-only, and what is changed "
        "on it is lost at the next boot\n"
        "\nvolumes:\n  a, changes in memory\n  b\n"
        "\nentries: 0 restored, 0 skipped\n"
        "\nsteps, in their order:\n    0.000 s  in all these steps, of 2.500 s\n",
        "");
    assert_status("failed",
                  "{\"format\":1,\"result\":\"failed\",\"error\":\"no disk\",\"microseconds\":2000,"
                  "\"setbacks\":[\"before\"],\"steps\":[{\"kind\":\"drivers\",\"step\":\"load\","
                  "\"origin\":\"e\",\"result\":\"done\",\"microseconds\":1000}," STEP(
                      "device", "wait", "\"error\":\"no disk\",", "failed") "]}",
                  true, EXIT_NO,
                  "no generation, after 0.002 s: failed: no disk\n"
                  "\nentries: 0 restored, 0 skipped\n"
                  "\nnot done:\n  wait  (e.conf:1)\n    failed: no disk\n"
                  "\nwhat stopped the boot before it went on:\n  before\n"
                  "\nsteps, the slowest first:\n    0.002 s  wait\n    0.001 s  load\n"
                  "    0.003 s  in all these steps, of 0.002 s\n",
                  "");
}

#define DAMAGED "ebb: \"/run/ebb/status.json\" is not what PID 1 writes: "
#define AGAIN "; the next boot makes it anew\n"

static void test_damage(void **state)
{
    (void)state; /* as above */
    static const struct {
        const char *json, *logged;
    } cases[] = {
        {"", DAMAGED "it is no JSON" AGAIN},
        {HEAD "\"steps\":[", DAMAGED "it is no JSON" AGAIN},
        {HEAD "\"steps\":[]}x", DAMAGED "it is no JSON" AGAIN},
        {"[[[[[[[[[[[[]]]]]]]]]]]]", DAMAGED "it is no JSON" AGAIN},
        {"[]", DAMAGED "it is no JSON object" AGAIN},
        {"{\"format\":\"1\"}", DAMAGED "its format is not 1" AGAIN},
        {"{\"format\":1,\"result\":2}",
         DAMAGED "its result is neither \"done\" nor \"failed\"" AGAIN},
        {HEAD "\"steps\":{}}", DAMAGED "it has no list \"steps\"" AGAIN},
        {HEAD "\"steps\":[null]}", DAMAGED "a step is no object" AGAIN},
        {HEAD "\"steps\":[{\"kind\":3}]}",
         DAMAGED "a step lacks its kind, sentence, origin or result" AGAIN},
        {HEAD "\"volumes\":[[]],\"steps\":[]}", DAMAGED "a volume has no name" AGAIN},
        {HEAD "\"degraded\":[1],\"steps\":[]}", DAMAGED "a degraded volume has no name" AGAIN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_status(cases[i].json, cases[i].json, false, EXIT_NO, "", cases[i].logged);
}

/* However little of the file was written, it is told, and nothing of it is believed. */
static void test_cut(void **state)
{
    (void)state; /* as above */
    static const char whole[] =
        HEAD ROOT VOLUMES "\"degraded\":[\"\\u00e9\"],\"steps\":[" BIND "]}";
    const struct status_request request = {0};
    must_run("mkdir -p root/run/ebb");
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        auto_string cut = strndup(whole, length);
        auto_string text = NULL;
        put("root/run/ebb/status.json", cut);
        auto_fd root = open_folder("root");
        log_begin();
        FILE *out = output_begin(&text);
        int status = status_tell((struct target){root, ""}, &request, out);
        fclose(out);
        auto_string log = log_end();
        assert_text(cut, text, "");
        assert_text(cut, log, DAMAGED "it is no JSON" AGAIN);
        assert_int_equal(status, EXIT_NO);
    }
}

static int tell(const char *folder, bool json, char **text)
{
    const struct status_request request = {.json = json};
    auto_fd root = open_folder(folder);
    FILE *out = output_begin(text);
    int status = status_tell((struct target){root, ""}, &request, out);
    fclose(out);
    return status;
}

static void test_json(void **state)
{
    (void)state; /* as above */
    auto_string text = NULL;
    auto_string none = NULL;
    auto_string linked = NULL;
    must_run("mkdir -p root/run/ebb empty planted/run/ebb");
    put("root/run/ebb/status.json", HEAD "\"steps\":[]}");
    assert_int_equal(tell("root", true, &text), EXIT_DONE);
    assert_string_equal(text, HEAD "\"steps\":[]}\n");
    log_begin();
    assert_int_equal(tell("empty", true, &none), EXIT_NO);
    must_run("ln -s \"$PWD/root/run/ebb/status.json\" planted/run/ebb/status.json");
    assert_int_equal(tell("planted", true, &linked), EXIT_NO);
    auto_string log = log_end();
    static const char line[] =
        "ebb: this system was not booted by Ebb: there is no \"/run/ebb/status.json\"\n";
    assert_string_equal(none, "");
    assert_string_equal(linked, "");
    assert_int_equal(strlen(log), 2 * strlen(line));
    assert_memory_equal(log, line, strlen(line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_damage, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_cut, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_json, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
