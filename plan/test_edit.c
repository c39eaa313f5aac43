/* Lines that come to a configuration and go from it: the rest stays as it was written, and what is
 * written reads back as what was meant. */
#include "base/testdata/scratch.h"

#include "plan/edit.h"
#include "plan/make.h"

#define HEAD "volume state LABEL=s { fs ext4 }\ngenerations state:/g\n"

static struct config *load(struct arena *arena, const char *text)
{
    struct report report = {.arena = arena};
    put("ebb.conf", text);
    struct config *config = config_load("ebb.conf", NULL, &report);
    config_check(config, &report);
    for (size_t i = 0; i < report.count; i++)
        if (report.problems[i].severity == SEVERITY_ERROR)
            fail_msg("%s\n%s", report.problems[i].text, text);
    return config;
}

static const struct scfg_directive *directive_of(struct scfg_directive *directive, const char *path)
{
    static struct scfg_word words[3];
    words[0] = (struct scfg_word){.text = "dir"};
    words[1] = (struct scfg_word){.text = path};
    words[2] = (struct scfg_word){.text = "mode=0711"};
    *directive = (struct scfg_directive){.words = words, .word_count = 3};
    return directive;
}

struct addition {
    const char *store, *home, *path; /* where to, relative in a home */
    const char *before, *after;      /* behind HEAD */
    unsigned line;                   /* of what is added, counted from behind HEAD */
};

static const struct addition additions[] = {
    {"/p", NULL, "/a", "persist state:/p {\n    dir /b\n}\n",
     "persist state:/p {\n    dir /b\n    dir /a mode=0711\n}\n", 3},
    {"/p", NULL, "/a", "persist state:/p {\n\tdir /b # why\n\n\t# the end\n\t}\n",
     "persist state:/p {\n\tdir /b # why\n\n\t# the end\n\tdir /a mode=0711\n\t}\n", 5},
    {"/p", NULL, "/a", "persist state:/p {\n}\n", "persist state:/p {\n    dir /a mode=0711\n}\n",
     2},
    {"/p", NULL, "/a", "persist state:/p { }\n", "persist state:/p { dir /a mode=0711 }\n", 1},
    {"/p", NULL, "/a", "persist state:/p {}\n", "persist state:/p { dir /a mode=0711 }\n", 1},
    {"/p", NULL, "/a", "persist state:/p { dir /b }\n",
     "persist state:/p { dir /b; dir /a mode=0711 }\n", 1},
    {"/p", NULL, "/a", "persist state:/p { dir /b; } # one line\n",
     "persist state:/p { dir /b; dir /a mode=0711 } # one line\n", 1},
    {"/p", NULL, "/a", "persist state:/p { home al { dir x } }\n",
     "persist state:/p { home al { dir x }; dir /a mode=0711 }\n", 1},
    {"/p", NULL, "/a \"b;", "persist state:/p {\n}\n",
     "persist state:/p {\n    dir \"/a \\\"b;\" mode=0711\n}\n", 2},
    /* Another store, and none at all. */
    {"/p", NULL, "/a", "persist state:/q {\n}",
     "persist state:/q {\n}\n\npersist state:/p {\n    dir "
     "/a mode=0711\n}\n",
     4},
    {"/", NULL, "/a", "persist state:/q {\n}\npersist state:/ {\n}\n",
     "persist state:/q {\n}\npersist state:/ {\n    dir /a mode=0711\n}\n", 4},
    {"/p", NULL, "/a", "", "\npersist state:/p {\n    dir /a mode=0711\n}\n", 2},
    /* Homes: the block of the user, wherever it is, or a new one. */
    {"/p", "/home/al", "a b",
     "persist state:/p {\n}\npersist state:/p {\n  home al {\n    file x\n  }\n}\n",
     "persist state:/p {\n}\npersist state:/p {\n  home al {\n    file x\n    dir \"a b\" "
     "mode=0711\n  }\n}\n",
     6},
    {"/p", "/home/al", "a", "persist state:/p {\n  dir /b\n  home bo {\n  }\n}\n",
     "persist state:/p {\n  dir /b\n  home bo {\n  }\n  home al {\n      dir a mode=0711\n  }\n}\n",
     5},
    {"/p", "/srv/al", "a", "persist state:/p {\n  home al {\n  }\n}\n",
     "persist state:/p {\n  home al {\n  }\n  home al path=/srv/al {\n      dir a mode=0711\n  "
     "}\n}\n",
     4},
    {"/p", "/srv/al", "a", "persist state:/p { home al path=/srv/al { } }\n",
     "persist state:/p { home al path=/srv/al { dir a mode=0711 } }\n", 1},
    {"/p", "/home/al", "a", "persist state:/p { dir /b }\n",
     "persist state:/p { dir /b; home al { dir a mode=0711 } }\n", 1},
    {"/p", "/home/al", "a", "",
     "\npersist state:/p {\n    home al {\n        dir a mode=0711\n    }\n}\n", 2},
};

