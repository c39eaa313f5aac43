#include "base/testdata/scratch.h"

#include "persist/copies.h"
#include "persist/entry.h"
#include "plan/kinds.h"

/* Boots with `entries`, once `scene` has set volumes and new root; what came of it is for free(3).
 */
static int boot(const char *entries, const char *scene, char **log, struct error *error)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    char *text = NULL;
    must_run("for place in root state bare; do umount $place 2>/dev/null; mkdir -p $place &&"
             "mount -t tmpfs -o mode=755 $place $PWD/$place || exit 1; done; rm -f copies.json");
    must_run("%s", scene);
    assert_true(asprintf(&text,
                         "volume state LABEL=state { fs ext4; mount /kept }\n"
                         "volume bare LABEL=bare { fs ext4 }\n"
                         "persist state:/persist {\n%s\n}\n",
                         entries) > 0);
    put("ebb.conf", text);
    free(text);
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(report.count, 0);
    struct plan plan = {.arena = arena};
    persist_plan(config, &plan);
    plan_sort(&plan, 0);
    struct context *context = context_new(arena, config, "/run/ebb/volumes", "root");
    auto_fd root = open_folder("root"), volume = open_folder("state"), bare = open_folder("bare");
    context->root.fd = root;
    context->states[0] = (struct volume_state){.fd = volume, .identity = "state-id"};
    context->states[1] = (struct volume_state){.fd = bare, .identity = "bare-id"};
    log_begin();
    int code = 0;
    struct error second;
    for (size_t i = 0; i < plan.count && code == 0; i++)
        code = step_kinds[plan.steps[i].kind].apply(&plan.steps[i], context, error);
    for (size_t i = 0; i < plan.count; i++) /* again, as after rescue */
        if (plan.steps[i].kind == STEP_COPY)
            assert_int_equal(step_kinds[STEP_COPY].apply(&plan.steps[i], context, &second), code);
    int written = copies_write("copies.json", context, &second);
    if (code == 0)
        assert_int_equal(written, 0);
    *log = log_end();
    return code;
}

struct scenario {
    const char *name, *entries, *scene;
    const char *message; /* NULL: all entries are brought back */
    const char *check;   /* a shell command that must succeed afterwards */
};

static void play(const struct scenario *scenario)
{
    struct error error = {0};
    char *log = NULL;
    must_run("mkdir -p outside && echo secret > outside/secret && chmod 600 outside/secret");
    assert_outcome(scenario->name, boot(scenario->entries, scenario->scene, &log, &error), &error,
                   scenario->message);
    free(log);
    if (!succeeds("%s", scenario->check))
        fail_msg("%s: %s", scenario->name, scenario->check);
    must_run("test \"$(find outside | sort | tr '\\n' ' ')\" = 'outside outside/secret ' &&"
             "test \"$(cat outside/secret)\" = secret &&"
             "test -z \"$(find root state bare -name .ebb-new)\"");
}

#define PLAY(scenarios)                                                                            \
    do {                                                                                           \
        need_namespace();                                                                          \
        for (size_t i = 0; i < ARRAY_LENGTH(scenarios); i++)                                       \
            play(&(scenarios)[i]);                                                                 \
    } while (0)

