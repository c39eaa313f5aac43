/* Configurations that are too large, too deep, too many, or not there. */

#include "plan/testing.h"

#include <limits.h>

#include "plan/load.h"

static void expect(const char *text, size_t length, const char *expected)
{
    begin();
    write_file("ebb.conf", text, length);
    auto_string report = report_of(NULL);
    assert_string_equal(report, expected);
}

static void test_nul(void **state)
{
    (void)state;
    static const char text[] = BASE "module a\0b\n";
    expect(text, sizeof(text) - 1,
           "ebb.conf:3:9: there is a control character (0x00); remove it\n");
    expect("\0", 1, "ebb.conf:1:1: there is a control character (0x00); remove it\n");
}

static void test_large(void **state)
{
    (void)state;
    static const char refusal[] = "ebb.conf: \"ebb.conf\" is larger than 4194304 bytes, which no "
                                  "configuration is; correct the name\n";
    auto_string text = repeat(BASE, "\n", 10 << 20, "");
    expect(text, 10 << 20, refusal);
    expect(text, SCFG_MAX_SIZE + 1, refusal);
    expect(text, SCFG_MAX_SIZE, "");
}

static void expect_repeated(const char *before, const char *middle, size_t count, const char *after,
                            const char *expected)
{
    auto_string text = repeat(before, middle, count, after);
    expect(text, strlen(text), expected);
}

static void test_depth(void **state)
{
    (void)state;
    static const char base[] = BASE "root tmpfs {\n";
    /* 16 blocks are read, and it is for `root` to say that it takes none. */
    expect_repeated(base, "a {\n", 15, "}}}}}}}}}}}}}}}}\n",
                    "ebb.conf:3:1: \"root\" takes no block; write: root tmpfs|overlay size=25% "
                    "inodes=1m mode=0755, or: root subvolume VOLUME:/path keep=30d\n");
    expect_repeated(base, "a {\n", 16, "}}}}}}}}}}}}}}}}}\n",
                    "ebb.conf:3:1: \"root\" takes no block; write: root tmpfs|overlay size=25% "
                    "inodes=1m mode=0755, or: root subvolume VOLUME:/path keep=30d\nebb.conf:19:3: "
                    "the block of \"a\" lies more than 16 "
                    "blocks deep; close one "
                    "above it\n");
    expect_repeated(base, "a {\n", 100000, "",
                    "ebb.conf:3:1: \"root\" takes no block; write: root tmpfs|overlay size=25% "
                    "inodes=1m mode=0755, or: root subvolume VOLUME:/path keep=30d\nebb.conf:19:3: "
                    "the block of \"a\" lies more than 16 "
                    "blocks deep; close one "
                    "above it\n");
}

