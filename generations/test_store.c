#include "generations/testing.h"

#include <limits.h>

#include "generations/identity.h"
#include "generations/make.h"
#include "generations/store.h"

#define STORE(folder) (&(const struct generations){.place.path = (folder)})

/* A generation with the least that is one. */
static void add(const char *number, const char *facts)
{
    must_run("mkdir -p volume/generations/%s/tree", number);
    char path[100];
    snprintf(path, sizeof(path), "volume/generations/%s/generation.json", number);
    put(path, facts);
}

static void assert_choice(const char *choice, unsigned number, const char *message)
{
    struct error error = {0};
    const struct generation *chosen = NULL;
    auto_arena arena = arena_new();
    auto_fd volume = open_folder("volume");
    int code =
        generation_choose(arena, volume, STORE("/generations"), NULL, choice, &chosen, &error);
    assert_outcome(choice, code, &error, message);
    if (message) {
        assert_null(chosen);
        return;
    }
    char tree[64];
    snprintf(tree, sizeof(tree), "/generations/%u/tree", number);
    assert_int_equal(chosen->number, number);
    assert_string_equal(chosen->tree, tree);
    assert_string_equal(chosen->choice, choice);
}

/* Numbers are ordered as numbers, and nothing else in the folder is one. */
static void test_choose(void **state)
{
    (void)state;
    static const struct {
        const char *choice;
        unsigned number;
        const char *message;
    } cases[] = {
        {"latest", 12, NULL},
        {"previous", 9, NULL},
        {"9", 9, NULL},
        {"2", 2, NULL},
        {"3", 0, "there is no generation \"3\"; write a number from 2 to 12, latest or previous"},
        {"13", 0, "there is no generation \"13\"; write a number from 2 to 12, latest or previous"},
        {"0", 0, "there is no generation \"0\"; write a number from 2 to 12, latest or previous"},
        {"02", 0, "there is no generation \"02\"; write a number from 2 to 12, latest or previous"},
        {"1x", 0, "there is no generation \"1x\"; write a number from 2 to 12, latest or previous"},
        {"", 0, "there is no generation \"\"; write a number from 2 to 12, latest or previous"},
        {".new", 0,
         "there is no generation \".new\"; write a number from 2 to 12, latest or previous"},
        {"Latest", 0,
         "there is no generation \"Latest\"; write a number from 2 to 12, latest or previous"},
        {"../9", 0,
         "there is no generation \"../9\"; write a number from 2 to 12, latest or previous"},
        {"4294967298", 0,
         "there is no generation \"4294967298\"; write a number from 2 to 12, latest or "
         "previous"},
    };
    static const char *const junk[] = {"01",  "1x",          "x1",        "0",
                                       "-7",  "+8",          ".new",      "lost+found",
                                       " 20", "10000000000", "4294967309"};
    for (size_t i = 0; i < ARRAY_LENGTH(junk); i++)
        must_run("mkdir -p 'volume/generations/%s'", junk[i]);
    put("volume/generations/README", "");
    add("9", "{\"format\": 1}");
    add("2", "{\"format\": 1}");
    add("12", "{\"format\": 1}");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_choice(cases[i].choice, cases[i].number, cases[i].message);
}

#define PUT_ONE                                                                                    \
    "; put one there, in its folder \"1\" as ebb.conf(5) tells, or correct `generations`"

static void test_few(void **state)
{
    (void)state;
    must_run("mkdir volume");
    assert_choice(
        "latest", 0,
        "cannot open the generations in \"/generations\": No such file or directory" PUT_ONE);
    must_run("mkdir -p volume/generations/.new");
    assert_choice("latest", 0, "there is no generation in \"/generations\"" PUT_ONE);
    assert_choice("1", 0, "there is no generation in \"/generations\"" PUT_ONE);
    add("5", "{\"format\": 1}");
    assert_choice("latest", 5, NULL);
    assert_choice("previous", 0, "there is no previous generation: 5 is the only one");
    must_run("mv volume/generations elsewhere && ln -s ../elsewhere volume/generations");
    assert_choice(
        "latest", 0,
        "cannot open the generations in \"/generations\": Too many levels of symbolic links");
    must_run("rm volume/generations && echo > volume/generations");
    assert_choice("latest", 0, "cannot open the generations in \"/generations\": Not a directory");
}

