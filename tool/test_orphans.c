/* `ebb orphans` over a scratch root whose volumes are folders. */
#include "tool/testing.h"

#include <json-c/json.h>

#include "plan/make.h"
#include "tool/orphans.h"
#include "tool/verb.h"

#define NOW 1780272000 /* 2026-06-01 */

static const char configuration[] =
    "volume state LABEL=state { fs ext4; mount /persist }\n"
    "volume data LABEL=data { fs ext4 }\n"
    "volume crypt LABEL=crypt { luks keyfile=data:/keys/crypt; fs ext4 }\n"
    "generations state:/generations\n"
    "persist state:/p {\n"
    "    dir /var/log\n"
    "    file /etc/machine-id\n"
    "    dir /home/alice\n"
    "}\n"
    "persist data:/ { dir /srv; }\n"
    "secrets data:/secrets.yaml {\n    key data:/keys/age\n    whole x\n}\n"
    "template t data:/keys/t.in\n"
    "persist state:/p/inner { dir /opt/x; }\n"
    "persist state:/p/home/alice/own { dir /opt/y; }\n";

static void make_root(void)
{
    setenv("TZ", "UTC", 1);
    put("ebb.conf", configuration);
    must_run(
        "mkdir -p root/persist/.ebb root/run/ebb/volumes/data/.ebb && cd root/persist &&"
        "echo a > .ebb/store-id && echo b > ../run/ebb/volumes/data/.ebb/store-id &&"
        "mkdir -p generations/1/tree p/etc p/var/log/x p/var/old/deep p/home/alice/own/z "
        "p/home/bob "
        "p/inner/opt/x p/inner/opt/gone p/.ebb-new &&"
        "echo id > p/etc/machine-id && echo 1234 > p/etc/shadow && echo 1 > p/var/old/deep/1 &&"
        "echo 22 > p/var/old/2 && ln -s /etc/passwd p/var/link && echo x > p/home/alice/x &&"
        "echo x > $(printf 'p/etc/a\\nb\\377') && cd ../run/ebb/volumes/data &&"
        "mkdir -p srv keys other lost+found && echo key > keys/crypt && touch keys/age "
        "keys/t.in secrets.yaml && echo old > keys/old &&"
        "cd ../../../.. && find . -exec touch -h -d 2026-02-03T04:05:06 {} + &&"
        "touch -d 2026-05-30 persist/p/var/old/2");
}

static int tell(const struct orphans_wish *wish, char **text)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(report.errors, 0);
    auto_fd root = open_folder("root");
    FILE *out = output_begin(text);
    int status = orphans_tell((struct target){root, ""}, config, wish, out);
    fclose(out);
    return status;
}

static void assert_told(const struct orphans_wish *wish, int code, const char *expected,
                        const char *logged)
{
    auto_string text = NULL;
    log_begin();
    int status = tell(wish, &text);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
}

