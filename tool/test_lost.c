/* `ebb lost` over scratch roots: what is printed, to the letter. */
#include "tool/testing.h"

#include <json-c/json.h>
#include <poll.h>

#include "base/clock.h"
#include "tool/lost.h"
#include "tool/verb.h"

#define STEPS                                                                                      \
    "\"steps\":["                                                                                  \
    "{\"kind\":\"root\",\"step\":\"r\",\"origin\":\"o\",\"target\":\"/\",\"result\":\"done\"},"    \
    "{\"kind\":\"place\",\"step\":\"p\",\"origin\":\"o\",\"target\":\"/persist\","                 \
    "\"result\":\"done\"},"                                                                        \
    "{\"kind\":\"bind\",\"step\":\"b\",\"origin\":\"o\",\"target\":\"/var/lib/kept\","             \
    "\"result\":\"done\"},"                                                                        \
    "{\"kind\":\"bind\",\"step\":\"b\",\"origin\":\"o\",\"target\":\"/var/lib/skipped\","          \
    "\"result\":\"ignored\"},"                                                                     \
    "{\"kind\":\"machine-id\",\"step\":\"m\",\"origin\":\"o\",\"target\":\"/etc/machine-id\","     \
    "\"result\":\"done\"}]}"
#define TREE "root/persist/generations/3/tree"

/* A root as it is right after its boot: a copy of the generation with what the boot adds. */
static void make_root(const char *upper)
{
    setenv("TZ", "UTC", 1);
    must_run("mkdir -p " TREE " root/run/ebb root/proc root/dev && cd " TREE " &&"
             "mkdir -p etc var/lib home/alice old && echo name > etc/hostname && echo conf > "
             "etc/conf && ln -s conf etc/l &&"
             "echo log > var/lib/log && touch -d 2026-01-01T00:00:00.123456789 etc/* var/lib/log &&"
             "cp -a etc var home old ../../../.. && cd ../../../.. &&"
             "mkdir -p var/lib/kept var/lib/skipped && echo kept > var/lib/kept/x &&"
             "echo id > etc/machine-id && echo x > run/x && echo x > proc/x && echo x > dev/x");
    auto_string json = NULL;
    assert_true(asprintf(&json,
                         "{\"format\":1,\"result\":\"done\",\"generation\":3,\"root\":{\"type\":"
                         "\"%s\",\"tree\":\"/persist/generations/3/tree\"%s%s%s}," STEPS,
                         upper ? "overlay" : "tmpfs", upper ? ",\"upper\":\"" : "",
                         upper ? upper : "", upper ? "\"" : "") > 0);
    put("root/run/ebb/status.json", json);
    must_run("rmdir root/var/lib/skipped");
}

static int tell(const struct lost_wish *wish, char **text)
{
    auto_fd root = open_folder("root");
    FILE *out = output_begin(text);
    int status = lost_tell((struct target){root, ""}, wish, out);
    fclose(out);
    return status;
}

static void assert_lost(const struct lost_wish *wish, const char *expected, const char *logged)
{
    static const struct lost_wish none = {0};
    auto_string text = NULL;
    log_begin();
    int status = tell(wish ? wish : &none, &text);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
    assert_int_equal(status,
                     strcmp(expected, "nothing would be lost\n") == 0 ? EXIT_DONE : EXIT_NO);
}

/* Nothing of what the boot made, brought back or copied is lost; nor what was deleted, touched, or
 * written as it was. */
static void test_nothing(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root(NULL);
    assert_lost(NULL, "nothing would be lost\n", "");
    must_run("rm -r root/etc/hostname root/old && touch root/etc/conf root/etc &&"
             "ln -snf conf root/etc/l && mkdir root/tmp root/var/cache &&"
             "echo x > root/tmp/x && echo x > root/var/cache/x && echo x > root/var/lib/x.pyc");
    assert_lost(NULL, "nothing would be lost\n", "");
}

