/* Wrong configurations, and exactly what is said about each: the whole way from the file to
 * config_check. A message names the object, the reason and the remedy; one fault is told once. */
#ifndef EBB_PLAN_WRONG_H
#define EBB_PLAN_WRONG_H

#include "plan/testing.h"

#define LUKS "volume state UUID=a { luks "
#define LUKS_END "; fs ext4 }\ngenerations state:/generations\n"

struct wrong {
    const char *text, *report;
};

static void assert_reports(const struct wrong *cases, size_t count)
{
    size_t failures = 0;
    for (size_t i = 0; i < count; i++) {
        begin();
        write_files(cases[i].text);
        auto_string report = report_of(NULL);
        if (strcmp(report, cases[i].report) == 0)
            continue;
        print_error("--- of\n%s--- is said\n%s--- and not\n%s", cases[i].text, report,
                    cases[i].report);
        failures++;
    }
    assert_int_equal(failures, 0);
}

/* Every line is `place: text`; the text begins in lower case, with a quote or "/", and is no full
 * sentence. */
static void assert_taste(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(*cases[i].report);
        for (const char *line = cases[i].report; *line; line = strchr(line, '\n') + 1) {
            const char *text = strstr(line, ": "), *end = strchr(line, '\n');
            bool good = text && end && text < end && end[-1] != '.' &&
                        strchr("\"abcdefghijklmnopqrstuvwxyz", text[2]);
            assert_true(good);
        }
    }
}

/* The cases of a program, which each has in one table. */
static const struct wrong *all_cases;
static size_t all_count;

static void test_cases(void **state)
{
    (void)state;
    assert_reports(all_cases, all_count);
}

static void test_taste(void **state)
{
    (void)state;
    assert_taste(all_cases, all_count);
}

#endif