/* One that is cut off cannot be gone back to. */
static void test_before(void **state)
{
    (void)state;
    static const struct {
        unsigned number, before; /* 0: none */
    } cases[] = {{UINT_MAX, 12}, {12, 2}, {9, 2}, {3, 2}, {2, 0}, {0, 0}};
    struct error error;
    auto_arena arena = arena_new();
    must_run("mkdir volume");
    add("2", "{\"format\": 1}");
    add("9", "{\"form");
    add("12", "{\"format\": 1}");
    auto_fd volume = open_folder("volume");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct generation *found = NULL;
        int code = generation_before(arena, volume, STORE("/generations"), cases[i].number, &found,
                                     &error);
        if (cases[i].before) {
            assert_int_equal(code, 0);
            assert_int_equal(found->number, cases[i].before);
        } else {
            assert_int_equal(code, -ENOENT);
            assert_null(found);
        }
    }
    assert_string_equal(error.text, "\"/generations\" has no whole generation before 0");
}

/* The store may be the top of its volume. */
static void test_top(void **state)
{
    (void)state;
    struct error error;
    const struct generation *chosen;
    auto_arena arena = arena_new();
    must_run("mkdir -p volume/3");
    put("volume/3/generation.json", "{\"format\": 1}");
    auto_fd volume = open_folder("volume");
    assert_int_equal(generation_choose(arena, volume, STORE("/"), NULL, "latest", &chosen, &error),
                     0);
    assert_string_equal(chosen->tree, "/3/tree");
}

/* A tree is a folder, or an image if there is none; what is missing is so whoever opens it. */
static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *tree, *image;
    } cases[] = {
        {"mkdir tree", "tree", NULL},
        {"touch tree.erofs", "tree.erofs", "erofs"},
        {"touch tree.squashfs", "tree.squashfs", "squashfs"},
        {"mkdir tree && touch tree.erofs", "tree", NULL},
        {"touch tree.squashfs tree.erofs", "tree.erofs", "erofs"},
        {"ln -s nothing tree && touch tree.erofs", "tree", NULL},
        {"ln -s nothing tree.erofs", "tree", NULL},
        {"true", "tree", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        char tree[64];
        const struct generation *chosen = NULL;
        auto_arena arena = arena_new();
        must_run("rm -rf volume && mkdir -p volume/gens/2 && cd volume/gens/2 && %s",
                 cases[i].scene);
        put("volume/gens/2/generation.json", "{\"format\": 1}");
        auto_fd volume = open_folder("volume");
        assert_int_equal(
            generation_choose(arena, volume, STORE("/gens"), NULL, "2", &chosen, &error), 0);
        snprintf(tree, sizeof(tree), "/gens/2/%s", cases[i].tree);
        assert_string_equal(chosen->tree, tree);
        assert_string_equal(chosen->image ? chosen->image : "none",
                            cases[i].image ? cases[i].image : "none");
    }
}

#define NOT_WHOLE                                                                                  \
    "the generation.json of generation 4 is not whole; boot another one with ebb.generation="