/* Says in the status when the root was made: now, or so many seconds off. */
static void tell_made(int off)
{
    must_run("sleep 0.3"); /* change times are whole ticks */
    struct moment now = clock_moment();
    must_run("sed -i 's/\"root\":{/&\"made\":{\"wall\":%lld,\"kernel\":%lld},/' "
             "root/run/ebb/status.json",
             (long long)now.wall + off * 1000000LL, (long long)now.kernel);
}

/* What the boot made beside the generation is not lost, but a folder that was changed since may be
 * another one. */
static void test_made_by_boot(void **state)
{
    (void)state; /* as above */
    make_root(NULL);
    must_run("mkdir -p root/opt/hook && echo x > root/opt/hook/made && echo x > root/etc/made");
    tell_made(0);
    assert_lost(NULL, "nothing would be lost\n", "");
    must_run("echo x > root/opt/hook/new");
    assert_lost(NULL,
                "       4 B  /opt/hook/  (2 files)\n"
                "4 B in 2 files would be gone at the next boot\n",
                "");
}

/* A renamed folder brings its files with their old change times along. */
static void test_renamed_folder(void **state)
{
    (void)state; /* as above */
    make_root(NULL);
    must_run("for top in root " TREE "; do mkdir -p $top/a/in $top/b/in && echo 1 > $top/a/in/x &&"
             "echo 22 > $top/b/in/x; done");
    tell_made(0);
    assert_lost(NULL, "nothing would be lost\n", "");
    must_run("cd root && mv a c && mv b a && mv c b");
    assert_lost(NULL,
                "       3 B  /a/in/x  (changed)\n"
                "       2 B  /b/in/x  (changed)\n"
                "5 B in 2 files would be gone at the next boot\n",
                "");
}

/* What was written then seems older than the root. */
static void test_clock_set_back(void **state)
{
    (void)state; /* as above */
    make_root(NULL);
    tell_made(3600);
    must_run("echo x > root/etc/new");
    assert_lost(NULL,
                "       2 B  /etc/new\n"
                "2 B in 1 file would be gone at the next boot\n",
                "");
}

static void test_in_memory(void **state)
{
    (void)state; /* as above */
    make_root(NULL);
    must_run("sed -i 's/\"steps\"/\"volumes\":[{\"name\":\"state\",\"in_memory\":true}],&/' "
             "root/run/ebb/status.json");
    assert_lost(NULL, "nothing would be lost\n",
                "ebb: the volume \"state\" is read-only, and what is changed on it is lost at the "
                "next boot, too\n");
}

