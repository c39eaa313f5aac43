/* The menu of generations, at a pseudo terminal. Which consoles there are is the kernel's to say,
 * so the list itself, which goes to all, is seen on a real boot. */
#include "base/testdata/scratch.h"
#include "base/testdata/terminal.h"

#include "init/choose.h"

static struct volume volume = {.name = "state"}, *volumes[] = {&volume};
static struct config config;
static struct terminal terminal;

/* So many generations, with every third one not whole. */
static struct context *begin(struct arena *arena, unsigned count)
{
    config = (struct config){
        .volumes = volumes,
        .volume_count = 1,
        .generations = {.place = {.volume_name = "state", .path = "/g", .volume = &volume},
                        .record = {.volume_name = "state", .path = "/r", .volume = &volume}}};
    must_run("mkdir -p volume/g && for i in $(seq %u); do mkdir -p volume/g/$i/tree;"
             "test $((i %% 3)) = 0 || echo '{\"format\": 1}' > volume/g/$i/generation.json; done",
             count);
    struct context *context = context_new(arena, &config, ".", "root");
    context->states[0].fd = open_folder("volume");
    return context;
}

/* Types, and is shown these rows of keys. */
static unsigned choose(const struct context *context, const char *keys, unsigned usual,
                       unsigned limit, const char *shown)
{
    struct error error;
    struct console_input *input;
    terminal_open(&terminal);
    const char *const names[] = {terminal.name};
    assert_int_equal(console_listen_on(names, 1, &input, &error), 0);
    terminal_type(&terminal, keys);
    unsigned number = choose_by(context, input, usual, limit);
    terminal_assert_shows(&terminal, shown);
    console_input_free(input);
    terminal_close(&terminal);
    return number;
}

#define WITH(text) "Enter " text "\r\n"
#define MORE(text) "Enter " text "   + more\r\n"

static void test_keys(void **state)
{
    (void)state; /* the scratch folder is the current one */
    auto_arena arena = arena_new();
    const struct context *context = begin(arena, 3);
    assert_int_equal(choose(context, "a", 2, 0, WITH("the default")), 3);
    assert_int_equal(choose(context, "C", 2, 0, WITH("the default")), 1);
    assert_int_equal(choose(context, "\r", 2, 0, WITH("the default")), 2);
    assert_int_equal(choose(context, "\r", 0, 0, WITH("back")), 0);
    assert_int_equal(choose(context, "d+b", 2, 0, WITH("the default")), 2);
    assert_int_equal(choose(context, "", 2, 10,
                            WITH("the default") "booting generation 2 in 1 s unless a key is "
                                                "pressed\r\n"),
                     0);
    close(context->states[0].fd);
}

/* More than a screen has room for are on the next one; after the last comes the first. */
static void test_screens(void **state)
{
    (void)state; /* the scratch folder is the current one */
    auto_arena arena = arena_new();
    const struct context *context = begin(arena, 14);
    assert_int_equal(choose(context, "l", 2, 0, MORE("the default")), 3);
    assert_int_equal(choose(context, "+b", 2, 0, MORE("the default") MORE("the default")), 1);
    assert_int_equal(choose(context, "++a", 2, 60000,
                            MORE("the default") "booting generation 2 in 60 s unless a key is "
                                                "pressed\r\n" MORE(
                                                    "the default") "booting generation 2 in 300 s "
                                                                   "unless a key is pressed\r\n"),
                     14);
    close(context->states[0].fd);
}

static void test_none(void **state)
{
    (void)state; /* the scratch folder is the current one */
    auto_arena arena = arena_new();
    const struct context *context = begin(arena, 0);
    assert_int_equal(choose(context, "a", 0, 0, ""), 0);
    close(context->states[0].fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_keys), TEST(test_screens), TEST(test_none)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
