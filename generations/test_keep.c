/* Which generations stay, by dates that were made up. */
#include "base/testdata/scratch.h"

#include "generations/keep.h"
#include "generations/store.h"
#include "plan/value.h"

/* Each date with what becomes of it: L one of the last, D, W and M the last of a day, a week and a
 * month, Y young, ? undated, "-" it may go. It is noon of Sunday, the first of March 2026. */
static const struct {
    const char *zone, *policy, *dates[12], *outcome;
} cases[] = {
    {"UTC", "2", {"2026-01-01T00", "2026-01-01T01", "soon", "2020-01-01T00"}, "--LL"},
    {"UTC", "5", {"2026-01-01T00"}, "L"},
    {"UTC", "5", {NULL}, ""},
    /* The latest stays in any case, and whoever has no date where dates count. */
    {"UTC", "age=1d", {"2020-01-01T00", "soon", "2020-01-02T00"}, "-?L"},
    {"UTC", "age=1d", {"2026-02-28T12", "2026-02-28T13", "2026-03-09T00", "2026-03-01T00"}, "-YYL"},
    /* Of a day the last; days without one do not count, and that of the latest does. */
    {"UTC",
     "daily=3",
     {"2026-02-01T00", "2026-02-10T01", "2026-02-10T23", "2026-02-20T00", "2026-02-20T01",
      "2026-02-28T23", "2026-02-28T23"},
     "--D-D-L"},
    {"UTC",
     "3,daily=2",
     {"2026-02-26T00", "2026-02-26T01", "2026-02-27T00", "2026-02-27T01", "2026-02-27T02"},
     "-DLLL"},
    /* Weeks begin with Monday, even those over the turn of a year. */
    {"UTC",
     "weekly=3",
     {"2025-12-28T23", "2025-12-29T00", "2026-01-04T23", "2026-01-05T00", "2026-01-11T00"},
     "W-W-L"},
    {"UTC",
     "monthly=2",
     {"2025-12-31T23", "2026-01-01T00", "2026-01-31T23", "2026-02-01T00"},
     "--ML"},
    /* By the clock on the wall. */
    {"UTC-3", "daily=2", {"2026-01-01T20", "2026-01-01T21", "2026-01-02T20"}, "D-L"},
    {"UTC",
     "2,daily=2,weekly=2,monthly=9,age=2d",
     {"2025-11-05T00", "2025-11-06T00", "2026-01-05T00", "2026-02-16T00", "2026-02-22T00",
      "2026-02-26T00", "2026-02-27T00", "2026-02-28T00", "2026-02-28T01", "2026-03-01T00"},
     "-MM-W--YLL"},
};

static time_t moment(const char *text)
{
    time_t seconds;
    assert_true(generation_time(text, &seconds));
    return seconds;
}

static void test_policies(void **state)
{
    (void)state;
    static const char letters[] = "-LDWMY?";
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct keep keep;
        struct keep_item items[12] = {{0}};
        char outcome[13] = "", created[40];
        size_t count = 0;
        setenv("TZ", cases[i].zone, 1);
        tzset(); /* localtime_r looks only once */
        assert_null(value_keep(cases[i].policy, &keep));
        for (; count < 12 && cases[i].dates[count]; count++) {
            snprintf(created, sizeof(created), "%s:00:00Z", cases[i].dates[count]);
            items[count].dated = generation_time(created, &items[count].made);
        }
        keep_apply(&keep, moment("2026-03-01T12:00:00Z"), items, count);
        for (size_t j = 0; j < count; j++)
            outcome[j] = letters[items[j].reason];
        if (strcmp(outcome, cases[i].outcome) != 0)
            fail_msg("%zu, \"%s\": %s, not %s", i, cases[i].policy, outcome, cases[i].outcome);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_policies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
