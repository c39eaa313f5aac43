/* What makes and deletes generations, what is said of them later, and how much they take. */
#include "base/testdata/scratch.h"

#include "generations/change.h"
#include "generations/marks.h"
#include "generations/size.h"
#include "generations/store.h"

static const struct generation_facts no_facts;

/* A generation with the least that is one, in the store that is the current folder. */
static void add(unsigned number)
{
    char path[40];
    must_run("mkdir -p %u/tree", number);
    snprintf(path, sizeof(path), "%u/generation.json", number);
    put(path, "{\"format\": 1, \"label\": \"made so\"}");
}

static int lock(void)
{
    struct error error;
    int store = -1;
    auto_fd volume = open_folder(".");
    assert_outcome("lock", store_lock(volume, "/", &store, &error), &error, NULL);
    return store;
}

static const struct generation *choose(struct arena *arena, const char *choice)
{
    struct error error;
    const struct generation *chosen = NULL;
    const struct generations store = {.place.path = "/"};
    auto_fd volume = open_folder(".");
    assert_outcome(choice, generation_choose(arena, volume, &store, NULL, choice, &chosen, &error),
                   &error, NULL);
    return chosen;
}

/* Until it is committed nothing has a number, and what was there keeps its own. */
static void test_commit(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    unsigned number = 0;
    auto_arena arena = arena_new();
    static const char *const command[] = {"sh", "-c", "echo \"x\"", NULL};
    const struct generation_facts facts = {"new", "/init", 41, command};
    add(1);
    add(41);
    must_run("mkdir 50x && touch 42.pin && echo stale > 42.label");
    auto_fd store = lock(), folder = -1, second = -1;
    assert_outcome("prepare", generation_prepare(store, &facts, &folder, &error), &error, NULL);
    must_run("test -d .new/tree && test ! -e 42 && touch .new/tree/file");
    assert_int_equal(choose(arena, "latest")->number, 41);
    assert_int_equal(generation_prepare(store, &no_facts, &second, &error), -EEXIST);
    assert_int_equal(second, -1);
    assert_outcome("commit", generation_commit(store, &number, &error), &error, NULL);
    assert_int_equal(number, 42);
    const struct generation *made = choose(arena, "latest");
    assert_int_equal(made->number, 42);
    assert_int_equal(made->parent, 41);
    assert_string_equal(made->label, "new");
    assert_string_equal(made->init, "/init");
    assert_int_equal(strlen(made->created), strlen("2026-01-02T03:04:05Z"));
    assert_false(mark_is_pinned(store, 42));
    must_run("test -f 42/tree/file && test ! -e .new && tr -d ' \\n' < 42/generation.json |"
             "grep -qF '\"command\":[\"sh\",\"-c\",\"echo\\\"x\\\"\"]'");
    assert_outcome("commit", generation_commit(store, &number, &error), &error,
                   "cannot give generation 43 its name: No such file or directory");
    assert_int_equal(number, 42);
}

/* Two at once cannot be; what nobody works on any more is left of a power cut. */
static void test_lock(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    int second = -1;
    auto_fd volume = open_folder("."), folder = -1;
    add(3);
    must_run("touch mine .old && mkdir old-3");
    int store = lock();
    assert_outcome("prepare", generation_prepare(store, &no_facts, &folder, &error), &error, NULL);
    must_run("mkdir -p .new/work/work .old-2/tree/deep && chmod 0 .new/work/work");
    assert_outcome(
        "second", store_lock(volume, "/", &second, &error), &error,
        "another ebb makes or deletes a generation in this store; wait until it is done");
    assert_int_equal(second, -1);
    must_run("test -d .new/work/work && test -d .old-2");
    close(store);
    store = lock();
    must_run("test \"$(ls -A | LC_ALL=C sort | tr '\\n' ' ')\" = '.old 3 mine old-3 '");
    close(folder);
    folder = -1;
    assert_outcome("prepare", generation_prepare(store, &no_facts, &folder, &error), &error, NULL);
    assert_outcome("abandon", generation_abandon(store, &error), &error, NULL);
    must_run("test ! -e .new");
    close(store);
}