static void test_list(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    const struct orphans_wish wish = {.now = NOW}, older = {.now = NOW, .older = 3};
    assert_told(&wish, EXIT_DONE,
                "2026-02-03 04:05        2 B  state:/p/etc/a\\012b\\377\n"
                "2026-02-03 04:05        5 B  state:/p/etc/shadow\n"
                "2026-02-03 04:05        0 B  state:/p/home/bob/  (0 files)\n"
                "2026-02-03 04:05        0 B  state:/p/inner/opt/gone/  (0 files)\n"
                "2026-02-03 04:05       11 B  state:/p/var/link\n"
                "2026-05-30 00:00        5 B  state:/p/var/old/  (2 files)\n"
                "2026-02-03 04:05        4 B  data:/keys/old\n"
                "2026-02-03 04:05        0 B  data:/other/  (0 files)\n"
                "8 orphans, 27 B\n",
                "");
    assert_told(&older, EXIT_DONE,
                "2026-02-03 04:05        2 B  state:/p/etc/a\\012b\\377\n"
                "2026-02-03 04:05        5 B  state:/p/etc/shadow\n"
                "2026-02-03 04:05        0 B  state:/p/home/bob/  (0 files)\n"
                "2026-02-03 04:05        0 B  state:/p/inner/opt/gone/  (0 files)\n"
                "2026-02-03 04:05       11 B  state:/p/var/link\n"
                "2026-02-03 04:05        4 B  data:/keys/old\n"
                "2026-02-03 04:05        0 B  data:/other/  (0 files)\n"
                "7 orphans, 22 B\n",
                "");
    must_run("cd root && rm -r persist/p run/ebb/volumes/data/other run/ebb/volumes/data/keys/old");
    assert_told(&wish, EXIT_DONE, "no orphans\n", "");
    /* What is called .ebb-new may be on its way, unless it is older than this boot. */
    must_run("mkdir -p root/persist/p/.ebb-new && touch -d 2026-02-03T04:05:06 "
             "root/persist/p/.ebb-new");
    const struct orphans_wish soon = {.now = NOW, .booted = 1000},
                              late = {.now = NOW, .booted = time(NULL) + 1000};
    assert_told(&soon, EXIT_DONE, "no orphans\n", "");
    assert_told(&late, EXIT_DONE,
                "2026-02-03 04:05        0 B  state:/p/.ebb-new/  (0 files)\n1 orphan, 0 B\n", "");
}

static void test_trash(void **state)
{
    (void)state; /* as above */
    make_root();
    const struct orphans_wish
        dry = {.now = NOW, .trash = true, .dry_run = true, .trash_days = 30, .older = 3},
        move = {.now = NOW, .trash = true, .trash_days = 30, .older = 3},
        empty = {.now = NOW, .empty = true, .trash_days = 5},
        dry_empty = {.now = NOW, .empty = true, .dry_run = true, .trash_days = 5};
    must_run("cd root/persist && find . | sort > ../../before && mkdir -p .ebb/trash/2026-05-01/x "
             ".ebb/trash/2026-05-26/y .ebb/trash/2026-06-01/p/home/bob .ebb/trash/mine &&"
             "echo x > .ebb/trash/2026-05-01/x/f && chmod 755 .ebb/trash");
    assert_told(
        &dry, EXIT_DONE,
        "2026-02-03 04:05        2 B  state:/p/etc/a\\012b\\377\n"
        "                              would go to "
        "state:/.ebb/trash/2026-06-01/p/etc/a\\012b\\377\n"
        "2026-02-03 04:05        5 B  state:/p/etc/shadow\n"
        "                              would go to state:/.ebb/trash/2026-06-01/p/etc/shadow\n"
        "2026-02-03 04:05        0 B  state:/p/home/bob/  (0 files)\n"
        "                              would go to state:/.ebb/trash/2026-06-01/p/home/bob\n"
        "2026-02-03 04:05        0 B  state:/p/inner/opt/gone/  (0 files)\n"
        "                              would go to state:/.ebb/trash/2026-06-01/p/inner/opt/gone\n"
        "2026-02-03 04:05       11 B  state:/p/var/link\n"
        "                              would go to state:/.ebb/trash/2026-06-01/p/var/link\n"
        "2026-02-03 04:05        4 B  data:/keys/old\n"
        "                              would go to data:/.ebb/trash/2026-06-01/keys/old\n"
        "2026-02-03 04:05        0 B  data:/other/  (0 files)\n"
        "                              would go to data:/.ebb/trash/2026-06-01/other\n"
        "would remove state:/.ebb/trash/2026-05-01\n"
        "7 orphans, 22 B\n",
        "");
    must_run("cd root/persist && find . -path ./.ebb/trash -prune -o -print | sort |"
             "cmp - ../../before");
    assert_told(
        &move, EXIT_DONE,
        "2026-02-03 04:05        2 B  state:/p/etc/a\\012b\\377\n"
        "                              is now state:/.ebb/trash/2026-06-01/p/etc/a\\012b\\377\n"
        "2026-02-03 04:05        5 B  state:/p/etc/shadow\n"
        "                              is now state:/.ebb/trash/2026-06-01/p/etc/shadow\n"
        "2026-02-03 04:05        0 B  state:/p/home/bob/  (0 files)\n"
        "                              is now state:/.ebb/trash/2026-06-01/p/home/bob.2\n"
        "2026-02-03 04:05        0 B  state:/p/inner/opt/gone/  (0 files)\n"
        "                              is now state:/.ebb/trash/2026-06-01/p/inner/opt/gone\n"
        "2026-02-03 04:05       11 B  state:/p/var/link\n"
        "                              is now state:/.ebb/trash/2026-06-01/p/var/link\n"
        "2026-02-03 04:05        4 B  data:/keys/old\n"
        "                              is now data:/.ebb/trash/2026-06-01/keys/old\n"
        "2026-02-03 04:05        0 B  data:/other/  (0 files)\n"
        "                              is now data:/.ebb/trash/2026-06-01/other\n"
        "removed state:/.ebb/trash/2026-05-01\n"
        "7 orphans, 22 B\n",
        "");
    must_run(
        "cd root/persist && test ! -e p/home/bob && test ! -e p/etc/shadow &&"
        "test -d .ebb/trash/2026-06-01/p/home/bob.2 && test -e p/var/old/2 &&"
        "test $(cat .ebb/trash/2026-06-01/p/etc/shadow) = 1234 &&"
        "test $(readlink .ebb/trash/2026-06-01/p/var/link) = /etc/passwd &&"
        "test $(stat -c %%a .ebb/trash) = 700 && test ! -e .ebb/trash/2026-05-01 &&"
        "test -d .ebb/trash/2026-05-26/y && test -f p/home/alice/x && test -f p/etc/machine-id");
    assert_told(&dry_empty, EXIT_DONE, "would remove state:/.ebb/trash/2026-05-26\n", "");
    must_run("test -d root/persist/.ebb/trash/2026-05-26");
    assert_told(&empty, EXIT_DONE, "removed state:/.ebb/trash/2026-05-26\n", "");
    must_run("cd root/persist && ls .ebb/trash > ../../after && test ! -e .ebb/trash/2026-05-26");
    assert_content("after", "2026-06-01\nmine\n");
}

