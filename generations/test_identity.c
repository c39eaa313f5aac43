/* The identity of a state volume, whatever lies in its place. */
#include "generations/testing.h"

#include "generations/identity.h"
#include "plan/make.h"

#define NOT_ONE_LINE "its .ebb/store-id is not one line with a name"

static void test_identity_read(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *identity, *message;
    } cases[] = {
        {"printf 'a-B_9\\n' > .ebb/store-id", "a-B_9", NULL},
        {"printf '" LONGEST "\\n' > .ebb/store-id", LONGEST, NULL},
        {"rmdir .ebb", NULL, "it has no .ebb/store-id"},
        {"true", NULL, "it has no .ebb/store-id"},
        {": > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf '\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf 'a' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf 'a\\nb\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf 'a\\n\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf 'a\\r\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf 'a b\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf ' a\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf '../a\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf 'a\\0b\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf '\\377\\376' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"printf '" LONGEST "3\\n' > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"head -c 100000 /dev/zero | tr '\\0' a > .ebb/store-id", NULL, NOT_ONE_LINE},
        {"mkfifo .ebb/store-id", NULL, NOT_ONE_LINE},
        {"mkdir .ebb/store-id", NULL, "cannot read .ebb/store-id: Is a directory"},
        {"echo a > real; ln -s ../real .ebb/store-id", NULL,
         "cannot read .ebb/store-id: Too many levels of symbolic links"},
        {"rmdir .ebb; ln -s ../outside .ebb", NULL,
         "cannot read .ebb/store-id: Too many levels of symbolic links"},
        {"rmdir .ebb; echo a > .ebb", NULL, "cannot read .ebb/store-id: Not a directory"},
    };
    must_run("mkdir outside && echo outside > outside/store-id");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        char identity[IDENTITY_SIZE] = "untouched";
        must_run("rm -rf volume && mkdir -p volume/.ebb && cd volume && %s", cases[i].scene);
        auto_fd volume = open_folder("volume");
        assert_outcome(cases[i].scene, identity_read(volume, identity, &error), &error,
                       cases[i].message);
        assert_string_equal(identity, cases[i].identity ? cases[i].identity : "untouched");
    }
}

/* The sentence that the person at the machine reads when it is not the right disk. */
static void test_identity_apply(void **state)
{
    (void)state;
    static const struct {
        const char *declared, *scene, *message;
    } cases[] = {
        {"", "echo any > .ebb/store-id", NULL},
        {"; identity mine", "echo mine > .ebb/store-id", NULL},
        {"; identity mine", "echo theirs > .ebb/store-id",
         "/dev/vdz is the state volume theirs, but \"state\" is declared to be mine; attach the "
         "right disk, or correct `identity`"},
        {"; identity mine", "echo Mine > .ebb/store-id",
         "/dev/vdz is the state volume Mine, but \"state\" is declared to be mine; attach the "
         "right disk, or correct `identity`"},
        {"", "rmdir .ebb",
         "/dev/vdz is not the state volume \"state\": it has no .ebb/store-id; correct the tag of "
         "the volume, or make this one a state volume with `ebb init`"},
        {"; identity mine", ": > .ebb/store-id",
         "/dev/vdz is not the state volume \"state\": its .ebb/store-id is not one line with a "
         "name; correct the tag of the volume, or restore that file"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        char text[300];
        auto_arena arena = arena_new();
        struct report report = {.arena = arena};
        must_run("rm -rf volume && mkdir -p volume/.ebb && cd volume && %s", cases[i].scene);
        snprintf(text, sizeof(text),
                 "volume other LABEL=o { fs ext4 }\nvolume state LABEL=s { fs ext4%s }\n"
                 "generations state:/generations\n",
                 cases[i].declared);
        put("ebb.conf", text);
        auto_config config = config_load("ebb.conf", NULL, &report);
        assert_int_equal(report.count, 0);
        struct plan plan = {.arena = arena};
        identity_plan(config, &plan);
        assert_int_equal(plan.count, 1); /* "other" holds no state */
        assert_string_equal(plan.steps[0].volume->name, "state");
        struct context *context = context_new(arena, config, ".", "root");
        struct volume_state *volume = context_volume(context, plan.steps[0].volume);
        strcpy(volume->device, "/dev/vdz");
        volume->fd = open_folder("volume");
        assert_outcome(cases[i].scene, identity_apply(&plan.steps[0], context, &error), &error,
                       cases[i].message);
        close(volume->fd);
    }
}

static void test_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *declared, *sentence;
    } cases[] = {
        {"", "check that the volume \"state\" is a state volume"},
        {"; identity mine", "check that the volume \"state\" is the state volume mine"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[200], sentence[200] = "";
        auto_arena arena = arena_new();
        struct report report = {.arena = arena};
        struct plan plan = {.arena = arena};
        snprintf(text, sizeof(text), "volume state LABEL=s { fs ext4%s }\ngenerations state:/g\n",
                 cases[i].declared);
        put("ebb.conf", text);
        auto_config config = config_load("ebb.conf", NULL, &report);
        config_check(config, &report);
        assert_int_equal(report.count, 0);
        identity_plan(config, &plan);
        auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
        identity_sentence(&plan.steps[0], stream);
        fflush(stream);
        assert_string_equal(sentence, cases[i].sentence);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_identity_read), TEST(test_identity_apply),
                                       TEST(test_sentence)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