static void test_add(void **state)
{
    (void)state; /* the scratch folder is the current one */
    for (size_t i = 0; i < ARRAY_LENGTH(additions); i++) {
        const struct addition *add = &additions[i];
        auto_arena arena = arena_new();
        auto_config config = load(arena, arena_printf(arena, HEAD "%s", add->before));
        struct error error;
        struct edit edit;
        struct scfg_directive directive;
        const struct place store = {.volume_name = "state",
                                    .path = add->store,
                                    .volume = (struct volume *)config_volume(config, "state")};
        const struct home home = {.user = "al", .path = add->home};
        edit_add(config, &store, add->home ? &home : NULL, directive_of(&directive, add->path),
                 &edit);
        assert_string_equal(edit.text, arena_printf(arena, HEAD "%s", add->after));
        assert_int_equal(edit.line, add->line + 2);
        assert_int_equal(edit_check(&edit, &error), 0);
        assert_int_equal(edit_write(&edit, &error), 0);
        /* It means what was meant, and alone, too. */
        const char *target =
            add->home ? arena_printf(arena, "%s/%s", add->home, add->path) : add->path;
        auto_config again = load(arena, edit.text);
        assert_non_null(config_entry(again, target));
        assert_int_equal(config_entry(again, target)->mode, 0711);
        assert_string_equal(config_entry(again, target)->store->path, add->store);
        auto_config alone = load(arena, arena_printf(arena, HEAD "%s", edit.whole));
        assert_non_null(config_entry(alone, target));
    }
}

struct removal {
    const char *before, *after, *lines;
};

/* It is always "/a" that goes. */
static const struct removal removals[] = {
    {"persist state:/p {\n    dir /b\n    dir /a\n    dir /c\n}\n",
     "persist state:/p {\n    dir /b\n    dir /c\n}\n", "dir /a\n"},
    {"persist state:/p {\n    dir /a mode=0700 # why\n}", "persist state:/p {\n}",
     "dir /a mode=0700\n"},
    {"persist state:/p {\n    dir /a ; dir /b\n}\n", "persist state:/p {\n    dir /b\n}\n",
     "dir /a\n"},
    {"persist state:/p {\n    dir /b; dir /a;\n}\n", "persist state:/p {\n    dir /b; \n}\n",
     "dir /a\n"},
    {"persist state:/p { dir /a }\n", "persist state:/p { }\n", "dir /a\n"},
    {"persist state:/p { dir /b; dir /a }\n", "persist state:/p { dir /b }\n", "dir /a\n"},
    {"persist state:/p { dir /b; dir \"/a\"; dir /c }\n", "persist state:/p { dir /b; dir /c }\n",
     "dir \"/a\"\n"},
    {"persist state:/p {\n  home a path=/ab {\n    dir x\n  }\n  dir /a\n}\n",
     "persist state:/p {\n  home a path=/ab {\n    dir x\n  }\n}\n", "dir /a\n"},
};

static void test_remove(void **state)
{
    (void)state; /* as above */
    for (size_t i = 0; i < ARRAY_LENGTH(removals); i++) {
        auto_arena arena = arena_new();
        auto_config config = load(arena, arena_printf(arena, HEAD "%s", removals[i].before));
        struct error error;
        struct edit edit;
        edit_remove(config, config_entry(config, "/a"), &edit);
        assert_string_equal(edit.text, arena_printf(arena, HEAD "%s", removals[i].after));
        assert_string_equal(edit.lines, removals[i].lines);
        assert_int_equal(edit_write(&edit, &error), 0);
        auto_config again = load(arena, edit.text);
        assert_null(config_entry(again, "/a"));
        assert_int_equal(again->entry_count, config->entry_count - 1);
    }
}

/* In the file that has the block, with its owner and mode; and never over what somebody else wrote.
 */
static void test_files(void **state)
{
    (void)state; /* as above */
    auto_arena arena = arena_new();
    struct error error;
    struct edit edit;
    struct scfg_directive directive;
    must_run("mkdir d && echo 'persist state:/p {' > d/real.inc && echo '}' >> d/real.inc &&"
             "chmod 640 d/real.inc && ln -s d/real.inc link.inc");
    auto_config config = load(arena, HEAD "include link.inc\n");
    const struct place *store = NULL;
    for (size_t i = 0; i < config->declaration_count; i++)
        if (config->declarations[i]->kind == DECLARED_STORE)
            store = config->declarations[i]->object;
    edit_add(config, store, NULL, directive_of(&directive, "/a"), &edit);
    assert_int_equal(edit_write(&edit, &error), 0);
    must_run("printf 'persist state:/p {\\n    dir /a mode=0711\\n}\\n' | cmp - d/real.inc &&"
             "test -L link.inc && test $(stat -c %%a d/real.inc) = 640");
    assert_int_equal(edit_write(&edit, &error), -ESTALE); /* not what was read any more */
    assert_non_null(strstr(error.text, "was changed meanwhile; do it again"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_remove, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_files, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