static void test_facts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *init, *label, *message;
    } cases[] = {
        {"{\"format\": 1}", NULL, NULL, NULL},
        {"{\"format\": 1, \"init\": \"/init\", \"label\": \"one \\u00e9\"}\n", "/init", "one é",
         NULL},
        {"{\"init\": \"/a b\", \"unknown\": [1, {}], \"format\": 1}", "/a b", NULL, NULL},
        {"{\"format\": 1, \"init\": null, \"label\": 5}", NULL, NULL, NULL},
        {"", NULL, NULL, NOT_WHOLE},
        {"{\"format\": 1, \"ini", NULL, NULL, NOT_WHOLE},
        {"{\"format\": 1", NULL, NULL, NOT_WHOLE},
        {"format 1", NULL, NULL, NOT_WHOLE},
        {"[1]", NULL, NULL, NOT_WHOLE},
        {"1", NULL, NULL, NOT_WHOLE},
        {"null", NULL, NULL, NOT_WHOLE},
        {"{}", NULL, NULL, NOT_WHOLE},
        {"\xff\xfe{", NULL, NULL, NOT_WHOLE},
        {"{\"format\": 2}", NULL, NULL,
         "generation 4 has format 2, and this Ebb reads 1; rebuild the image with a newer one"},
        {"{\"format\": null}", NULL, NULL,
         "generation 4 has format 0, and this Ebb reads 1; rebuild the image with a newer one"},
        {"{\"format\": 99999999999}", NULL, NULL,
         "generation 4 has format 2147483647, and this Ebb reads 1; rebuild the image with a newer "
         "one"},
        {"{\"format\": 1, \"init\": \"sbin/init\"}", NULL, NULL,
         "the init \"sbin/init\" of generation 4 is relative; boot another one with "
         "ebb.generation="},
        {"{\"format\": 1, \"init\": \"/a/../b\"}", NULL, NULL,
         "the init \"/a/../b\" of generation 4 contains \"..\"; boot another one with "
         "ebb.generation="},
        {"{\"format\": 1, \"init\": \"\"}", NULL, NULL,
         "the init \"\" of generation 4 is relative; boot another one with ebb.generation="},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        const struct generation *chosen = NULL;
        auto_arena arena = arena_new();
        add("4", cases[i].text);
        auto_fd volume = open_folder("volume");
        int code = generation_choose(arena, volume, STORE("/generations"), NULL, "latest", &chosen,
                                     &error);
        assert_outcome(cases[i].text, code, &error, cases[i].message);
        if (code < 0)
            continue;
        assert_string_equal(chosen->init ? chosen->init : "none",
                            cases[i].init ? cases[i].init : "none");
        assert_string_equal(chosen->label ? chosen->label : "none",
                            cases[i].label ? cases[i].label : "none");
    }
}

/* generation.json itself may be anything, and must neither lead away nor make anybody wait. */
static void test_facts_file(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"true", "the generation.json of generation 4 cannot be read: No such file or directory; "
                 "boot another one with ebb.generation="},
        {"ln -s ../../../good generation.json", "the generation.json of generation 4 cannot be "
                                                "read: Too many levels of symbolic links; boot "
                                                "another one with ebb.generation="},
        {"mkfifo generation.json", NOT_WHOLE},
        {"mkdir generation.json", "cannot read \"4/generation.json\": Is a directory"},
        {"head -c 1048577 /dev/zero > generation.json",
         "\"4/generation.json\" is larger than 1048576 bytes"},
        {"cd .. && rmdir 4 && ln -s 3 4", "the generation.json of generation 4 cannot be read: Too "
                                          "many levels of symbolic links; boot "
                                          "another one with ebb.generation="},
        {"cd .. && rmdir 4 && echo > 4", "the generation.json of generation 4 cannot be read: Not "
                                         "a directory; boot another one with "
                                         "ebb.generation="},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("rm -rf volume && mkdir -p volume/generations/4 && echo '{\"format\": 1}' > good");
        add("3", "{\"format\": 1}");
        must_run("cd volume/generations/4 && %s", cases[i].scene);
        assert_choice("latest", 0, cases[i].message);
        assert_choice("previous", 3, NULL);
    }
}

static int make(const char *identity, const char *tree, const struct generation_facts *facts,
                unsigned *number, struct error *error)
{
    auto_fd volume = open_folder("volume"), source = tree ? open_folder(tree) : -1;
    struct store_request request = {identity, "/generations", *facts, source};
    return store_make(volume, &request, number, error);
}

static const struct generation_facts no_facts;