/* They are only listed. */
static void test_in_memory(void **state)
{
    (void)state; /* as above */
    static const struct orphans_wish list = {.now = NOW}, wishes[] = {{.now = NOW, .trash = true},
                                                                      {.now = NOW, .empty = true}};
    make_root();
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"steps\":[],"
        "\"volumes\":[{\"name\":\"state\"},{\"name\":\"data\",\"in_memory\":true}]}");
    for (size_t i = 0; i < ARRAY_LENGTH(wishes); i++)
        assert_told(&wishes[i], EXIT_NO, "",
                    "ebb: the volume \"data\" is read-only, and what is changed on it is lost at "
                    "the next boot; have it repaired, and boot again\n");
    must_run("! test -e root/persist/.ebb/trash && ! test -e root/run/ebb/volumes/data/.ebb/trash");
    auto_string text = NULL;
    assert_int_equal(tell(&list, &text), EXIT_DONE);
    assert_contains(text, "8 orphans");
}

static void test_json(void **state)
{
    (void)state; /* as above */
    auto_string text = NULL;
    const struct orphans_wish wish = {.now = NOW, .json = true, .trash = true, .dry_run = true};
    make_root();
    assert_int_equal(tell(&wish, &text), EXIT_DONE);
    struct json_object *all = json_tokener_parse(text), *list, *first;
    assert_non_null(all);
    list = json_object_object_get(all, "orphans");
    assert_int_equal(json_object_array_length(list), 8);
    first = json_object_array_get_idx(list, 0);
    assert_string_equal(json_object_get_string(json_object_object_get(first, "volume")), "state");
    assert_string_equal(json_object_get_string(json_object_object_get(first, "path")),
                        "/p/etc/a\nb\xef\xbf\xbd");
    assert_string_equal(json_object_get_string(json_object_object_get(first, "trash")),
                        "/.ebb/trash/2026-06-01/p/etc/a\nb\xef\xbf\xbd");
    assert_int_equal(json_object_get_int(json_object_object_get(first, "size")), 2);
    assert_int_equal(json_object_array_length(json_object_object_get(all, "unseen")), 0);
    json_object_put(all);
}

