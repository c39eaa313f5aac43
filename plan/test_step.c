/* The order of steps: parents before what lies in them, whoever asked for them first. */

#include "plan/testing.h"

#include "generations/store.h"
#include "plan/kinds.h"

static void test_sort(void **state)
{
    (void)state;
    static const char *const sorted[] = {"/",    "/a",   "/a/b", "/a/b/c", "/a/b0", "/a/é", "/a b",
                                         "/a-b", "/a.b", "/a0",  "/aa",    "/b",    "/é"};
    size_t count = ARRAY_LENGTH(sorted);
    /* Every rotation and its mirror image come out the same. */
    for (size_t shift = 0; shift < 2 * count; shift++) {
        auto_arena arena = arena_new();
        struct plan plan = {.arena = arena};
        plan_add(&plan, STEP_ROOT, (struct origin){"x", 1, 1})->target = "/z";
        plan_add(&plan, STEP_TREE, (struct origin){"x", 2, 1});
        for (size_t i = 0; i < count; i++) {
            size_t at = (i + shift) % count;
            const char *target = sorted[shift < count ? at : count - 1 - at];
            plan_add(&plan, STEP_BIND, (struct origin){"x", 3, 1})->target = target;
        }
        plan_sort(&plan, 2);
        assert_int_equal(plan.count, count + 2);
        assert_string_equal(plan.steps[0].target, "/z"); /* those before `first` stay */
        assert_null(plan.steps[1].target);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(plan.steps[2 + i].target, sorted[i]);
    }
}

static void test_sort_nothing(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct plan plan = {.arena = arena};
    plan_sort(&plan, 0);
    plan_add(&plan, STEP_DRIVERS, (struct origin){"x", 0, 0});
    plan_sort(&plan, 1);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.steps[0].kind, STEP_DRIVERS);
}

/* What was added last stays valid until the next, and nothing is lost as the list grows. */
static void test_add(void **state)
{
    (void)state;
    static const char *const names[] = {"loop", "uas"};
    auto_arena arena = arena_new();
    struct plan plan = {.arena = arena};
    for (unsigned i = 0; i < 1000; i++) {
        struct step *step = plan_add(&plan, STEP_MODULE, (struct origin){"x", i, 1});
        assert_null(step->target);
        assert_null(step->generation);
        step->module = names[i % 2];
    }
    assert_int_equal(plan.count, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(plan.steps[i].origin.line, i);
        assert_ptr_equal(plan.steps[i].module, names[i % 2]);
    }
}

/* Ten thousand entries, declared children first, come out with every parent before its children. */
static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    begin();
    auto_file stream = fopen("ebb.conf", "w");
    assert_non_null(stream);
    fputs(STORE, stream);
    for (unsigned i = COUNT; i > 0; i--) {
        fputs("dir /d", stream);
        for (unsigned part = 10000; part > 0; part /= 10)
            if (i / part)
                fprintf(stream, "/%u", i / part); /* 4711 is /d/4/47/471/4711 */
        fputs("\n", stream);
    }
    fputs("}\n", stream);
    fclose(TAKE_PTR(stream));
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(config->entry_count, COUNT);
    const struct plan *plan = plan_root(arena, config, generation_wanted(arena, "latest"), NULL);
    size_t binds = 0;
    const char *last = "/";
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].kind != STEP_BIND)
            continue;
        /* In this order a parent stands right before all that lies in it. */
        const char *target = plan->steps[i].target, *name = strrchr(target, '/');
        size_t parent = (size_t)(name - target);
        if (parent > strlen("/d")) {
            assert_memory_equal(target, last, parent);
            assert_true(last[parent] == '/' || last[parent] == '\0');
        }
        last = target;
        binds++;
    }
    assert_int_equal(binds, COUNT);
}

/* Each kind has its name, its sentence and its function; no two names are the same. */
static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEP_KINDS; i++) {
        assert_non_null(step_kinds[i].name);
        assert_non_null(step_kinds[i].sentence);
        assert_non_null(step_kinds[i].apply);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(step_kinds[i].name, step_kinds[j].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sort),  cmocka_unit_test(test_sort_nothing),
        cmocka_unit_test(test_add),   cmocka_unit_test(test_many),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
