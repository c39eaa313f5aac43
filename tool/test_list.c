/* `ebb list`, `ebb label` and `ebb pin` over a scratch root whose volume is a folder. */
#include "tool/testing.h"

#include "tool/label.h"
#include "tool/list.h"
#include "tool/verb.h"

static void make_root(const char *default_choice)
{
    char text[300];
    setenv("TZ", "UTC", 1);
    snprintf(text, sizeof(text),
             "volume state LABEL=state { fs ext4; mount /persist }\n"
             "generations state:/generations%s\n",
             default_choice);
    put("ebb.conf", text);
    must_run(
        "rm -rf root && mkdir -p root/persist/.ebb root/persist/generations root/run/ebb &&"
        "cd root/persist && echo id > .ebb/store-id && cd generations &&"
        "mkdir -p 1/tree/lib/modules/6.1.0-18 1/tree/lib/modules/6.1.0-9 2/tree 9 10/tree &&"
        "echo '{\"format\": 1, \"label\": \"fi\\u0007rst\", \"created\": \"2026-02-03T04:05:06Z\"}'"
        " > 1/generation.json &&"
        "echo '{\"format\": 1, \"parent\": 1, \"created\": \"yesterday\"}' > 2/generation.json &&"
        "echo '{\"format\": 1}' > 9/generation.json && echo '{\"form' > 10/generation.json &&"
        "head -c 8192 /dev/zero > 1/tree/own && head -c 20480 /dev/zero > 1/tree/both &&"
        "ln 1/tree/both 2/tree");
}

/* What PID 1 told of a boot of generation 1, or of another store's. */
static void tell_of_boot(const char *tree)
{
    char text[400];
    snprintf(text, sizeof(text),
             "{\"format\":1,\"result\":\"done\",\"generation\":1,\"root\":{\"type\":\"tmpfs\","
             "\"tree\":\"%s\"},\"volumes\":[],\"microseconds\":1,\"setbacks\":[],\"steps\":[]}",
             tree);
    put("root/run/ebb/status.json", text);
}

static void assert_list(const struct list_wish *wish, int code, const char *expected,
                        const char *logged)
{
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = list_tell((struct target){root, ""}, wish, out);
    fclose(out);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
}

#define HEAD "number          created        own     shared\n"
#define FIRST "     1 2026-02-03 04:05   12.0 KiB   20.0 KiB  6.1.0-18  \"fi\\007rst\""
#define SECOND "     2                ?    4.0 KiB   20.0 KiB"
#define REST                                                                                       \
    "     9                ?    4.0 KiB        0 B\n"                                              \
    "       not whole: cannot open its tree: No such file or directory\n"                          \
    "    10                ?    4.0 KiB        0 B  (latest)\n"                                    \
    "       not whole: the generation.json of generation 10 is not whole; boot another one with "  \
    "ebb.generation=\n"

static const struct place_wish declared = {.config = "ebb.conf"};