/* What a generation declares is no orphan, and what cannot be read declares nobody knows what. */
static void test_generations(void **state)
{
    (void)state; /* as above */
    make_root();
    const struct orphans_wish wish = {.now = NOW, .older = 3};
    put("root/persist/generations/1/ebb.conf",
        "volume other LABEL=state { fs ext4; mount /persist }\n"
        "generations other:/generations\n"
        "persist other:/p { file /etc/shadow; dir /home; file /var/link; }\n");
    assert_told(&wish, EXIT_DONE,
                "2026-02-03 04:05        2 B  state:/p/etc/a\\012b\\377\n"
                "2026-02-03 04:05        0 B  state:/p/inner/opt/gone/  (0 files)\n"
                "2026-02-03 04:05        4 B  data:/keys/old\n"
                "2026-02-03 04:05        0 B  data:/other/  (0 files)\n"
                "4 orphans, 6 B\n",
                "");
    put("root/persist/generations/1/ebb.conf", "volume other LABEL=state { fs ext4 }\nfuture x\n");
    assert_told(&wish, EXIT_NO, "",
                "ebb: the ebb.conf of generation 1 has errors, so what it declares is not known; "
                "the first, in line 2: unknown directive \"future\"; see ebb.conf(5)\n");
}

/* What is mounted, or holds what is mounted, is in use, whatever is declared. */
static void test_mounted(void **state)
{
    (void)state; /* as above */
    need_namespace();
    make_root();
    must_run("cd root && mkdir target && mount --bind persist/p/var/old/deep target &&"
             "mount -t tmpfs none persist/p/home/bob && : > file &&"
             "mount --bind persist/p/etc/shadow file");
    const struct orphans_wish wish = {.now = NOW};
    assert_told(&wish, EXIT_DONE,
                "2026-02-03 04:05        2 B  state:/p/etc/a\\012b\\377\n"
                "2026-02-03 04:05        0 B  state:/p/inner/opt/gone/  (0 files)\n"
                "2026-02-03 04:05       11 B  state:/p/var/link\n"
                "2026-02-03 04:05        4 B  data:/keys/old\n"
                "2026-02-03 04:05        0 B  data:/other/  (0 files)\n"
                "5 orphans, 17 B\n",
                "");
}

/* A link costs what it stands for, and leads nowhere. */
static void test_planted(void **state)
{
    (void)state; /* as above */
    const struct orphans_wish move = {.now = NOW, .trash = true, .trash_days = 30};
    make_root();
    must_run("mkdir outside && echo x > outside/x && cd root/persist && rm -r p/inner p/home &&"
             "rm -r p/var p/etc && ln -s ../../../outside p/var && touch -h -d 2026-02-03T04:05 "
             "p/var && ln -s ../../outside .ebb/trash &&"
             "rm -r ../run/ebb/volumes/data/other ../run/ebb/volumes/data/keys/old");
    assert_told(
        &move, EXIT_NO, "2026-02-03 04:05       16 B  state:/p/var\n",
        "ebb: on the volume \"state\": the trash \".ebb/trash\" is a symbolic link; remove it\n"
        "ebb: cannot list the trash \".ebb/trash\": Too many levels of symbolic links\n");
    must_run("test \"$(ls outside)\" = x && test -L root/persist/p/var");
    must_run("rm root/persist/.ebb/store-id");
    assert_told(&move, EXIT_NO, "",
                "ebb: \"/persist\" is not the state volume \"state\": it has no .ebb/store-id\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_trash, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_in_memory, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_json, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_generations, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_mounted, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_planted, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