static void test_tree(void **state)
{
    (void)state; /* as above */
    make_root(NULL);
    must_run("cd root && mkdir -p srv/empty home/alice/project/a home/alice/project/__pycache__ "
             "var/lib/skipped &&"
             "echo 12345 > home/alice/project/a/one && echo 1 > home/alice/project/two &&"
             "echo x > home/alice/project/__pycache__/x.pyc && echo CONF > etc/conf &&"
             "echo data > var/lib/skipped/x && head -c 1500 /dev/zero > var/lib/big &&"
             "rm etc/l && ln -s /other etc/l && chmod 600 etc/hostname && chmod 700 old &&"
             "printf x > $(printf 'etc/a\\nb\\033[1m\\303\\251\\377') &&"
             "ln home/alice/project/two home/alice/project/three &&"
             "rm -r var/lib/log && mkdir var/lib/log && mkfifo var/pipe");
    must_run("cd root && find . -path ./persist -prune -o "
             "-exec touch -h -d 2026-02-03T04:05:06 {} + && touch -d 2026-03-01 var/lib/big");
    assert_lost(NULL,
                "      17 B  /etc/\n"
                "       1 B    a\\012b\\033[1mé\\377\n"
                "       5 B    conf  (changed)\n"
                "       5 B    hostname  (changed)\n"
                "       6 B    l  (changed)\n"
                "       8 B  /home/alice/project/  (3 files)\n"
                "       0 B  /old/  (changed itself)\n"
                "       0 B  /srv/  (no files)\n"
                "   1.5 KiB  /var/\n"
                "   1.5 KiB    lib/\n"
                "   1.5 KiB      big\n"
                "       0 B      log/  (no files)\n"
                "       5 B      skipped/  (1 file)\n"
                "       0 B    pipe\n"
                "1.5 KiB in 10 files would be gone at the next boot\n",
                "");
    const struct lost_wish newest = {.newest = true};
    assert_lost(&newest,
                "2026-03-01 00:00    1.5 KiB  /var/lib/big\n"
                "2026-02-03 04:05        1 B  /etc/a\\012b\\033[1mé\\377\n"
                "2026-02-03 04:05        5 B  /etc/conf  (changed)\n"
                "2026-02-03 04:05        5 B  /etc/hostname  (changed)\n"
                "2026-02-03 04:05        6 B  /etc/l  (changed)\n"
                "2026-02-03 04:05        8 B  /home/alice/project/  (3 files)\n"
                "2026-02-03 04:05        0 B  /old/  (changed itself)\n"
                "2026-02-03 04:05        0 B  /srv/  (no files)\n"
                "2026-02-03 04:05        0 B  /var/lib/log/  (no files)\n"
                "2026-02-03 04:05        5 B  /var/lib/skipped/  (1 file)\n"
                "2026-02-03 04:05        0 B  /var/pipe\n"
                "1.5 KiB in 10 files would be gone at the next boot\n",
                "");
    const char *paths[] = {"/var/lib/big", "/home/alice/project/a", "/persist", "/etc"};
    const struct lost_wish some = {.paths = paths, .path_count = 4};
    assert_lost(&some,
                "      17 B  /etc/\n"
                "       1 B    a\\012b\\033[1mé\\377\n"
                "       5 B    conf  (changed)\n"
                "       5 B    hostname  (changed)\n"
                "       6 B    l  (changed)\n"
                "       6 B  /home/alice/project/a/  (1 file)\n"
                "   1.5 KiB  /var/lib/big\n"
                "1.5 KiB in 6 files would be gone at the next boot\n",
                "");
    const struct lost_wish all = {.all = true};
    must_run("cd root && rm -r etc var srv old && mkdir -p var/cache && echo x > var/cache/x");
    assert_lost(&all,
                "      10 B  /home/alice/project/  (4 files)\n"
                "       2 B  /var/cache/  (1 file)\n"
                "12 B in 5 files would be gone at the next boot\n",
                "");
}

/* All names come out as valid JSON, however they are. */
static void test_json(void **state)
{
    (void)state; /* as above */
    const struct lost_wish wish = {.json = true};
    auto_string text = NULL;
    make_root(NULL);
    must_run(
        "cd root/etc && printf abc > $(printf 'a\\n\"\\\\\\377\\303\\251') &&"
        "mkdir $(printf 'x%%255s' | tr ' ' x | cut -c 1-255) && for d in x*; do echo > $d/y; done");
    assert_int_equal(tell(&wish, &text), EXIT_NO);
    struct json_object *all = json_tokener_parse(text), *lost, *unseen, *value;
    assert_non_null(all);
    assert_int_equal(json_object_get_int(json_object_object_get(all, "format")), 1);
    assert_int_equal(json_object_get_int(json_object_object_get(all, "generation")), 3);
    assert_int_equal(json_object_get_int(json_object_object_get(all, "size")), 4);
    assert_int_equal(json_object_get_int(json_object_object_get(all, "files")), 2);
    assert_true(json_object_object_get_ex(all, "lost", &lost));
    assert_true(json_object_object_get_ex(all, "unseen", &unseen));
    assert_int_equal(json_object_array_length(lost), 2);
    assert_int_equal(json_object_array_length(unseen), 0);
    struct json_object *file = json_object_array_get_idx(lost, 0),
                       *folder = json_object_array_get_idx(lost, 1);
    assert_true(json_object_object_get_ex(file, "path", &value));
    assert_string_equal(json_object_get_string(value), "/etc/a\n\"\\\xef\xbf\xbd\xc3\xa9");
    assert_string_equal(json_object_get_string(json_object_object_get(file, "type")), "file");
    assert_string_equal(json_object_get_string(json_object_object_get(file, "change")), "new");
    assert_int_equal(strlen(json_object_get_string(json_object_object_get(folder, "path"))),
                     strlen("/etc/") + 255);
    assert_int_equal(json_object_get_int(json_object_object_get(folder, "files")), 1);
    json_object_put(all);

    const struct lost_wish newest = {.json = true, .newest = true};
    auto_string sorted = NULL;
    must_run("find root/etc -mindepth 1 -exec touch -h -d 2026-01-02 {} + &&"
             "touch -d 2026-01-03 root/etc/x*/y");
    assert_int_equal(tell(&newest, &sorted), EXIT_NO);
    all = json_tokener_parse(sorted);
    lost = json_object_object_get(all, "lost");
    assert_int_equal(json_object_array_length(lost), 2);
    folder = json_object_array_get_idx(lost, 0);
    assert_string_equal(json_object_get_string(json_object_object_get(folder, "type")), "folder");
    json_object_put(all);
}

