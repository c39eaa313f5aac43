/* Changes of a boot partition, cut off wherever it may be: something whole can be booted, and what
 * the loader is told is whole, at any time; and the next run makes it all as it should be. */
#include "base/testdata/cut.h"

#include "base/digest.h"
#include "tool/boot_write.h"

#define OLD_SETTINGS "timeout 3\n"
#define NEW_SETTINGS "default ebb-t-default.conf\ntimeout 3\n"

/* From one set of entries to another; "k1" is the kernel, "i1" the image of generation 1. */
struct change {
    const char *const *names;
    const char *const *payloads; /* one letter each, for the kernel and the image */
    uint64_t room;               /* bytes in all, for entries and payloads; 0: enough */
    bool uki;                    /* one unified image in the place of the two */
};

static size_t removed_early; /* so many things, in all runs of this process */

static const char *digest_in(struct arena *arena, const char *data)
{
    char digits[DIGEST_DIGITS + 1];
    digest_of(data, strlen(data), digits);
    return arena_string(arena, digits);
}

static const struct boot_payload *payload(struct arena *arena, const char *path, const char *kind,
                                          const char *letter)
{
    struct error ignored;
    struct boot_payload *made = arena_alloc(arena, sizeof(*made));
    made->data = arena_printf(arena, "%s %s, long enough to be torn", kind, letter);
    made->file = (struct entry_file){path, strlen(made->data), digest_in(arena, made->data)};
    auto_fd esp = open_folder("esp");
    made->is_there = boot_verify(esp, &made->file, &ignored) == 0;
    return made;
}

static uint64_t used(const struct boot_state *state)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < state->payload_count; i++)
        bytes += state->payloads[i].size;
    for (size_t i = 0; i < state->entry_count; i++)
        bytes += strlen(state->entries[i].text);
    return bytes;
}

/* The entry of one name, of the shape that is wanted. */
static struct boot_want make_want(struct arena *arena, const struct boot_state *state,
                                  const struct change *change, size_t index)
{
    const char *letter = change->payloads[index];
    struct boot_want want = {.name = arena_printf(arena, "ebb-t-%s.conf", change->names[index]),
                             .must = true};
    struct entry entry = {.title = arena_printf(arena, "%s %s", change->names[index], letter)};
    if (change->uki) {
        want.kernel = payload(arena, entry_unified_path(arena, want.name), want.name, letter);
        entry.inner_kernel = entry.inner_image = want.kernel->file;
        entry.inner_kernel.path = entry.inner_image.path = NULL;
        entry.uname = "6.1";
    } else {
        want.kernel = payload(arena, arena_printf(arena, "%s/kernel-%s", state->folder, letter),
                              "kernel", letter);
        want.image = payload(arena, arena_printf(arena, "%s/image-%s", state->folder, letter),
                             "image", letter);
        entry.image = want.image->file;
    }
    entry.kernel = want.kernel->file;
    want.text = entry_write(arena, &entry);
    return want;
}

static int apply(void *argument)
{
    const struct change *change = argument;
    const struct boot_entries declared = {.uki = change->uki};
    static const struct boot_put put = {"/loader/loader.conf", NEW_SETTINGS,
                                        sizeof(NEW_SETTINGS) - 1};
    auto_arena arena = arena_new();
    struct boot_state state;
    struct boot_want *wants = NULL;
    struct boot_plan plan;
    struct error error;
    size_t count = 0;
    auto_fd esp = open_folder("esp");
    if (boot_look(arena, esp, &declared, "t", &state, &error) < 0 ||
        boot_clean(arena, esp, &declared, &state, &error) < 0)
        return 1;
    if (change->room)
        state.space = (struct esp_space){change->room - used(&state), 1};
    for (size_t i = 0; change->names[i]; i++)
        *ARENA_PUSH(arena, wants, count) = make_want(arena, &state, change, i);
    if (boot_plan_make(arena, &state, wants, count, &put, 1, &plan, &error) < 0)
        return 1;
    removed_early += plan.early_count;
    return boot_write(esp, &plan, false, &error) < 0;
}

