/* Nix profiles, with boot.json in all its forms, as they lie on the volume that is /nix. */
#include "base/testdata/scratch.h"

#include "generations/nix.h"
#include "generations/store.h"

static struct volume nix = {.name = "nix", .mount = "/nix"};
static const struct generations profile = {
    .place = {.volume_name = "nix", .path = "/profiles", .volume = &nix}, .kind = STORE_NIX};

/* The link `number` to a system that tells of itself so; NULL: it has no boot.json. */
static void add(unsigned number, const char *document)
{
    char path[64];
    must_run("mkdir -p volume/profiles volume/store/h%u-nixos-system && "
             "ln -sfT /nix/store/h%u-nixos-system volume/profiles/system-%u-link",
             number, number, number);
    snprintf(path, sizeof(path), "volume/store/h%u-nixos-system/boot.json", number);
    if (document)
        put(path, document);
}

static int choose(struct arena *arena, const char *choice, const struct generation **chosen,
                  struct error *error)
{
    auto_fd volume = open_folder("volume");
    return generation_choose(arena, volume, &profile, NULL, choice, chosen, error);
}

static void assert_choice(const char *choice, unsigned number, const char *message)
{
    struct error error;
    const struct generation *chosen = NULL;
    auto_arena arena = arena_new();
    assert_outcome(choice, choose(arena, choice, &chosen, &error), &error, message);
    assert_int_equal(chosen ? chosen->number : 0, number);
}

/* The latest is what the profile leads to, and not the greatest number. */
static void test_choose(void **state)
{
    (void)state; /* the scratch folder is the current one */
    assert_int_equal(mkdir("volume", 0755), 0);
    assert_choice("latest", 0,
                  "cannot open the generations in \"/profiles\": No such file or directory; put a "
                  "Nix profile there, as ebb.conf(5) tells, or correct `generations`");
    add(2, NULL);
    add(9, NULL);
    add(12, NULL);
    must_run("cd volume/profiles && mkdir per-user system-profiles 7 && ln -s x system-02-link &&"
             "ln -s x system--link && ln -s x other-3-link && ln -s x system-4-link.tmp");
    assert_choice("latest", 12, NULL);
    must_run("ln -s system-9-link volume/profiles/system");
    assert_choice("latest", 9, NULL);
    assert_choice("previous", 2, NULL);
    assert_choice("12", 12, NULL);
    assert_choice("4", 0,
                  "there is no generation \"4\"; write a number from 2 to 12, latest or previous");
    must_run("ln -sfn system-2-link volume/profiles/system");
    assert_choice("previous", 0, "there is no previous generation: 2 is the first one");
    must_run("ln -sfn system-5-link volume/profiles/system");
    assert_choice("latest", 12, NULL);
    must_run("ln -sfn /nix/profiles/system-2-link-that-is-very-long volume/profiles/system");
    assert_choice("latest", 12, NULL);
}

static void assert_fact(const char *found, const char *wanted)
{
    assert_string_equal(found ? found : "none", wanted ? wanted : "none");
}

#define NO_SPEC                                                                                    \
    "the boot.json of generation 4 has no bootspec of version 1 with an init; boot another one "   \
    "with ebb.generation="