static void test_list(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct list_wish wish = {.place = declared},
                           elsewhere = {.place.store = "root/persist/generations"},
                           json = {.place = declared, .json = true},
                           missing = {.place.store = "nowhere"};
    make_root(" default=2");
    assert_list(&wish, EXIT_DONE, HEAD FIRST "\n" SECOND "  (default)\n" REST, "");
    put_record(1, 1, 2);
    assert_list(&wish, EXIT_DONE, HEAD FIRST "  (default, good)\n" SECOND "  (failed: 1)\n" REST,
                "");
    put_record(1, 1, 2);
    put_record(1, 1, 2);
    assert_list(&wish, EXIT_DONE,
                HEAD FIRST "  (default, good)\n" SECOND "  (bad, failed: 3)\n" REST, "");
    must_run("rm -r root/persist/.ebb/record");
    tell_of_boot("/persist/generations/1/tree");
    must_run("touch root/persist/generations/1.pin");
    assert_list(&wish, EXIT_DONE, HEAD FIRST "  (booted, pinned)\n" SECOND "  (default)\n" REST,
                "");
    assert_list(&elsewhere, EXIT_DONE, HEAD FIRST "  (booted, pinned)\n" SECOND "\n" REST, "");
    /* Another store has a generation 1, too. */
    tell_of_boot("/persist");
    assert_list(&elsewhere, EXIT_DONE, HEAD FIRST "  (pinned)\n" SECOND "\n" REST, "");
    must_run("rm -r root/persist/generations/9 root/persist/generations/10");
    assert_list(
        &json, EXIT_DONE,
        "{\"format\":1,\n\"generations\":[\n"
        "{\"number\":1,\"whole\":true,\"label\":\"fi\\u0007rst\","
        "\"created\":\"2026-02-03T04:05:06Z\",\"kernel\":\"6.1.0-18\",\"kernels\":[\"6.1.0-9\",\"6."
        "1.0-18\"],"
        "\"own\":12288,\"shared\":20480,\"booted\":false,\"latest\":false,"
        "\"default\":false,\"good\":false,\"bad\":false,\"failures\":0,\"pinned\":true},\n"
        "{\"number\":2,\"whole\":true,\"created\":\"yesterday\",\"parent\":1,"
        "\"kernels\":[],\"own\":4096,\"shared\":20480,\"booted\":false,\"latest\":true,"
        "\"default\":true,\"good\":false,\"bad\":false,\"failures\":0,\"pinned\":false}],"
        "\n\"states\":[]}\n",
        "");
    assert_list(&missing, EXIT_NO, "", "ebb: cannot open \"nowhere\": No such file or directory\n");
}

/* An image is judged by its beginning, which says that it has 512 blocks of 4 KiB, and is as large
 * as its file. */
static void test_images(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct list_wish wish = {.place = declared};
    make_root("");
    must_run("cd root/persist/generations && rm -r 1/tree 2/tree 9 10 && mkdir 3 4 &&"
             "cp 2/generation.json 3 && cp 2/generation.json 4 &&"
             "{ head -c 1024 /dev/zero; printf '\\342\\341\\365\\340'; head -c 8 /dev/zero;"
             "printf '\\14'; head -c 23 /dev/zero; printf '\\0\\2\\0\\0'; head -c 3032 /dev/zero; }"
             " > 3/tree.erofs && cp 3/tree.erofs 2 && head -c 2093056 /dev/zero >> 2/tree.erofs &&"
             "echo text > 4/tree.squashfs && cp -l 2/tree.erofs 1");
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":2,\"root\":{\"type\":\"tmpfs\","
        "\"tree\":\"/run/ebb/volumes/.tree\",\"image\":\"/persist/generations/2/tree.erofs\"},"
        "\"volumes\":[],\"microseconds\":1,\"setbacks\":[],\"steps\":[]}");
    assert_list(&wish, EXIT_DONE,
                HEAD "     1 2026-02-03 04:05    4.0 KiB    2.0 MiB  \"fi\\007rst\"\n"
                     "     2                ?    4.0 KiB    2.0 MiB  (booted)\n"
                     "     3                ?    8.0 KiB        0 B\n"
                     "       not whole: its image: it has 4096 bytes of 2097152; make it anew\n"
                     "     4                ?    8.0 KiB        0 B  (latest, default)\n"
                     "       not whole: its image: it is no image of squashfs; make it anew\n",
                "");
}

static void assert_marked(const struct label_wish *wish, int code, const char *logged)
{
    auto_fd root = open_folder("root");
    log_begin();
    int status = label_generation((struct target){root, ""}, wish);
    auto_string log = log_end();
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
}

