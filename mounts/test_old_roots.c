#include "base/testdata/scratch.h"

#include "mounts/hibernation.h"
#include "mounts/old_roots.h"

enum { DAY = 24 * 3600 };

static void test_names(void **state)
{
    (void)state;
    static const struct {
        int64_t time;
        unsigned number;
        const char *name;
    } names[] = {
        {1769903999, 1, "@root.old-20260131T235959"},
        {1769903999, 12, "@root.old-20260131T235959-12"},
        {5, 1, "@root.old-19700101T000005"},
        {253402300799, 1, "@root.old-99991231T235959"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char name[100];
        struct old_root old = {0};
        old_root_name(name, sizeof(name), "@root", names[i].time, names[i].number);
        assert_string_equal(name, names[i].name);
        assert_true(old_root_read("@root", name, &old));
        assert_int_equal(old.time, names[i].time);
        assert_int_equal(old.number, names[i].number);
    }
}

/* A clock that cannot be is not written as five digits, which would not be read. */
static void test_bounds(void **state)
{
    (void)state;
    char name[100];
    old_root_name(name, sizeof(name), "r", INT64_MAX, 1);
    assert_string_equal(name, "r.old-99991231T235959");
    old_root_name(name, sizeof(name), "r", -1, 1);
    assert_string_equal(name, "r.old-19700101T000000");
}

/* What nobody but a person can have called so is a person's. */
static void test_others(void **state)
{
    (void)state;
    static const char *const names[] = {
        "@root",
        "@root.ebb-new",
        "@root.old-",
        "@root.old-20260131",
        "@root.old-20260131T2359",
        "@root.old-20260131T235959x",
        "@root.old-20260131T235959-",
        "@root.old-20260131T235959-1",
        "@root.old-20260131T235959-02",
        "@root.old-20260131T235959--2",
        "@root.old-20260131T235959-2 ",
        "@root.old-20260131T235959-18446744073709551618",
        "@root.old-20260230T235959",
        "@root.old-20260131T245959",
        "@root.old-20260131T235960",
        "@root.old- 2026131T235959",
        "@root.old-2026 131T235959",
        "@root.old-+026+131T235959",
        "@root2.old-20260131T235959",
        "@roo.old-20260131T235959",
        "x@root.old-20260131T235959",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct old_root old;
        if (old_root_read("@root", names[i], &old))
            fail_msg("\"%s\" was taken for an old root", names[i]);
    }
}

/* Ages in days, and which of them go. */
static void test_choice(void **state)
{
    (void)state;
    static const struct {
        int keep;
        int ages[4];
        const char *fate; /* x: expired */
    } cases[] = {
        {30, {1, 29, 30, 31}, "---x"},
        {30, {31, 1, 40, 20}, "x-x-"},
        {30, {31, 32, 33, 34}, "-xxx"},          /* the newest stays */
        {30, {20000, 20001, 90, 20002}, "xx-x"}, /* the clock was set right */
        {30, {-10, 40, 50, 1}, "-xx-"},          /* from the future */
        {30, {-10, -20, -30, -40}, "----"},
        {1, {2, 2, 2, 2}, "xxx-"}, /* the highest number of one second is the newest */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const int64_t now = 1800000000;
        struct old_root list[4];
        char fate[5] = "";
        for (size_t j = 0; j < 4; j++)
            list[j] = (struct old_root){
                .name = "", .time = now - (int64_t)cases[i].ages[j] * DAY, .number = (unsigned)j};
        old_roots_choose(list, 4, now, (uint64_t)cases[i].keep * DAY);
        for (size_t j = 0; j < 4; j++)
            fate[j] = list[j].expired ? 'x' : '-';
        if (strcmp(fate, cases[i].fate) != 0)
            fail_msg("case %zu: %s and not %s", i, fate, cases[i].fate);
    }
    old_roots_choose(NULL, 0, 0, 0); /* none at all */
    struct old_root only = {.name = "", .time = 0, .number = 1};
    old_roots_choose(&only, 1, 1800000000, DAY);
    assert_false(only.expired);
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        int64_t clock, changed, end, now;
    } cases[] = {
        {1800000000, 1799990000, 1800000000, 1800000000},
        {1800000000, 0, 1800000000, 1800000000},         /* there was none before */
        {5, 1800000000, 1800000000, 1800000000},         /* no clock */
        {946684800, 1800000000, 1800000000, 1800000000}, /* its battery is empty */
        {5, 0, 5, 5},
        {1800000000, 4000000000, 4000000000, 1800000000}, /* it was ahead when the system ran */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct old_root_dates dates = old_root_dates(cases[i].clock, cases[i].changed);
        assert_int_equal(dates.end, cases[i].end);
        assert_int_equal(dates.now, cases[i].now);
    }
}

static void test_resume(void **state)
{
    (void)state;
    static const struct {
        const char *line, *device;
        unsigned long long offset;
        bool is_given_up;
    } cases[] = {
        {"quiet ro\n", "", 0, false},
        {"resume=UUID=abc resume_offset=34816\n", "UUID=abc", 34816, false},
        {" noresume  resume=/dev/vda2", "/dev/vda2", 0, true},
        {"noresumes xresume=/dev/vda2 resumed=1", "", 0, false},
        {"resume=/dev/a resume=/dev/b", "/dev/b", 0, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct resume resume;
        resume_read(cases[i].line, &resume);
        assert_string_equal(resume.device, cases[i].device);
        assert_int_equal(resume.offset, cases[i].offset);
        assert_int_equal(resume.is_given_up, cases[i].is_given_up);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),  cmocka_unit_test(test_bounds), cmocka_unit_test(test_others),
        cmocka_unit_test(test_choice), cmocka_unit_test(test_dates),  cmocka_unit_test(test_resume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