static void test_long_paths(void **state)
{
    (void)state;
    static const char letters[] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char name[NAME_MAX + 2];
    memset(name, 'b', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0'; /* 256 bytes */
    expect_repeated(STORE "    dir /", name + 1, 1, "\n}\n", "");
    expect_repeated(STORE "    dir /", name, 1, "\n}\n",
                    "ebb.conf:4:9: path \"/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                    "bbbbbbbbbbbbbbbbbbbbbbb...\" has a component longer than the kernel's 255 "
                    "bytes; write a path such as /var/log\n");
    /* 4096 bytes */
    expect_repeated(STORE "    dir ", letters, 128, "\n}\n",
                    "ebb.conf:4:9: path \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaaaaaaaaaa"
                    "aaaaaaa/aaaaaaaaaaaaaaa...\" is longer than the kernel's 4095 bytes; write a "
                    "path such as /var/log\n");
    /* 4064 bytes behind state:/persist */
    expect_repeated(STORE "    dir ", letters, 127, "\n}\n", "");
    expect_repeated(STORE "    dir ", letters, 127, "/bbbbbbbbbbbbbbbbbbbbbb\n}\n", "");
    expect_repeated(STORE "    dir ", letters, 127, "/bbbbbbbbbbbbbbbbbbbbbbb\n}\n",
                    "ebb.conf:4:5: the path on the volume \"state\" is longer than the kernel's "
                    "4095 bytes; shorten the entry or its store\n");
}

static void test_long_words(void **state)
{
    (void)state;
    expect_repeated(BASE, "x", 1000000, "\n",
                    "ebb.conf:3:1: unknown directive \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\"; see ebb.conf(5)\n");
    /* Cut between characters. */
    expect_repeated(BASE "module x", "é", 50, "\n",
                    "ebb.conf:3:8: name \"xééééééééééééééééééééééééééééééééééééééé...\" is not a "
                    "name; use letters, digits, \"-\" and \"_\"\n");
}

/* A file that includes the next one, and so on: 16 levels are read. */
static void test_include_depth(void **state)
{
    (void)state;
    begin();
    write_files(BASE "include 1.conf\n");
    for (unsigned i = 1; i <= LOAD_MAX_DEPTH + 1; i++) {
        char name[32], text[32];
        snprintf(name, sizeof(name), "%u.conf", i);
        snprintf(text, sizeof(text), "include %u.conf\n", i + 1);
        write_file(name, text, strlen(text));
    }
    auto_string report = report_of(NULL);
    assert_string_equal(report,
                        "16.conf:1:9: \"17.conf\" is included more than 16 deep; include it "
                        "further up\n");
    write_file("16.conf", "", 0);
    auto_string good = report_of(NULL);
    assert_string_equal(good, "");
}

static void test_many_files(void **state)
{
    (void)state;
    begin();
    write_files(BASE "include d/*\n=== d/0.conf\n=== x.conf\nmodule loop\n");
    for (unsigned i = 1; i < LOAD_MAX_FILES - 1; i++) {
        char name[32];
        snprintf(name, sizeof(name), "d/%u.conf", i);
        write_file(name, "module loop\n", 12);
    }
    auto_string good = report_of(NULL);
    assert_string_equal(good, "");
    /* Beside ebb.conf there is no include to be blamed. */
    static const char *const extra[] = {"x.conf", NULL};
    auto_string beside = report_of(extra);
    assert_string_equal(beside, "x.conf: \"x.conf\" is one file too many, after 256; join some\n");
    write_file("d/z.conf", "", 0);
    auto_string report = report_of(NULL);
    assert_string_equal(report, "ebb.conf:3:9: \"d/z.conf\" is one file too many, after 256; join "
                                "some\n");
}

static void test_extra(void **state)
{
    (void)state;
    static const char *const extra[] = {"a.conf", "ebb.conf", "b.conf", "c.conf", NULL};
    begin();
    write_files(BASE "include a.conf\nroot tmpfs\n"
                     "=== a.conf\nroot overlay\nrescue wait\n=== b.conf\nrescue reboot\n");
    auto_string report = report_of(extra);
    assert_string_equal(
        report,
        "b.conf:1:1: \"rescue\" is declared twice, first at a.conf:2:1; remove one\n"
        "c.conf: cannot read \"c.conf\": No such file or directory; make it, or correct the "
        "name\n");
}

static void test_no_file(void **state)
{
    (void)state;
    begin();
    auto_string missing = report_of(NULL);
    assert_string_equal(missing, "ebb.conf: cannot read \"ebb.conf\": No such file or directory; "
                                 "make it, or correct the name\n");
    assert_int_equal(mkdir("ebb.conf", 0700), 0);
    auto_string folder = report_of(NULL);
    assert_string_equal(folder, "ebb.conf: cannot read \"ebb.conf\": Is a directory; name a file "
                                "in it, or all with a glob such as *.conf\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nul),        cmocka_unit_test(test_large),
        cmocka_unit_test(test_depth),      cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_long_words), cmocka_unit_test(test_include_depth),
        cmocka_unit_test(test_many_files), cmocka_unit_test(test_extra),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