static void test_marks(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct label_wish label = {.place = declared, .choice = "2", .label = "good"},
                            none = {.place = declared, .choice = "1", .label = ""},
                            pin = {.place = declared, .choice = "2"},
                            unpin = {.place = declared, .choice = "2", .remove = true},
                            wrong = {.place = declared, .choice = "3"};
    const struct list_wish wish = {.place = declared};
    make_root("");
    must_run("rm -r root/persist/generations/9 root/persist/generations/10");
    assert_marked(&label, EXIT_DONE, "");
    assert_marked(&pin, EXIT_DONE, "");
    assert_list(&wish, EXIT_DONE, HEAD FIRST "\n" SECOND "  \"good\"  (latest, default, pinned)\n",
                "");
    assert_marked(&unpin, EXIT_DONE, "");
    assert_marked(&none, EXIT_DONE, "");
    assert_list(&wish, EXIT_DONE,
                HEAD "     1 2026-02-03 04:05   12.0 KiB   20.0 KiB  6.1.0-18\n" SECOND
                     "  \"good\"  (latest, default)\n",
                "");
    assert_marked(&wrong, EXIT_NO,
                  "ebb: there is no generation \"3\"; write a number from 1 to 2, latest or "
                  "previous\n");
}

/* By their command lines. */
static void test_verbs(void **state)
{
    (void)state; /* the scratch folder is the current one */
    char *label[] = {"label", "--store", "root/persist/generations", "latest", "two words", NULL},
         *pin[] = {"pin", "--store", "root/persist/generations", "2", NULL},
         *unpin[] = {"pin", "--store", "root/persist/generations", "2", "--remove", NULL},
         *less[] = {"label", "--store", "root/persist/generations", "2", NULL};
    make_root("");
    must_run("rm -r root/persist/generations/9 root/persist/generations/10");
    assert_int_equal(verb_label(5, label), EXIT_DONE);
    assert_content("root/persist/generations/2.label", "two words\n");
    assert_int_equal(verb_pin(4, pin), EXIT_DONE);
    must_run("test -e root/persist/generations/2.pin");
    assert_int_equal(verb_pin(5, unpin), EXIT_DONE);
    must_run("test ! -e root/persist/generations/2.pin");
    log_begin();
    int status = verb_label(4, less);
    auto_string log = log_end();
    assert_int_equal(status, EXIT_USAGE);
    assert_text("errors", log, "usage: ebb label [--store DIR] [--config CONF] N TEXT\n");
}

/* Generations of somebody else: told of, and left alone. */
static void test_profile(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct label_wish pin = {.place = declared, .choice = "1"};
    const struct list_wish json = {.place = declared, .json = true};
    put("ebb.conf", "volume nix LABEL=nix { fs ext4; mount /nix }\n"
                    "generations nix:/profiles kind=nix\n");
    must_run("mkdir -p root/nix/profiles root/nix/.ebb root/nix/store/a && cd root/nix &&"
             "echo id > .ebb/store-id && ln -s /nix/store/a profiles/system-1-link &&"
             "touch -h -d '2026-02-03 04:05:06 UTC' profiles/system-1-link &&"
             "ln -s /nix/store/k-linux-5.10/bzImage store/a/kernel && echo a b > "
             "store/a/kernel-params");
    assert_list(&json, EXIT_DONE,
                "{\"format\":1,\n\"generations\":[\n"
                "{\"number\":1,\"whole\":true,\"created\":\"2026-02-03T04:05:06Z\","
                "\"kernel\":\"/nix/store/k-linux-5.10/bzImage\",\"kernels\":[\"5.10\"],"
                "\"parameters\":\"a b\",\"booted\":false,\"latest\":true,"
                "\"default\":true,\"good\":false,\"bad\":false,\"failures\":0,\"pinned\":false}],"
                "\n\"states\":[]}\n",
                "");
    assert_marked(&pin, EXIT_NO,
                  "ebb: \"/profiles\" is a Nix profile, whose generations Ebb only boots; make and "
                  "delete them with nixos-rebuild or nix-env\n");
    must_run("test ! -e root/nix/profiles/1.pin");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_verbs), TEST(test_list), TEST(test_images),
                                       TEST(test_profile), TEST(test_marks)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