static void test_copy(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"what is kept", "file /etc/shadow method=copy",
         "mkdir -p state/persist/etc && echo kept > state/persist/etc/shadow &&"
         "chmod 640 state/persist/etc/shadow && touch -d 2001-02-03 state/persist/etc/shadow",
         NULL,
         "test $(cat root/etc/shadow) = kept && test $(stat -c %a root/etc/shadow) = 640 &&"
         "test $(date -r root/etc/shadow +%F) = 2001-02-03 && echo new > root/etc/new &&"
         "mv root/etc/new root/etc/shadow && test $(cat state/persist/etc/shadow) = kept"},
        {"the generation's is replaced", "file /etc/shadow method=copy",
         "mkdir -p state/persist/etc root/etc && echo kept > state/persist/etc/shadow &&"
         "echo generation > root/etc/shadow",
         NULL, "test $(cat root/etc/shadow) = kept && test $(stat -c %h root/etc/shadow) = 1"},
        {"folders above it are as on the volume", "file /home/a/.ssh/x method=copy",
         "mkdir -p state/persist/home/a/.ssh root/home && echo kept > state/persist/home/a/.ssh/x "
         "&&"
         "chmod 711 state/persist/home && chmod 710 state/persist/home/a &&"
         "chmod 700 state/persist/home/a/.ssh",
         NULL,
         "test \"$(stat -c %a root/home root/home/a root/home/a/.ssh | tr '\\n' ,)\" = "
         "755,710,700, "
         "&& test $(cat root/home/a/.ssh/x) = kept"},
        {"nothing is kept, and the generation's stays", "file /etc/shadow method=copy",
         "mkdir -p root/etc && echo generation > root/etc/shadow", NULL,
         "test $(cat root/etc/shadow) = generation && test -z \"$(find state -mindepth 1)\""},
        {"nothing anywhere", "file /etc/shadow method=copy", "mkdir -p state/persist", NULL,
         "test -z \"$(find root state/persist -mindepth 1)\""},
        {"a link is kept as a link", "file /etc/localtime method=copy",
         "mkdir -p state/persist/etc root/etc && ln -s ../outside/secret "
         "state/persist/etc/localtime && echo generation > root/etc/localtime",
         NULL, "test $(readlink root/etc/localtime) = ../outside/secret"},
        {"a link of the generation is replaced, not followed", "file /etc/x method=copy",
         "mkdir -p state/persist/etc root/etc && echo kept > state/persist/etc/x &&"
         "ln -s $PWD/outside/secret root/etc/x",
         NULL, "test $(cat root/etc/x) = kept && test ! -L root/etc/x"},
        {"a link above it on the volume", "file /etc/x method=copy",
         "mkdir state/persist && ln -s $PWD/outside state/persist/etc",
         "on the volume \"state\": \"/persist/etc/x\" leads through a symbolic link; replace the "
         "link, or name the folder itself",
         "test ! -e root/etc"},
        {"a folder on the volume", "file /etc/x method=copy", "mkdir -p state/persist/etc/x",
         "on the volume \"state\": \"/persist/etc/x\" is declared as a file, but it is a folder; "
         "declare it as it is, or move it away",
         "test ! -e root/etc"},
        {"a pipe on the volume", "file /etc/x method=copy",
         "mkdir -p state/persist/etc && mkfifo state/persist/etc/x",
         "on the volume \"state\": \"/persist/etc/x\" is declared as a file, but it is something "
         "else; declare it as it is, or move it away",
         "test ! -e root/etc"},
        {"a folder in the generation", "file /etc/x method=copy",
         "mkdir -p state/persist/etc root/etc/x && echo kept > state/persist/etc/x",
         "in the new root: cannot replace \"/etc/x\": Is a directory; declare it as it is, or move "
         "it away",
         "test -d root/etc/x"},
        {"a link above it in the generation", "file /etc/x method=copy",
         "mkdir -p state/persist/etc && echo kept > state/persist/etc/x &&"
         "ln -s $PWD/outside root/etc",
         "in the new root: \"/etc/x\" leads through the symbolic link \"etc\"; replace the link, "
         "or "
         "name the folder itself",
         "true"},
    };
    PLAY(scenarios);
}