static void test_document(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *text, *init, *kernel, *initrd, *parameters, *label, *message;
    } cases[] = {
        {"{\"org.nixos.bootspec.v1\": {\"init\": \"/nix/store/a/init\", \"initrd\": "
         "\"/nix/store/b/initrd\", \"initrdSecrets\": \"/nix/store/c\", \"kernel\": "
         "\"/nix/store/k-linux-6.6.30/bzImage\", \"kernelParams\": [\"loglevel=4\", \"quiet\"], "
         "\"label\": \"NixOS 24.05 (Linux 6.6.30)\", \"system\": \"x86_64-linux\", \"toplevel\": "
         "\"/nix/store/a\"}, \"org.nixos.specialisation.v1\": {\"dark\": {}}, "
         "\"org.nixos.systemd-boot\": {\"sortKey\": \"nixos\"}}",
         "/nix/store/a/init", "/nix/store/k-linux-6.6.30/bzImage", "/nix/store/b/initrd",
         "loglevel=4 quiet", "NixOS 24.05 (Linux 6.6.30)", NULL},
        {"{\"v1\": {\"init\": \"/nix/store/a/init\"}}", "/nix/store/a/init", NULL, NULL, NULL, NULL,
         NULL},
        {"{\"v1\": {\"init\": \"/nix/i\", \"kernel\": 5, \"kernelParams\": [null, 5, \"a\", {}], "
         "\"label\": [], \"unknown\": {}}}",
         "/nix/i", NULL, NULL, "a", NULL, NULL},
        {"{\"v1\": {\"init\": \"/nix/i\", \"kernelParams\": \"a\"}}", "/nix/i", NULL, NULL, NULL,
         NULL, NULL},
        {"{\"v1\": {\"init\": \"/nix/../i\"}}", NULL, NULL, NULL, NULL, NULL,
         "the init \"/nix/../i\" of generation 4 contains \"..\"; boot another one with "
         "ebb.generation="},
        {"{\"org.nixos.bootspec.v2\": {\"init\": \"/i\"}}", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
        {"{\"v1\": {\"init\": 5}}", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
        {"{\"v1\": []}", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
        {"{\"v1\": {\"ini", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
        {"[]", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
        {"null", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
        {"", NULL, NULL, NULL, NULL, NULL, NO_SPEC},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        const struct generation *chosen = NULL;
        auto_arena arena = arena_new();
        add(4, cases[i].text);
        must_run("touch -h -d '2026-02-03 04:05:06 UTC' volume/profiles/system-4-link");
        int code = choose(arena, "latest", &chosen, &error);
        assert_outcome(cases[i].text, code, &error, cases[i].message);
        if (code < 0)
            continue;
        assert_null(chosen->tree);
        assert_fact(chosen->init, cases[i].init);
        assert_fact(chosen->kernel, cases[i].kernel);
        assert_fact(chosen->initrd, cases[i].initrd);
        assert_fact(chosen->parameters, cases[i].parameters);
        assert_fact(chosen->label, cases[i].label);
        assert_fact(chosen->created, "2026-02-03T04:05:06Z");
    }
}

/* Before boot.json there were files, and some of them may be missing. */
static void test_synthesized(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    const struct generation *chosen = NULL;
    auto_arena arena = arena_new();
    add(4, NULL);
    assert_int_equal(choose(arena, "latest", &chosen, &error), 0);
    assert_fact(chosen->init, "/nix/store/h4-nixos-system/init");
    assert_null(chosen->kernel);
    assert_null(chosen->label);
    must_run("cd volume/store/h4-nixos-system && ln -s /nix/store/k-linux-5.10/bzImage kernel &&"
             "ln -s /nix/store/i/initrd initrd &&"
             "printf 'a b=c' > kernel-params && echo 21.11 > nixos-version");
    assert_int_equal(choose(arena, "latest", &chosen, &error), 0);
    assert_fact(chosen->kernel, "/nix/store/k-linux-5.10/bzImage");
    assert_fact(chosen->initrd, "/nix/store/i/initrd");
    assert_fact(chosen->parameters, "a b=c");
    assert_fact(chosen->label, "NixOS 21.11");
}

/* A system that is built in several ways has the documents of the others in its own. */
static void test_variants(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    const struct generation *chosen = NULL;
    auto_arena arena = arena_new();
    add(4, "{\"v1\": {\"init\": \"/nix/a\"}, \"org.nixos.specialisation.v1\": {\"dark\": {\"v1\": "
           "{\"init\": \"/nix/d\", \"label\": \"Dark\"}}, \"odd\": 5}}");
    assert_int_equal(choose(arena, "4/dark", &chosen, &error), 0);
    assert_int_equal(chosen->number, 4);
    assert_fact(chosen->init, "/nix/d");
    assert_fact(chosen->label, "Dark");
    assert_int_equal(choose(arena, "4", &chosen, &error), 0);
    assert_fact(chosen->init, "/nix/a");
    assert_choice("4/light", 0,
                  "the boot.json of generation 4 has no bootspec of version 1 with an init for "
                  "light; boot another one with ebb.generation=");
    assert_choice("4/odd", 0,
                  "the boot.json of generation 4 has no bootspec of version 1 with an init for "
                  "odd; boot another one with ebb.generation=");
    assert_choice("5/dark", 0, "there is no generation \"5/dark\", only 4; write that, or latest");
    add(4, NULL);
    must_run("rm volume/store/h4-nixos-system/boot.json");
    int code = choose(arena, "4/dark", &chosen, &error);
    assert_int_equal(code, -ENOENT);
}

/* Nothing on the volume leads out of it. */
static void test_refused(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *scene, *message;
    } cases[] = {
        {"ln -s /etc profiles/system-4-link",
         "\"system-4-link\" of the Nix profile leads to \"/etc\", which is not below /nix; boot "
         "another one with ebb.generation="},
        {"ln -s /nix/../etc profiles/system-4-link",
         "\"system-4-link\" of the Nix profile leads to \"/nix/../etc\", which is not below /nix; "
         "boot another one with ebb.generation="},
        {"ln -s ../store/a profiles/system-4-link",
         "\"system-4-link\" of the Nix profile leads to \"../store/a\", which is not below /nix; "
         "boot another one with ebb.generation="},
        {"mkdir profiles/system-4-link",
         "cannot read \"system-4-link\" of the Nix profile: Invalid argument"},
        {"ln -s /nix/store/a profiles/system-4-link",
         "cannot open \"/nix/store/a\", generation 4: No such file or directory; boot another one "
         "with ebb.generation="},
        {"ln -s /nix/store/a profiles/system-4-link && ln -s / store/a",
         "cannot open \"/nix/store/a\", generation 4: Too many levels of symbolic links; boot "
         "another one with ebb.generation="},
        {"ln -s /nix/store/a profiles/system-4-link && mkdir store/a && ln -s /x store/a/boot.json",
         "the boot.json of generation 4 cannot be read: Too many levels of symbolic links; boot "
         "another one with ebb.generation="},
        {"ln -s /nix/store/a profiles/system-4-link && mkdir store/a && mkfifo store/a/boot.json",
         NO_SPEC},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        const struct generation *chosen = NULL;
        auto_arena arena = arena_new();
        must_run("rm -rf volume && mkdir -p volume/profiles volume/store && cd volume && %s",
                 cases[i].scene);
        assert_outcome(cases[i].scene, choose(arena, "4", &chosen, &error), &error,
                       cases[i].message);
        assert_null(chosen);
    }
}

/* One that is not whole is passed over. */
static void test_before(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    const struct generation *found = NULL;
    auto_arena arena = arena_new();
    add(2, NULL);
    add(3, "{");
    add(4, NULL);
    auto_fd volume = open_folder("volume");
    assert_int_equal(generation_before(arena, volume, &profile, 4, &found, &error), 0);
    assert_int_equal(found->number, 2);
    assert_int_equal(generation_before(arena, volume, &profile, 2, &found, &error), -ENOENT);
}

/* The configuration in the /etc of a system, by links that all stay in the store. */
static void test_config(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *scene, *choice, *path, *message;
    } cases[] = {
        {"true", "4", NULL, NULL},
        {"ln -s /nix/store/e/etc a/etc", "4", NULL, NULL},
        {"mkdir -p a/etc/ebb && touch a/etc/ebb/ebb.conf", "latest", "/store/a/etc/ebb/ebb.conf",
         NULL},
        {"mkdir -p e/etc/ebb f && ln -s /nix/store/e/etc a/etc && ln -s /nix/store/f/x "
         "e/etc/ebb/ebb.conf && ln -s /nix/store/f-ebb.conf f/x && touch f-ebb.conf",
         "4", "/store/f-ebb.conf", NULL},
        {"mkdir -p a/specialisation b/etc && ln -s /nix/store/b a/specialisation/quiet &&"
         "ln -s /nix/store/f b/etc/ebb && mkdir f && touch f/ebb.conf",
         "4/quiet", "/store/f/ebb.conf", NULL},
        {"ln -s ../../../etc a/etc", "4", NULL,
         "\"/nix/store/a/etc/ebb/ebb.conf\" of the Nix profile leads to "
         "\"../../../etc/ebb/ebb.conf\", which is not below /nix; boot another one with "
         "ebb.generation="},
        {"ln -s /etc a/etc", "4", NULL,
         "\"/nix/store/a/etc/ebb/ebb.conf\" of the Nix profile leads to \"/etc/ebb/ebb.conf\", "
         "which is not below /nix; boot another one with ebb.generation="},
        {"ln -s /nix/store/a/etc a/etc", "4", NULL,
         "cannot open \"/nix/store/a/etc/ebb/ebb.conf\": Too many levels of symbolic links"},
        {"rmdir a", "4", NULL,
         "cannot open \"/nix/store/a\", generation 4: No such file or directory; boot another one "
         "with ebb.generation="},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        const char *path;
        auto_arena arena = arena_new();
        must_run("rm -rf volume && mkdir -p volume/profiles volume/store/a && cd volume &&"
                 "ln -s /nix/store/a profiles/system-4-link && cd store && %s",
                 cases[i].scene);
        auto_fd volume = open_folder("volume");
        int code = generation_config(arena, volume, &profile, 4, cases[i].choice, &path, &error);
        assert_outcome(cases[i].scene, code, &error, cases[i].message);
        assert_true(!path == !cases[i].path);
        if (path)
            assert_string_equal(path, cases[i].path);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_choose),  TEST(test_document), TEST(test_synthesized), TEST(test_variants),
        TEST(test_refused), TEST(test_before),   TEST(test_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