/* Of an overlay only the layer is read: what was deleted, or copied up and left as it was, is no
 * loss; nor are the places that things were mounted on. */
static void test_overlay(void **state)
{
    (void)state; /* as above */
    make_root("/run/ebb/volumes/.layer/upper");
    must_run("cd root && mkdir -p run/ebb/volumes/.layer/upper && mv etc var home old proc dev "
             "run/ebb/volumes/.layer/upper");
    assert_lost(NULL, "nothing would be lost\n", "");
    must_run("cd root/run/ebb/volumes/.layer/upper && mkdir usr run && echo 12 > usr/new &&"
             "echo x > var/lib/kept/y && rm etc/hostname");
    must_run("mknod root/run/ebb/volumes/.layer/upper/etc/hostname c 0 0");
    assert_lost(NULL,
                "       3 B  /usr/  (1 file)\n"
                "3 B in 1 file would be gone at the next boot\n",
                "");
}

/* Links lead nowhere, and a walk ends where another file system begins. */
static void test_planted(void **state)
{
    (void)state; /* as above */
    need_namespace();
    make_root(NULL);
    must_run("mkdir -p outside/x && echo x > outside/x/file && cd root &&"
             "ln -s ../outside srv && rm -r home && ln -s ../outside home &&"
             "mkdir -p mnt/disk mnt/other && mount -t tmpfs none mnt/disk && echo x > mnt/disk/x &&"
             "echo x > mnt/other/x && ln -s ../../../../../outside persist/generations/3/tree/mnt");
    assert_lost(NULL,
                "      10 B  /home  (changed)\n"
                "       2 B  /mnt/other/  (1 file)\n"
                "      10 B  /srv\n"
                "22 B in 3 files would be gone at the next boot\n",
                "");
}

static void test_plain_user(void **state)
{
    (void)state; /* as above */
    need_namespace();
    if (!has_users)
        skip_because("there is no other user to be");
    make_root(NULL);
    must_run("cd root && mkdir -m 700 etc/secret srv && mkdir -m 755 "
             "persist/generations/3/tree/etc/secret etc/b &&"
             "chmod 700 persist/generations/3/tree/old && echo 1 > etc/b/1");
    must_run("chmod 755 . && chmod 700 root/old");
    put("said", "");
    put("errors", "");
    pid_t pid = fork();
    if (pid == 0) {
        static const struct lost_wish none = {0};
        FILE *out = fopen("said", "we");
        bool ok = freopen("errors", "we", stderr) && setgid(1000) == 0 && setuid(1000) == 0;
        int told = ok ? lost_tell((struct target){open_folder("root"), ""}, &none, out) : 9;
        fclose(out);
        fflush(stderr);
        _exit(told);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, EXIT_NO << 8);
    auto_string said = output_of("cat said; echo .");
    assert_text("output", said,
                "       2 B  /etc/\n"
                "       2 B    b/  (1 file)\n"
                "       0 B    secret/  (not looked into)  (changed itself)\n"
                "       0 B  /srv/  (not looked into)\n"
                "2 B in 1 file would be gone at the next boot\n.");
    auto_string errors = output_of("sort errors");
    assert_text("output", errors,
                "  /etc/secret: Permission denied\n"
                "  /old: Permission denied\n"
                "  /srv: Permission denied\n"
                "ebb: could not look at 3 places, so more may be lost; run it as root:");
}

