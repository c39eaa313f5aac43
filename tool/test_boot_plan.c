/* What is put on a boot partition and removed from it, and in which order. */
#include "tool/testing.h"

#include "tool/boot_plan.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Payloads are "NAME SIZE", entries "NAME KERNEL IMAGE"; a wanted one may have "!" behind it: it
 * must be. Clusters have 100 bytes, and every entry takes one. */
struct state_text {
    const char *payloads[8], *entries[8];
    uint64_t free;
};

static struct arena *arena;

static const char *path_of(const char *name)
{
    return arena_printf(arena, "/EFI/ebb/t/%s", name);
}

static void make_state(const struct state_text *text, struct boot_state *state)
{
    *state = (struct boot_state){.token = "t",
                                 .folder = "/EFI/ebb/t",
                                 .entry_folder = ENTRY_FOLDER,
                                 .space = {text->free, 100}};
    for (const char *const *at = text->payloads; *at; at++) {
        char name[64];
        unsigned size;
        assert_int_equal(sscanf(*at, "%63s %u", name, &size), 2);
        *ARENA_PUSH(arena, state->payloads, state->payload_count) =
            (struct esp_file){arena_string(arena, name), size};
    }
    for (const char *const *at = text->entries; *at; at++) {
        char name[64], kernel[64], image[64];
        assert_int_equal(sscanf(*at, "%63s %63s %63s", name, kernel, image), 3);
        struct boot_found found = {.name = arena_string(arena, name), .text = *at};
        found.entry.kernel.path = path_of(kernel);
        found.entry.image.path = path_of(image);
        *ARENA_PUSH(arena, state->entries, state->entry_count) = found;
    }
}

/* A kernel takes 300 bytes, an image 200. */
static const struct boot_payload *payload(const struct boot_state *state, const char *name,
                                          uint64_t size)
{
    struct boot_payload *made = arena_alloc(arena, sizeof(*made));
    made->file = (struct entry_file){path_of(name), size, DIGEST};
    made->is_there = boot_find_payload(state, name) != NULL;
    return made;
}

static size_t make_wants(const struct boot_state *state, const char *const *texts,
                         struct boot_want **wants)
{
    size_t count = 0;
    for (; *texts; texts++) {
        char name[64], kernel[64], image[64], must = 0;
        assert_true(sscanf(*texts, "%63s %63s %63s %c", name, kernel, image, &must) >= 3);
        *ARENA_PUSH(arena, *wants, count) =
            (struct boot_want){.name = arena_string(arena, name),
                               .text = arena_printf(arena, "%s %s %s", name, kernel, image),
                               .kernel = payload(state, kernel, 300),
                               .image = payload(state, image, 200),
                               .must = must == '!'};
    }
    return count;
}

static void print_paths(const char *sign, const char *const *paths, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s ", sign, strrchr(paths[i], '/') + 1);
}

/* In the order in which it is done: "-" removed, "+" put. */
static void print(const struct boot_plan *plan, FILE *out)
{
    print_paths("-", plan->early, plan->early_count, out);
    for (size_t i = 0; i < plan->payload_count; i++)
        fprintf(out, "+%s ", strrchr(plan->payloads[i]->file.path, '/') + 1);
    for (size_t i = 0; i < plan->entry_count; i++)
        fprintf(out, "+%s ", plan->entries[i]->name);
    for (size_t i = 0; i < plan->put_count; i++)
        fprintf(out, "+%s ", plan->puts[i].path);
    fputs(plan->late_count ? "then " : "", out);
    print_paths("-", plan->late, plan->late_count, out);
    if (plan->left_out)
        fprintf(out, "without %zu", plan->left_out);
}

#define ONE                                                                                        \
    {                                                                                              \
        {"k1 300", "i1 200"}, {"d k1 i1", "g1 k1 i1"}, 100000                                      \
    }
#define TWO_WITH(room)                                                                             \
    {                                                                                              \
        {"k1 300", "i1 200", "k2 300", "i2 200"}, {"d k1 i1", "g1 k1 i1", "g2 k2 i2"}, room        \
    }

