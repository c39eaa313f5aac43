/* Golden plans: what `ebb plan` prints for the configurations of plan/testdata. UPDATE=1 writes
 * the .plan files anew; then `git diff` shows what became of them. */

#include "plan/testing.h"

#include "generations/store.h"
#include "plan/kinds.h"
#include "plan/print.h"

static const char *const names[] = {"minimal", "workstation", "overlay", "luks",    "record",
                                    "volumes", "hooks",       "tree",    "methods", "subvolume",
                                    "secrets", "images",      "nix"};

/* A configuration with its two plans. */
struct boot {
    struct arena *arena;
    struct config *config;
    const struct plan *volumes, *root;
};

static void boot_cleanup(struct boot *boot)
{
    config_free(boot->config);
    arena_free(boot->arena);
}
#define auto_boot AUTO(boot_cleanup) struct boot

static struct boot load(const char *file, const char *init)
{
    struct boot boot = {.arena = arena_new()};
    struct report report = {.arena = boot.arena};
    boot.config = config_load(file, NULL, &report);
    config_check(boot.config, &report);
    report_print(&report, stderr);
    assert_int_equal(report.count, 0);
    boot.volumes = plan_volumes(boot.arena, boot.config, NULL);
    boot.root =
        plan_root(boot.arena, boot.config,
                  generation_wanted(boot.arena, boot.config->generations.default_choice), init);
    return boot;
}

/* The golden text, for free(3). */
static char *told(const struct boot *boot)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    plan_print(boot->volumes, stream);
    plan_print(boot->root, stream);
    for (size_t i = 0; i < boot->config->override_count; i++) {
        const struct override *override = &boot->config->overrides[i];
        fprintf(stream, "%s%s: %s over %s\n", i ? "" : "\n", override->what,
                origin_line(boot->arena, override->winner),
                origin_line(boot->arena, override->loser));
    }
    fclose(stream);
    return text;
}

static int testdata = -1;

static void test_golden(void **state)
{
    (void)state;
    assert_int_equal(fchdir(testdata), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char file[64], golden[64];
        snprintf(file, sizeof(file), "%s.conf", names[i]);
        snprintf(golden, sizeof(golden), "%s.plan", names[i]);
        auto_boot boot = load(file, NULL);
        auto_string text = told(&boot);
        if (getenv("UPDATE"))
            make_file(golden, text, strlen(text));
        else
            assert_text(golden, text);
    }
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* All sentences of a plan, one per line; sorted, if their order means nothing. */
static const char *sentences(struct arena *arena, const struct plan *plan, bool sorted)
{
    const char *text = "", **list = NULL;
    size_t count = 0;
    while (count < plan->count) {
        const char *sentence = step_sentence(arena, &plan->steps[count]);
        *ARENA_PUSH(arena, list, count) = sentence;
    }
    if (sorted)
        qsort(list, count, sizeof(*list), by_text);
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s\n", text, list[i]);
    return text;
}

static unsigned long random_state;

static size_t below(size_t limit)
{
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (random_state >> 33) % limit;
}

static bool is_hook(const struct scfg_directive *directive)
{
    return strcmp(directive->words[0].text, "hook") == 0;
}

/* Puts directives, and those in their blocks, in any order, but hooks in their own. */
static void shuffle(struct arena *arena, struct scfg_directive *list, size_t count)
{
    struct scfg_directive *hooks = NULL;
    size_t hook_count = 0, next = 0;
    for (size_t i = 0; i < count; i++) {
        shuffle(arena, list[i].children, list[i].child_count);
        if (is_hook(&list[i]))
            *ARENA_PUSH(arena, hooks, hook_count) = list[i];
    }
    for (size_t i = count; i > 1; i--) {
        size_t other = below(i);
        struct scfg_directive kept = list[i - 1];
        list[i - 1] = list[other];
        list[other] = kept;
    }
    for (size_t i = 0; next < hook_count; i++)
        if (is_hook(&list[i]))
            list[i] = hooks[next++];
}

static void print_to(const char *file, const struct config *config)
{
    auto_file stream = fopen(file, "w");
    assert_non_null(stream);
    config_print(config, stream);
}

static void test_order(void **state)
{
    (void)state;
    random_state = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char file[64];
        snprintf(file, sizeof(file), "%s.conf", names[i]);
        assert_int_equal(fchdir(testdata), 0);
        auto_boot first = load(file, NULL);
        begin();
        for (unsigned round = 0; round < 50; round++) {
            shuffle(first.arena, first.config->directives, first.config->directive_count);
            print_to("ebb.conf", first.config);
            auto_boot other = load("ebb.conf", NULL);
            assert_string_equal(sentences(other.arena, other.root, false),
                                sentences(other.arena, first.root, false));
            /* Volumes are independent of each other until the root is made. */
            assert_string_equal(sentences(other.arena, other.volumes, true),
                                sentences(other.arena, first.volumes, true));
        }
    }
}