/* What systemd-boot finds without an entry is whole as soon as it has its name. */
static size_t count_unified(void)
{
    auto_string found = output_of("cat esp/EFI/Linux/*.efi 2> /dev/null || :");
    size_t count = 0;
    for (const char *at = found; *at; count++) {
        assert_true(strncmp(at, "ebb-t-", 6) == 0 && strstr(at, " torn"));
        at = strstr(at, " torn") + strlen(" torn");
    }
    return count;
}

/* How many entries a loader would boot, with all they name as it should be. */
static size_t count_whole(bool uki)
{
    const struct boot_entries declared = {.uki = uki};
    auto_arena arena = arena_new();
    struct boot_state state;
    struct error error;
    size_t whole = 0;
    auto_fd esp = open_folder("esp");
    assert_int_equal(boot_look(arena, esp, &declared, "t", &state, &error), 0);
    for (size_t i = 0; i < state.entry_count; i++) {
        const struct entry *entry = &state.entries[i].entry;
        if (state.entries[i].fault)
            continue;
        assert_outcome("kernel", boot_verify(esp, &entry->kernel, &error), &error, NULL);
        if (!uki)
            assert_outcome("image", boot_verify(esp, &entry->image, &error), &error, NULL);
        whole++;
    }
    assert_int_equal(whole, state.entry_count);
    return uki ? count_unified() : whole;
}

static void assert_settings(void)
{
    auto_string text = output_of("cat esp/loader/loader.conf; echo .");
    assert_true(strcmp(text, OLD_SETTINGS ".") == 0 || strcmp(text, NEW_SETTINGS ".") == 0);
}

#define TELL "cd %s && find . -type f -exec cksum {} + | LC_ALL=C sort"

static void assert_change(struct change *before, struct change *after)
{
    bool over = false;
    unsigned calls = 0;
    must_run("rm -rf esp template && mkdir -p esp/loader");
    put("esp/loader/loader.conf", OLD_SETTINGS);
    assert_int_equal(apply(before), 0);
    put("esp/loader/loader.conf", OLD_SETTINGS);
    must_run("cp -a esp template");
    assert_int_equal(apply(after), 0);
    auto_string wanted = output_of(TELL, "esp");
    for (; !over; calls++) {
        must_run("rm -rf esp && cp -a template esp");
        over = cut_off(apply, after, calls);
        assert_true(count_whole(after->uki) + count_whole(before->uki) > 0);
        assert_settings();
        assert_int_equal(apply(after), 0);
        auto_string found = output_of(TELL, "esp");
        assert_string_equal(found, wanted);
    }
    assert_true(calls > 50);
}

static const char *const first_names[] = {"default", "rollback", "g000001", NULL},
                         *const first[] = {"1", "1", "1"};

static void test_another_default(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const char *const names[] = {"default", "rollback", "g000002", NULL}, *const second[] = {
                                                                                     "2", "2", "2"};
    struct change before = {first_names, first, 0, false}, after = {names, second, 0, false};
    assert_change(&before, &after);
}

/* Where generation 2 has to go before there is room for 3. */
static void test_little_room(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const char *const names[] = {"default", "g000001", "g000002", NULL},
                             *const old[] = {"1", "1", "2"},
                             *const other_names[] = {"default", "g000001", "g000003", NULL},
                             *const new[] = {"1", "1", "3"};
    struct change before = {names, old, 0, false}, after = {other_names, new, 1100, false};
    assert_change(&before, &after);
    assert_true(removed_early > 0);
    must_run("test ! -e esp/EFI/ebb/t/kernel-2");
}

/* Images that are replaced under their names; one more, and one less. */
static void test_unified(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const char *const names[] = {"default", "rollback", "g000002", NULL},
                             *const letters[] = {"2", "1", "2"};
    struct change before = {first_names, first, 0, true}, after = {names, letters, 0, true};
    assert_change(&before, &after);
    must_run("test ! -e esp/EFI/Linux/ebb-t-g000001.efi");
}

/* From one shape to the other. */
static void test_shape(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct change entries = {first_names, first, 0, false}, unified = {first_names, first, 0, true};
    assert_change(&entries, &unified);
    must_run("test -z \"$(ls esp/loader/entries)\"");
    assert_change(&unified, &entries);
    must_run("test -z \"$(ls esp/EFI/Linux)\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_another_default), TEST(test_little_room),
                                       TEST(test_unified), TEST(test_shape)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
