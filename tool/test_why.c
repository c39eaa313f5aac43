/* `ebb why`: what the record tells, and what a crash left beside it. */
#include "tool/testing.h"

#include "tool/boots.h"
#include "tool/crash.h"
#include "tool/verb.h"

#define PSTORE "root/sys/fs/pstore"
#define ARCHIVE "root/var/lib/systemd/pstore"
#define PANIC "Kernel panic - not syncing: sysrq triggered crash"
#define NOTHING "nothing went wrong in the last boot\n"

/* A log that was saved so many seconds after 1970. */
static void put_log(const char *path, int time, const char *text)
{
    must_run("mkdir -p \"$(dirname %s)\"", path);
    put(path, text);
    must_run("touch -d @%d %s", time, path);
}

static void put_watchdog(const char *status)
{
    must_run("mkdir -p root/sys/devices/w0 root/sys/class/watchdog");
    must_run("ln -sfn ../../devices/w0 root/sys/class/watchdog/watchdog0");
    put("root/sys/devices/w0/bootstatus", status);
}

static struct crash read_crash(struct arena *arena)
{
    struct crash crash;
    must_run("mkdir -p root");
    auto_fd root = open_folder("root");
    crash_read(arena, (struct target){root, ""}, &crash);
    return crash;
}

/* A boot of generation 2 at second 1000, and this one of generation 1. */
static struct record record_of(enum record_stage stage, const char *text, uint32_t last_good)
{
    struct record record = {.last_good = last_good};
    struct record_attempt *before = record_add(&record, 2);
    before->time = 1000;
    before->stage = stage;
    memset(before->boot, 7, sizeof(before->boot));
    strncpy(before->text, text, sizeof(before->text) - 1);
    record_add(&record, 1)->stage = RECORD_LEFT;
    return record;
}

static void assert_why(const struct record *record, bool all, int status, const char *expected)
{
    auto_arena arena = arena_new();
    auto_string text = NULL;
    const struct crash crash = read_crash(arena);
    FILE *out = output_begin(&text);
    assert_int_equal(why_tell(record, 1, &crash, all, out), status);
    fclose(out);
    assert_text("why", text, expected);
}

#define BEFORE "1970-01-01 00:16  generation 2: "

static void test_stages(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        enum record_stage stage;
        const char *text;
        uint32_t good;
        const char *without, *with;
    } cases[] = {
        {RECORD_STARTED, "", 0,
         BEFORE "it ended within the initramfs, by a panic, a hang or a power cut\n",
         BEFORE "it ended within the initramfs: " PANIC "\n"},
        {RECORD_FAILED, "no \033", 1, BEFORE "no \\033\n", BEFORE "no \\033\n"},
        {RECORD_LEFT, "", 0, NOTHING, BEFORE "its init was executed: " PANIC "\n"},
        {RECORD_LEFT, "", 1, BEFORE "its init was executed, and the boot was never confirmed\n",
         BEFORE "its init was executed, and the boot was never confirmed: " PANIC "\n"},
        {RECORD_LEFT, "a check failed", 0,
         BEFORE "its init was executed, and the boot was never confirmed: a check failed\n",
         BEFORE
         "its init was executed, and the boot was never confirmed: a check failed; then: " PANIC
         "\n"},
        {RECORD_GOOD, "", 1, NOTHING, BEFORE "confirmed: " PANIC "\n"},
        {RECORD_WAITS, "", 1, NOTHING, BEFORE "it ended while a person was asked: " PANIC "\n"},
    };
    setenv("TZ", "UTC", 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct record record = record_of(cases[i].stage, cases[i].text, cases[i].good);
        bool fine = strcmp(cases[i].without, NOTHING) == 0;
        must_run("rm -rf root");
        assert_why(&record, false, fine ? EXIT_DONE : EXIT_NO, cases[i].without);
        put_log(PSTORE "/dmesg-ramoops-0", 1001, "<0>[  9.5] " PANIC "\n<4>[  9.6] more\n");
        assert_why(&record, false, EXIT_NO, cases[i].with);
    }
}

