/* The record of boots: what is written comes back, whatever was torn; and what counts as failed. */
#include "base/testdata/scratch.h"

#include "generations/record.h"

static int open_volume(void)
{
    must_run("mkdir -p volume");
    return open_folder("volume");
}

static struct record read_record(int fd)
{
    struct record record;
    struct error error;
    assert_int_equal(record_read(fd, &record, &error), 0);
    return record;
}

static void attempt(struct record *record, unsigned generation, enum record_stage stage)
{
    record_add(record, generation)->stage = stage;
}

static void write_record(int fd, struct record *record)
{
    struct error error;
    assert_int_equal(record_write(fd, record, &error), 0);
}

static void test_written(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    auto_fd volume = open_volume();
    assert_int_equal(record_open(volume, ".ebb/record", false, &error), -ENOENT);
    auto_fd fd = record_open(volume, ".ebb/record", true, &error);
    assert_true(fd >= 0);
    must_run("test $(stat -c %%s:%%a volume/.ebb/record) = 8192:600");
    struct record record = read_record(fd);
    assert_true(record.sequence == 0 && record.count == 0 && !record.damaged);
    record_choose(&record, 3);
    record.chosen_over = 4;
    record.last_good = 2;
    record.trial = (struct record_trial){TRIAL_WANTED, 7, 900, 2, 1};
    for (unsigned i = 1; i <= RECORD_BAD + 2; i++)
        record_mark_bad(&record, i);
    for (unsigned i = 1; i <= RECORD_ATTEMPTS + 2; i++) {
        record_forgive(&record, RECORD_ATTEMPTS);
        attempt(&record, i, RECORD_LEFT);
        snprintf(record.attempts[record.count - 1].text, RECORD_TEXT, "text %u", i);
        write_record(fd, &record);
    }
    auto_fd again = record_open(volume, ".ebb/record", true, &error);
    struct record read = read_record(again);
    assert_memory_equal(&read, &record, sizeof(read));
    assert_int_equal(read.count, RECORD_ATTEMPTS);
    assert_int_equal(read.attempts[0].generation, 3);
    assert_string_equal(read.attempts[RECORD_ATTEMPTS - 1].text, "text 18");
    assert_ptr_equal(record_current(&read, 18), &read.attempts[RECORD_ATTEMPTS - 1]);
    assert_null(record_current(&read, 17));
    assert_true(record_attempted(&read, 17));
    assert_false(record_attempted(&read, 2));
    read.attempts[RECORD_ATTEMPTS - 1].boot[0] ^= 1;
    assert_null(record_current(&read, 18)); /* of another boot */
    must_run("test $(stat -c %%s volume/.ebb/record) = 8192");
}