/* `ebb check --print` reads back the same: the same steps, and the same text once more. */
static void test_merged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char file[64];
        snprintf(file, sizeof(file), "%s.conf", names[i]);
        assert_int_equal(fchdir(testdata), 0);
        auto_boot first = load(file, NULL);
        begin();
        print_to("ebb.conf", first.config);
        auto_boot second = load("ebb.conf", NULL);
        print_to("again.conf", second.config);
        auto_string text = content_of("ebb.conf", NULL);
        assert_text("again.conf", text);
        assert_int_equal(second.config->override_count, 0);
        assert_string_equal(sentences(first.arena, second.volumes, false),
                            sentences(first.arena, first.volumes, false));
        assert_string_equal(sentences(first.arena, second.root, false),
                            sentences(first.arena, first.root, false));
    }
}

/* Of two includes of one file the shorter way counts, whichever is written first. */
static void test_shorter_way(void **state)
{
    (void)state;
    static const char *const texts[] = {
        BASE "include a.conf\ninclude near.conf\n",
        BASE "include near.conf\ninclude a.conf\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        begin();
        write_files("=== a.conf\ninclude b.conf\nrescue wait\n"
                    "=== b.conf\ninclude near.conf\nrescue poweroff\n"
                    "=== near.conf\ninclude far.conf\nroot overlay\n"
                    "=== far.conf\nrescue reboot\nroot tmpfs\n");
        write_file("ebb.conf", texts[i], strlen(texts[i]));
        auto_arena arena = arena_new();
        struct report report = {.arena = arena};
        auto_config config = config_load("ebb.conf", NULL, &report);
        /* rescue: a.conf 1, b.conf and far.conf 2 */
        assert_int_equal(report.count, 0);
        assert_int_equal(config->rescue.action, RESCUE_WAIT);
        assert_int_equal(config->root.kind, ROOT_OVERLAY);
        assert_int_equal(config->override_count, 3);
        for (size_t j = 0; j < config->file_count; j++)
            if (strcmp(config->files[j].name, "far.conf") == 0)
                assert_int_equal(config->files[j].depth, 2);
    }
}

static void test_boot_entries(void **state)
{
    (void)state;
    static const struct {
        const char *text, *options;
        unsigned timeout, line;
    } cases[] = {
        {BASE ESP "boot esp:/\n", NULL, 3000, 4},
        {BASE ESP "boot esp:/ options='quiet a=\"b c\"' timeout=5s\n", "quiet a=\"b c\"", 5000, 4},
        {BASE ESP "include a.conf\nboot esp:/ options=own\n=== a.conf\nboot esp:/ timeout=9s\n",
         "own", 3000, 5},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        write_files(cases[i].text);
        auto_boot boot = load("ebb.conf", NULL);
        print_to("again.conf", boot.config);
        auto_boot again = load("again.conf", NULL);
        const struct boot_entries *both[] = {&boot.config->boot, &again.config->boot};
        assert_int_equal(both[0]->origin.line, cases[i].line);
        for (size_t j = 0; j < ARRAY_LENGTH(both); j++) {
            assert_string_equal(both[j]->place.volume->name, "esp");
            assert_string_equal(both[j]->place.path, "/");
            assert_false(both[j]->place.volume->holds_state);
            assert_int_equal(both[j]->timeout, cases[i].timeout);
            assert_int_equal(both[j]->options != NULL, cases[i].options != NULL);
            if (cases[i].options)
                assert_string_equal(both[j]->options, cases[i].options);
        }
    }
}

static void test_keymap(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        unsigned line;
    } cases[] = {
        {BASE, NULL, 0},
        {BASE "keymap de-latin1\n", "de-latin1", 3},
        {BASE "\nkeymap '/my maps/de.map'\n", "/my maps/de.map", 4},
        {BASE "include a.conf\nkeymap none\n=== a.conf\nkeymap de\n", "none", 4},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        write_files(cases[i].text);
        auto_boot boot = load("ebb.conf", NULL);
        print_to("again.conf", boot.config);
        auto_boot again = load("again.conf", NULL);
        assert_int_equal(boot.config->keymap.origin.line, cases[i].line);
        if (!cases[i].name) {
            assert_null(boot.config->keymap.name);
            assert_null(again.config->keymap.name);
            continue;
        }
        assert_string_equal(boot.config->keymap.name, cases[i].name);
        assert_string_equal(again.config->keymap.name, cases[i].name);
    }
}

static const char *last_sentence(const struct boot *boot)
{
    return step_sentence(boot->arena, &boot->root->steps[boot->root->count - 1]);
}

/* The kernel's init= beats what nobody knows before the generation is read. */
static void test_init(void **state)
{
    (void)state;
    assert_int_equal(fchdir(testdata), 0);
    auto_boot given = load("minimal.conf", "/bin/sh");
    assert_string_equal(last_sentence(&given),
                        "prove that /bin/sh can be executed in the new root");
    auto_boot plain = load("minimal.conf", NULL);
    assert_string_equal(last_sentence(&plain),
                        "prove that /sbin/init can be executed in the new root");
}

static int enter(void **state)
{
    testdata = open("plan/testdata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return testdata < 0 ? -1 : enter_cases(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),       cmocka_unit_test(test_order),
        cmocka_unit_test(test_merged),       cmocka_unit_test(test_shorter_way),
        cmocka_unit_test(test_init),         cmocka_unit_test(test_keymap),
        cmocka_unit_test(test_boot_entries),
    };
    return cmocka_run_group_tests(tests, enter, leave_scratch);
}