static void test_ends(void **state)
{
    (void)state; /* as above */
    struct record record = record_of(RECORD_GOOD, "", 2);
    setenv("TZ", "UTC", 1);
    record.attempts[1].time = 2000;
    record.attempts[0].end = RECORD_END_CLEAN;
    assert_why(&record, false, EXIT_DONE, NOTHING);
    assert_why(&record, true, EXIT_DONE,
               "1970-01-01 00:33  generation 1: this boot\n" BEFORE
               "confirmed, and it was shut down cleanly\n");
    /* It was confirmed before, and used. */
    record.attempts[0].stage = RECORD_LEFT;
    assert_why(&record, false, EXIT_DONE, NOTHING);
    record.attempts[0].stage = RECORD_GOOD;
    record.attempts[0].end = RECORD_END_BUSY;
    assert_why(&record, false, EXIT_NO,
               BEFORE "confirmed, and its shutdown could not unmount everything\n");
}

/* What is about another boot is told of none. */
static void test_attribution(void **state)
{
    (void)state; /* as above */
    struct record record = record_of(RECORD_GOOD, "", 2);
    setenv("TZ", "UTC", 1);
    put_log(PSTORE "/dmesg-ramoops-0", 999, PANIC "\n"); /* older than that boot */
    put_log(PSTORE "/dmesg-ramoops-1", 1001, "Oops: 0002 [#1]\n");
    assert_why(&record, false, EXIT_DONE, NOTHING);
    put_log(PSTORE "/console-ramoops-0", 1001, PANIC "\n"); /* of every boot, and cut */
    assert_why(&record, false, EXIT_DONE, NOTHING);
    put_log(ARCHIVE "/17/001/dmesg-efi-17001001", 1002, "Panic#1 Part1\n" PANIC "\n");
    assert_why(&record, false, EXIT_NO, BEFORE "confirmed: " PANIC "\n");
    struct record first = {0}; /* no boot before this one is known */
    struct record_attempt *failed = record_add(&first, 2);
    failed->time = 1000;
    failed->stage = RECORD_FAILED;
    record_add(&first, 1)->stage = RECORD_LEFT;
    strcpy(first.attempts[0].text, "no init");
    assert_why(&first, false, EXIT_NO, BEFORE "no init\n");
}

static void test_watchdog(void **state)
{
    (void)state; /* as above */
    static const char reset[] = "the watchdog reset the machine";
    const struct record record = record_of(RECORD_GOOD, "", 2);
    char expected[256];
    setenv("TZ", "UTC", 1);
    put_watchdog("0\n");
    assert_why(&record, false, EXIT_DONE, NOTHING);
    put_watchdog("64\n");
    assert_why(&record, false, EXIT_DONE, NOTHING);
    put_watchdog("96\n");
    snprintf(expected, sizeof(expected), BEFORE "confirmed: %s\n", reset);
    assert_why(&record, false, EXIT_NO, expected);
    put_log(PSTORE "/dmesg-ramoops-0", 1001, PANIC); /* the last line, without an end */
    snprintf(expected, sizeof(expected), BEFORE "confirmed: " PANIC "; %s\n", reset);
    assert_why(&record, false, EXIT_NO, expected);
}

static void assert_log(const char *expected, const char *message)
{
    auto_arena arena = arena_new();
    auto_string text = NULL;
    struct error error = {0};
    const struct crash crash = read_crash(arena);
    FILE *out = output_begin(&text);
    int code = crash_print_log(&crash, out, &error);
    fclose(out);
    assert_outcome(expected, code, &error, message);
    assert_text("log", text, expected);
}

static void test_log(void **state)
{
    (void)state; /* as above */
    assert_log("",
               "no kernel has saved a log here; it needs a place for it (efi-pstore, or ramoops "
               "with its memory), \"/sys/fs/pstore\" to be mounted, and root to read it");
    put_log(PSTORE "/dmesg-ramoops-0", 1001, "old\n");
    put_log(ARCHIVE "/17/dmesg-efi-17001001", 1002, "three\nfour\\\033\n");
    put_log(ARCHIVE "/17/dmesg-efi-17002001", 1002, "one\ntwo");
    put_log(ARCHIVE "/17/dmesg.txt", 2000, "what systemd makes of them\n");
    assert_log("one\ntwo\nthree\nfour\\\\\\033\n", NULL);
    put_log(PSTORE "/dmesg-ramoops-1.enc.z", 1003, "?");
    assert_log("", "\"/sys/fs/pstore/dmesg-ramoops-1.enc.z\" cannot be read: the kernel saved it "
                   "compressed, and this one cannot unpack it; boot that kernel");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stages),   TEST(test_ends), TEST(test_attribution),
        TEST(test_watchdog), TEST(test_log),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