/* Whichever byte of the slot that was written last is wrong, what was said before is there. */
static void test_torn(void **state)
{
    (void)state; /* as above */
    struct error error;
    auto_fd volume = open_volume();
    auto_fd fd = record_open(volume, ".ebb/record", true, &error);
    struct record record = read_record(fd);
    record.chosen = 1;
    write_record(fd, &record);
    record.chosen = 2;
    write_record(fd, &record);
    for (off_t at = 0; at < RECORD_SLOT; at++) { /* the second has an even number: the first slot */
        unsigned char byte, wrong;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        wrong = byte ^ 0x10;
        assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
        assert_int_equal(read_record(fd).chosen, 1);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(read_record(fd).chosen, 2);
    /* Both are gone: that is told, and the next one begins anew. */
    must_run("printf xxxx | dd of=volume/.ebb/record bs=1 seek=100 conv=notrunc status=none &&"
             "printf xxxx | dd of=volume/.ebb/record bs=1 seek=5000 conv=notrunc status=none");
    record = read_record(fd);
    assert_true(record.damaged && record.sequence == 0 && record.chosen == 0);
    record.chosen = 7;
    write_record(fd, &record);
    assert_int_equal(read_record(fd).chosen, 7);
    /* Shorter than it should be, as after a repair of the file system. */
    must_run("truncate -s 100 volume/.ebb/record");
    record = read_record(fd);
    assert_true(record.damaged);
    write_record(fd, &record);
    assert_int_equal(read_record(fd).sequence, 1);
}

static void test_planted(void **state)
{
    (void)state; /* as above */
    struct error error;
    auto_fd volume = open_volume();
    must_run("mkdir outside && ln -s ../outside volume/.ebb");
    assert_true(record_open(volume, ".ebb/record", true, &error) < 0);
    must_run("test -z \"$(ls outside)\"");
}

static void test_bad(void **state)
{
    (void)state; /* nothing is written */
    struct record record = {0};
    assert_false(record_is_bad(&record, 0, 0));
    for (unsigned i = 1; i <= RECORD_BAD + 1; i++)
        record_mark_bad(&record, i);
    assert_false(record_is_bad(&record, 1, 0)); /* the oldest had to go */
    assert_true(record_is_bad(&record, 2, 0));
    record_mark_bad(&record, 5); /* once is enough */
    assert_true(record_is_bad(&record, 2, 0));
    record_forgive(&record, 5);
    assert_false(record_is_bad(&record, 5, 0));
    assert_true(record_is_bad(&record, 6, 0) && record_is_bad(&record, RECORD_BAD + 1, 0));
    assert_false(record_is_bad(&record, 0, 0));
}

/* Each keeps its own when the oldest goes, and what another version writes there means nothing. */
static void test_ends(void **state)
{
    (void)state; /* as above */
    struct error error;
    auto_fd volume = open_volume();
    auto_fd fd = record_open(volume, ".ebb/record", true, &error);
    struct record record = read_record(fd);
    assert_null(record_before(&record));
    for (unsigned i = 0; i < RECORD_ATTEMPTS + 1; i++) {
        attempt(&record, 1, RECORD_LEFT);
        record.attempts[record.count - 1].end = i % (RECORD_ENDS + 1);
    }
    assert_null(record_before(&record));
    memset(record.attempts[3].boot, 7, RECORD_BOOT);
    assert_ptr_equal(record_before(&record), &record.attempts[3]);
    write_record(fd, &record);
    record = read_record(fd);
    for (unsigned i = 0; i < RECORD_ATTEMPTS; i++)
        assert_int_equal(record.attempts[i].end, (i + 1) % (RECORD_ENDS + 1) % RECORD_ENDS);
}

static void test_left(void **state)
{
    (void)state; /* nothing is written */
    for (unsigned i = 0; i < RECORD_STAGES; i++)
        assert_int_equal(record_has_left(&(struct record_attempt){.stage = i}),
                         i == RECORD_LEFT || i == RECORD_GOOD);
}

static void test_failures(void **state)
{
    (void)state; /* nothing is written */
    struct record record = {0};
    assert_int_equal(record_failures(&record, 3), 0);
    attempt(&record, 3, RECORD_FAILED);
    attempt(&record, 2, RECORD_LEFT);
    attempt(&record, 3, RECORD_STARTED);
    assert_int_equal(record_failures(&record, 3), 2);
    attempt(&record, 3, RECORD_WAITS); /* switched off at a question */
    attempt(&record, 3, RECORD_LEFT);  /* nobody confirms boots here */
    assert_int_equal(record_failures(&record, 3), 2);
    record.last_good = 2;
    assert_int_equal(record_failures(&record, 3), 3);
    attempt(&record, 3, RECORD_GOOD);
    assert_int_equal(record_failures(&record, 3), 0);
    attempt(&record, 3, RECORD_FAILED);
    assert_int_equal(record_failures(&record, 3), 1);
    assert_int_equal(record_failures(&record, 2), 1);
    record_forgive(&record, 3);
    assert_int_equal(record_failures(&record, 3), 0);
    attempt(&record, 3, RECORD_STARTED);
    assert_int_equal(record_failures(&record, 3), 1);
    /* That which was good is used, and nobody confirms each time. */
    struct record_attempt *used = &record.attempts[1];
    used->end = RECORD_END_CLEAN;
    assert_int_equal(record_failures(&record, 2), 0);
    strcpy(used->text, "a check failed");
    assert_int_equal(record_failures(&record, 2), 1);
    *used->text = '\0';
    record.last_good = 3;
    assert_int_equal(record_failures(&record, 2), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_written),
                                       TEST(test_torn),
                                       TEST(test_planted),
                                       TEST(test_ends),
                                       cmocka_unit_test(test_left),
                                       cmocka_unit_test(test_bad),
                                       cmocka_unit_test(test_failures)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