static void test_make(void **state)
{
    (void)state;
    static const struct {
        struct generation_facts facts;
        const char *tree;
    } cases[] = {
        {{0}, NULL},
        {{"Debian \"12\" / é\n", "/usr/lib/systemd/systemd", 0, NULL}, "tree"},
        {{NULL, "/a \\ b", 0, NULL}, "tree"},
    };
    must_run("mkdir -p tree/etc && echo x > tree/etc/x && chmod 2711 tree");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        unsigned number = 0;
        char identity[IDENTITY_SIZE];
        const struct generation *chosen = NULL;
        auto_arena arena = arena_new();
        must_run("rm -rf volume && mkdir -p volume/lost+found");
        assert_outcome("make", make("here-1", cases[i].tree, &cases[i].facts, &number, &error),
                       &error, NULL);
        assert_int_equal(number, 1);
        auto_fd volume = open_folder("volume");
        assert_int_equal(identity_read(volume, identity, &error), 0);
        assert_string_equal(identity, "here-1");
        assert_outcome("choose",
                       generation_choose(arena, volume, STORE("/generations"), NULL, "latest",
                                         &chosen, &error),
                       &error, NULL);
        assert_int_equal(chosen->number, 1);
        assert_string_equal(chosen->init ? chosen->init : "none",
                            cases[i].facts.init ? cases[i].facts.init : "none");
        assert_string_equal(chosen->label ? chosen->label : "none",
                            cases[i].facts.label ? cases[i].facts.label : "none");
        must_run(
            "cd volume && test \"$(ls -A)\" = '.ebb\ngenerations\nlost+found' &&"
            "test \"$(ls -A generations)\" = 1 && test $(stat -c %%a .ebb) = 700 &&"
            "grep -qE '\"created\": ?\"[0-9-]{10}T[0-9:]{8}Z\"' generations/1/generation.json");
        if (cases[i].tree)
            must_run("diff -r tree volume/generations/1/tree &&"
                     "test $(stat -c %%a volume/generations/1/tree) = 2711");
    }
}

static void test_new_identities(void **state)
{
    (void)state;
    char identities[2][IDENTITY_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(identities); i++) {
        struct error error;
        unsigned number;
        must_run("rm -rf volume && mkdir volume");
        assert_outcome("make", make(NULL, NULL, &no_facts, &number, &error), &error, NULL);
        auto_fd volume = open_folder("volume");
        assert_int_equal(identity_read(volume, identities[i], &error), 0);
        assert_int_equal(strlen(identities[i]), 36);
    }
    assert_string_not_equal(identities[0], identities[1]);
}

/* What may not become a state volume is left as it was found. */
static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *identity, *init, *message;
    } cases[] = {
        {"mkdir .ebb && echo theirs > .ebb/store-id", NULL, NULL,
         "it is the state volume theirs already"},
        {"mkdir .ebb && echo theirs > .ebb/store-id", "ours", NULL,
         "it is the state volume theirs already"},
        {"mkdir .ebb && : > .ebb/store-id", NULL, NULL,
         "its .ebb/store-id is not one line with a name"},
        {"mkdir .ebb && mkfifo .ebb/store-id", NULL, NULL,
         "its .ebb/store-id is not one line with a name"},
        {"mkdir .ebb && ln -s ../x .ebb/store-id", NULL, NULL,
         "cannot read .ebb/store-id: Too many levels of symbolic links"},
        {"ln -s ../outside .ebb", NULL, NULL,
         "cannot read .ebb/store-id: Too many levels of symbolic links"},
        {"echo > .ebb", NULL, NULL, "cannot read .ebb/store-id: Not a directory"},
        {"ln -s ../outside generations", NULL, NULL,
         "\"/generations\" leads through the symbolic link \"generations\"; replace the link, or "
         "name the folder itself"},
        {"echo > generations", NULL, NULL, "\"generations\" in \"/generations\" is not a folder"},
        {"true", "two words", NULL,
         "the identity \"two words\" is not a name; use letters, digits, \"-\" and \"_\""},
        {"true", "", NULL, "the identity \"\" is not a name; use letters, digits, \"-\" and \"_\""},
        {"true", LONGEST "3", NULL, "the identity \"" LONGEST "3\" is longer than 62 bytes"},
        {"true", NULL, "sbin/init",
         "the init \"sbin/init\" is relative; write its whole path in the tree"},
    };
    must_run("mkdir tree outside && echo x > tree/x");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        unsigned number = 77;
        struct generation_facts facts = {.init = cases[i].init};
        must_run("rm -rf volume before && mkdir volume && (cd volume && %s) && cp -a volume before",
                 cases[i].scene);
        assert_outcome(cases[i].scene, make(cases[i].identity, "tree", &facts, &number, &error),
                       &error, cases[i].message);
        assert_int_equal(number, 77);
        must_run(
            "test \"$(cd volume && find . -printf '%%P %%y %%s|')\" = "
            "\"$(cd before && find . -printf '%%P %%y %%s|')\" && test -z \"$(ls -A outside)\"");
    }
    struct error error;
    unsigned number;
    must_run("rm -rf volume && mkdir volume");
    assert_outcome("longest", make(LONGEST, NULL, &no_facts, &number, &error), &error, NULL);
    must_run("test $(cat volume/.ebb/store-id) = " LONGEST);
}