static const struct {
    const char *name;
    struct state_text state;
    const char *wants[8], *expected;
    size_t puts;
} cases[] = {
    {"nothing there",
     {{0}, {0}, 100000},
     {"d k1 i1 !", "g1 k1 i1 !"},
     "+k1 +i1 +d +g1 +/loader ",
     1},
    {"nothing to do", ONE, {"d k1 i1 !", "g1 k1 i1 !"}, "", 0},
    {"one more", ONE, {"d k1 i1 !", "g1 k1 i1 !", "g2 k1 i2"}, "+i2 +g2 ", 0},
    {"one less", TWO_WITH(100000), {"d k1 i1 !", "g1 k1 i1 !"}, "then -g2 -k2 -i2 ", 0},
    {"shared payloads stay",
     {{"k1 300", "i1 200", "i2 200"}, {"d k1 i1", "g1 k1 i1", "g2 k1 i2"}, 100000},
     {"d k1 i1 !", "g1 k1 i1 !"},
     "then -g2 -i2 ",
     0},
    {"the default moves", TWO_WITH(100000), {"d k2 i2 !", "g2 k2 i2 !"}, "+d then -g1 -k1 -i1 ", 0},
    {"what nobody names goes",
     {{"k0 900", "k1 300", "i1 200"}, {"d k1 i1", "g1 k1 i1"}, 100000},
     {"d k1 i1 !", "g1 k1 i1"},
     "then -k0 ",
     0},
    /* 8 spare clusters, 500 bytes of payload, and an entry */
    {"it fits just so",
     {{"k1 300", "i1 200"}, {"d k1 i1", "g1 k1 i1"}, 1400},
     {"d k1 i1 !", "g1 k1 i1 !", "g2 k2 i2"},
     "+k2 +i2 +g2 ",
     0},
    {"it does not",
     {{"k1 300", "i1 200"}, {"d k1 i1", "g1 k1 i1"}, 1399},
     {"d k1 i1 !", "g1 k1 i1 !", "g2 k2 i2"},
     "without 1",
     0},
    {"only when the old goes first",
     TWO_WITH(1399),
     {"d k1 i1 !", "g1 k1 i1 !", "g3 k3 i3"},
     "-g2 -k2 -i2 +k3 +i3 +g3 then -g2 -k2 -i2 ",
     0},
    {"the oldest is left out",
     TWO_WITH(1000),
     {"d k1 i1 !", "g1 k1 i1 !", "g3 k3 i3", "g2 k2 i2"},
     "-g2 -k2 -i2 +k3 +i3 +g3 then -g2 -k2 -i2 without 1",
     0},
    {"the new one is left out where the old ones must stay",
     TWO_WITH(1000),
     {"d k1 i1 !", "g1 k1 i1 !", "g2 k2 i2 !", "g3 k3 i3"},
     "without 1",
     0},
    {"what the default still names does not go early",
     {{"k1 300", "i1 200"}, {"d k1 i1"}, 1399},
     {"d k2 i2 !", "g2 k2 i2 !"},
     "error: the boot partition has 1.4 KiB free, and the entries that are needed take 1.5 KiB "
     "more; remove what else is on it, or make it larger",
     0},
    {"no room at all",
     {{0}, {0}, 0},
     {"d k1 i1 !"},
     "error: the boot partition has 0 B free, and the entries that are needed take 1.4 KiB more; "
     "remove what else is on it, or make it larger",
     0},
};

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena own = arena_new();
        struct boot_state there;
        struct boot_want *wants = NULL;
        struct boot_plan plan;
        struct error error;
        auto_string text = NULL;
        const struct boot_put put = {"/loader", "text", 4};
        arena = own;
        make_state(&cases[i].state, &there);
        size_t count = make_wants(&there, cases[i].wants, &wants);
        FILE *out = output_begin(&text);
        int code = boot_plan_make(arena, &there, wants, count, &put, cases[i].puts, &plan, &error);
        if (code < 0)
            fprintf(out, "error: %s", error.text);
        else
            print(&plan, out);
        fclose(out);
        assert_text(cases[i].name, text, cases[i].expected);
        assert_true(code == 0 || code == -ENOSPC);
    }
}

/* What is needed at the peak is what is there then, and not what is freed later. */
static void test_needed(void **state)
{
    (void)state;
    auto_arena own = arena_new();
    const struct state_text one = ONE;
    struct boot_state there;
    struct boot_want *wants = NULL;
    struct boot_plan plan;
    struct error error;
    const char *const texts[] = {"d k2 i2 !", "g2 k2 i2 !", NULL};
    const struct boot_put put = {"/loader", "text", 101};
    arena = own;
    make_state(&one, &there);
    size_t count = make_wants(&there, texts, &wants);
    assert_int_equal(boot_plan_make(arena, &there, wants, count, &put, 1, &plan, &error), 0);
    assert_int_equal(plan.needed, 800 + 300 + 200 + 100 + 100 + 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