static void test_delete(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    add(1);
    add(2);
    must_run("mkdir -p 1/tree/a/b && touch 1/tree/a/b/c 1.pin 2.pin && echo x > 1.label");
    auto_fd store = lock();
    assert_outcome("delete", generation_delete(store, 1, &error), &error, NULL);
    must_run("test \"$(ls -A | tr '\\n' ' ')\" = '2 2.pin '");
    assert_outcome("delete", generation_delete(store, 1, &error), &error,
                   "cannot take generation 1 away: No such file or directory");
}

static void test_labels(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *label, *message;
    } cases[] = {
        {"before the upgrade, é", NULL},
        {"12a", NULL},
        {"", NULL},
        {"a\nb", "the label \"a\nb\" has what is no character, or a control character; take "
                 "another one"},
        {"a\033b", "the label \"a\033b\" has what is no character, or a control character; take "
                   "another one"},
        {"\xff", "the label \"\xff\" has what is no character, or a control character; take "
                 "another one"},
        {"12", "the label \"12\" is a number; take another one"},
        {"previous", "the label \"previous\" means another generation; take another one"},
    };
    auto_arena arena = arena_new();
    struct error error = {0};
    char longest[202];
    add(3);
    auto_fd store = lock();
    assert_string_equal(choose(arena, "3")->label, "made so");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_outcome(cases[i].label, mark_label(store, 3, "other", &error), &error, NULL);
        assert_outcome(cases[i].label, mark_label(store, 3, cases[i].label, &error), &error,
                       cases[i].message);
        assert_string_equal(choose(arena, "3")->label, cases[i].message ? "other" : cases[i].label);
    }
    memset(longest, 'x', sizeof(longest));
    longest[201] = '\0';
    assert_int_equal(mark_label(store, 3, longest, &error), -EINVAL);
    longest[200] = '\0';
    assert_outcome("longest", mark_label(store, 3, longest, &error), &error, NULL);
    assert_string_equal(choose(arena, "3")->label, longest);
    must_run("rm 3.label && echo outside > ../outside.label && ln -s ../outside.label 3.label");
    assert_string_equal(choose(arena, "3")->label, "made so");
    must_run("rm ../outside.label");
}

static void test_pins(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    auto_fd store = lock();
    assert_false(mark_is_pinned(store, 3));
    assert_outcome("pin", mark_pin(store, 3, true, &error), &error, NULL);
    assert_outcome("pin", mark_pin(store, 3, true, &error), &error, NULL);
    assert_true(mark_is_pinned(store, 3));
    assert_false(mark_is_pinned(store, 33));
    assert_outcome("unpin", mark_pin(store, 3, false, &error), &error, NULL);
    assert_outcome("unpin", mark_pin(store, 3, false, &error), &error, NULL);
    assert_false(mark_is_pinned(store, 3));
}

/* What a file takes is counted once, however many names it has. */
static void test_size(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        unsigned numbers[2];
        size_t count;
        uint64_t own, shared; /* in blocks of 4096 bytes */
    } cases[] = {
        {{1}, 1, 3, 5 + 7},
        {{2}, 1, 2, 5 + 7},
        {{1, 2}, 2, 3 + 2 + 5, 7},
        {{3}, 1, 0, 0},
    };
    struct error error;
    add(1);
    add(2);
    must_run("rm */generation.json && mkdir -p 1/tree/a 3 && head -c 8192 /dev/zero > 1/tree/own &&"
             "ln 1/tree/own 1/tree/a/own && head -c 4096 /dev/zero > 1/tree/single &&"
             "head -c 8192 /dev/zero > 2/own && head -c 20480 /dev/zero > 1/tree/both &&"
             "ln 1/tree/both 2/tree/both && ln 1/tree/both 2/tree/again &&"
             "head -c 28672 /dev/zero > outside && ln outside 1/tree/o && ln outside 2/tree/o");
    auto_fd store = open_folder(".");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct generation_size size = {7, 7};
        assert_outcome("size",
                       generation_size(store, cases[i].numbers, cases[i].count, &size, &error),
                       &error, NULL);
        assert_int_equal(size.own, cases[i].own * 4096);
        assert_int_equal(size.shared, cases[i].shared * 4096);
    }
    struct generation_size size;
    const unsigned missing = 9;
    assert_outcome("size", generation_size(store, &missing, 1, &size, &error), &error,
                   "cannot look through generation 9: No such file or directory");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commit), TEST(test_lock), TEST(test_delete),
        TEST(test_labels), TEST(test_pins), TEST(test_size),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