static void test_link(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"what is kept", "file /etc/x method=symlink",
         "mkdir -p state/persist/etc root/etc && echo kept > state/persist/etc/x &&"
         "echo generation > root/etc/x",
         NULL,
         "test $(readlink root/etc/x) = /kept/persist/etc/x &&"
         "test $(cat state/persist/etc/x) = kept"},
        {"a link never dangles", "file /etc/x method=symlink mode=0640", "true", NULL,
         "test $(readlink root/etc/x) = /kept/persist/etc/x &&"
         "test $(stat -c %a:%s state/persist/etc/x) = 640:0"},
        {"a link of the generation is replaced", "file /etc/x method=symlink",
         "mkdir root/etc && ln -s $PWD/outside/secret root/etc/x", NULL,
         "test $(readlink root/etc/x) = /kept/persist/etc/x"},
        {"a folder", "dir /var/lib/x method=symlink mode=0700", "mkdir -p root/var/lib/x", NULL,
         "test $(readlink root/var/lib/x) = /kept/persist/var/lib/x &&"
         "test $(stat -c %a:%F state/persist/var/lib/x) = 700:directory"},
        {"a folder that the generation fills", "dir /x method=symlink", "mkdir -p root/x/y",
         "cannot make the link \"/x\": Is a directory; the generation has a folder there, with "
         "things in it: remove it from the generation",
         "test -d root/x/y"},
        {"a link on the volume", "file /x method=symlink",
         "mkdir state/persist && ln -s $PWD/outside/secret state/persist/x",
         "\"state:/persist/x\" is a symbolic link, and none is followed there; put the file itself "
         "in its place",
         "test ! -L root/x"},
        {"a link above it in the generation", "file /etc/x method=symlink",
         "ln -s $PWD/outside root/etc",
         "in the new root: \"/etc/x\" leads through the symbolic link \"etc\"; replace the link, "
         "or "
         "name the folder itself",
         "true"},
    };
    PLAY(scenarios);
}

/* The list is for `ebb write-back`: what is bound or linked needs none. */
static void test_list(void **state)
{
    (void)state;
    struct error error = {0};
    char *log = NULL;
    need_namespace();
    auto_arena arena = arena_new();
    struct copies copies = {0};
    const char *entries = "file /a method=symlink\nfile /b method=copy\nfile /etc/machine-id\n}\n"
                          "persist bare:/ {\nfile \"/c d/\xc3\xa9\" method=copy";
    assert_outcome("list", boot(entries, "true", &log, &error), &error, NULL);
    assert_non_null(strstr(log, "the generation has no `ebb`, so what changes in \"/"));
    free(TAKE_PTR(log));
    assert_outcome("installed",
                   boot(entries, "mkdir -p root/usr/bin && : > root/usr/bin/ebb", &log, &error),
                   &error, NULL);
    assert_null(strstr(log, "the generation has no `ebb`"));
    free(TAKE_PTR(log));
    assert_outcome("read", copies_read(arena, "copies.json", &copies, &error), &error, NULL);
    assert_int_equal(copies.count, 2);
    const struct copied *first = &copies.items[0], *second = &copies.items[1];
    assert_string_equal(first->target, "/b");
    assert_string_equal(first->volume, "state");
    assert_string_equal(first->place, "/kept");
    assert_string_equal(first->path, "/persist/b");
    assert_string_equal(first->identity, "state-id");
    assert_string_equal(second->target, "/c d/\xc3\xa9");
    assert_string_equal(second->place, "/run/ebb/volumes/bare");
    assert_string_equal(second->path, "/c d/\xc3\xa9");
    assert_string_equal(second->identity, "bare-id");
    assert_int_equal(boot("file /b method=copy", "mkdir -p state/persist/b", &log, &error),
                     -EISDIR);
    free(TAKE_PTR(log));
    assert_int_equal(copies_read(arena, "copies.json", &copies, &error), -ENOENT);
    assert_outcome("none", boot("file /a", "true", &log, &error), &error, NULL);
    free(log);
    assert_int_equal(copies_read(arena, "copies.json", &copies, &error), -ENOENT);
    put("copies.json", "{\"format\": 2, \"copies\": []}");
    assert_outcome("format", copies_read(arena, "copies.json", &copies, &error), &error,
                   "\"copies.json\" is not the list that this version of Ebb writes");
    put("copies.json", "{\"format\": 1, \"copies\": [{\"target\": \"b\", \"place\": \"/x\","
                       "\"path\": \"/y\", \"identity\": \"z\"}]}");
    assert_int_equal(copies_read(arena, "copies.json", &copies, &error), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_copy), TEST(test_link), TEST(test_list)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