/* A volume that fills up on the way has no generation and no identity. */
static void test_make_full(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    unsigned number = 77;
    must_run("mkdir volume tree && head -c 300000 /dev/zero > tree/big");
    assert_int_equal(mount("small", "volume", "tmpfs", 0, "size=64k"), 0);
    assert_outcome("full", make(NULL, "tree", &no_facts, &number, &error), &error,
                   "cannot write \"big\": No space left on device");
    assert_int_equal(number, 77);
    must_run("test ! -e volume/.ebb && test \"$(ls -A volume/generations)\" = .new");
    assert_choice("latest", 0, "there is no generation in \"/generations\"" PUT_ONE);
}

static void test_check(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    put("ebb.conf", "volume state LABEL=s { fs ext4 }\n");
    auto_config config = config_load("ebb.conf", NULL, &report);
    generations_check(config, &report);
    assert_int_equal(report.count, 1);
    assert_string_equal(report.problems[0].text,
                        "no generations are declared, so there is nothing to boot; add: "
                        "generations VOLUME:/generations");
    assert_string_equal(origin_text(arena, report.problems[0].origin), "ebb.conf");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

/* What was said of it later counts; and of two the newer. */
static void test_label(void **state)
{
    (void)state; /* the scratch folder is the current one */
    add("1", "{\"format\": 1, \"label\": \"2024 stable\"}");
    add("2", "{\"format\": 1, \"label\": \"stable\"}");
    add("3", "{\"format\": 1, \"label\": \"stable\"}");
    add("4", "{\"form");
    assert_choice("2024 stable", 1, NULL);
    assert_choice("stable", 3, NULL);
    put("volume/generations/3.label", "new\n");
    assert_choice("stable", 2, NULL);
    put("volume/generations/2.label", "3\n"); /* a number is never one */
    assert_choice("3", 3, NULL);
    put("volume/generations/2.label", "\n");
    assert_choice("", 0,
                  "there is no generation \"\"; write a number from 1 to 4, latest or previous");
}

/* Of five, of which the fourth is not whole. */
static void test_previous(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        unsigned good, attempted, bad, number;
    } cases[] = {
        {0, 0, 0, 3}, {0, 5, 0, 3}, {2, 5, 0, 2}, /* away from what was attempted */
        {5, 3, 0, 5}, {5, 5, 0, 3}, {2, 2, 0, 3}, {9, 5, 0, 3}, {2, 5, 2, 3}, {0, 5, 3, 2},
    };
    for (const char *name = "12345"; *name; name++)
        add((char[]){*name, '\0'}, *name == '4' ? "{\"form" : "{\"format\": 1}");
    auto_fd volume = open_folder("volume");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        auto_arena arena = arena_new();
        const struct generation *chosen;
        struct record record = {.last_good = cases[i].good};
        record_mark_bad(&record, cases[i].bad);
        if (cases[i].attempted)
            (void)record_add(&record, cases[i].attempted);
        (void)record_add(&record, 0); /* this boot, which knows nothing yet */
        int code = generation_choose(arena, volume, STORE("/generations"), &record, "previous",
                                     &chosen, &error);
        assert_int_equal(code, 0);
        assert_int_equal(chosen->number, cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_choose),  TEST(test_few),        TEST(test_top),   TEST(test_before),
        TEST(test_facts),   TEST(test_facts_file), TEST(test_make),  TEST(test_new_identities),
        TEST(test_refused), TEST(test_make_full),  TEST(test_check), TEST(test_shapes),
        TEST(test_label),   TEST(test_previous),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