/* What cannot be told leads to a sentence, and never to "nothing". */
static void test_errors(void **state)
{
    (void)state; /* as above */
    make_root(NULL);
    const char *absent[] = {"/none"}, *linked[] = {"/etc/link/x"};
    const struct lost_wish wish_absent = {.paths = absent, .path_count = 1},
                           wish_linked = {.paths = linked, .path_count = 1};
    must_run("ln -s /etc root/etc/link");
    assert_lost(&wish_absent, "", "ebb: cannot look at \"/none\": No such file or directory\n");
    assert_lost(&wish_linked, "",
                "ebb: \"/etc/link/x\" leads through a symbolic link; name the folder that the link "
                "leads to\n");
    must_run("mkdir root/etc/ebb && printf '*.x  # mine\\na/b # wrong\\n' > root/etc/ebb/noise");
    assert_lost(NULL, "",
                "ebb: /etc/ebb/noise:2: \"a/b\" is neither a name nor a path from \"/\" on; begin "
                "it with \"/\" or \"/**/\"\n");
    must_run(
        "printf '*.x  # mine\\n/etc/ebb\\n/etc/l*k' > root/etc/ebb/noise && echo > root/old/a.x");
    assert_lost(NULL, "nothing would be lost\n", "");
    must_run("rm -r " TREE);
    assert_lost(NULL, "",
                "ebb: cannot open \"/persist/generations/3/tree\", the tree of the generation: No "
                "such file or directory\n");
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":3,\"steps\":[]}");
    assert_lost(NULL, "",
                "ebb: PID 1 did not tell what this root was made of: it is older than this `ebb`, "
                "or no generation was chosen; rebuild the image with `ebb build`\n");
    must_run("rm root/run/ebb/status.json");
    assert_lost(NULL, "",
                "ebb: this system was not booted by Ebb: there is no \"/run/ebb/status.json\"\n");
}

/* What `fd` says until it has said `word`; the time limit is for a test that would hang. */
static void await(int fd, const char *word, char *said, size_t size)
{
    for (size_t length = 0; length + 1 < size;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t done = poll(&wait, 1, 60000) == 1 ? read(fd, said + length, size - length - 1) : 0;
        if (done <= 0)
            fail_msg("\"%s\" was not said", word);
        length += (size_t)done;
        said[length] = '\0';
        if (strstr(said, word))
            return;
    }
}

static void test_watch(void **state)
{
    (void)state; /* as above */
    int out[2] = {-1, -1}, errors[2] = {-1, -1};
    char said[4096];
    make_root(NULL);
    must_run("echo x > root/etc/before");
    assert_true(pipe2(out, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct lost_wish wish = {.watch = true};
        dup2(errors[1], STDERR_FILENO);
        FILE *stream = fdopen(out[1], "w");
        _exit(stream ? lost_tell((struct target){open_folder("root"), ""}, &wish, stream) : 9);
    }
    await(errors[0], "watching", said, sizeof(said));
    must_run("mkdir root/srv && echo x > root/srv/x && touch -d 2026-02-03 root/srv root/srv/x");
    await(out[0], "\n", said, sizeof(said));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        close(out[i]);
        close(errors[i]);
    }
    assert_non_null(strstr(said, "  /srv/  ("));
    assert_null(strstr(said, "before"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_memory, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_json, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_overlay, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_planted, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_plain_user, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_errors, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_watch, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_nothing, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_made_by_boot, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_renamed_folder, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_clock_set_back, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_tree, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
