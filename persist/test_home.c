/* What lies in a home belongs to its user, on the way there too; and folders elsewhere. */

#include "persist/testing.h"

#define IS(path, what) "test $(stat -c %u:%g:%a " path ") = " what
#define PASSWD "mkdir -p root/etc && echo alice:x:1000:100::/home/alice:/bin/sh > root/etc/passwd"
#define CLOSED "1000:100:700"

static void test_homes(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"what is in it",
         "home alice { dir .ssh; file .bash_history; dir .local/share/x mode=0755 }", PASSWD, NULL,
         IS("root/home/alice/.ssh", CLOSED) " && " IS(
             "root/home/alice/.bash_history",
             "1000:100:600") " && " IS("root/home/alice/.local/share/x",
                                       "1000:100:755") " && echo x > "
                                                       "root/home/alice/.bash_history && test "
                                                       "$(cat "
                                                       "state/persist/home/alice/.bash_history) = "
                                                       "x"},
        {"the folders above it", "home alice { dir .local/share/x mode=0755 }", PASSWD, NULL,
         "for i in root state/persist; do " IS("$i/home", "0:0:755") " && " IS(
             "$i/home/alice",
             CLOSED) " && " IS("$i/home/alice/.local",
                               CLOSED) " && " IS("$i/home/alice/.local/share",
                                                 CLOSED) " || exit 1; done; umount "
                                                         "root/home/alice/.local/share/x"
                                                         " && " IS("root/home/alice/.local/share/x",
                                                                   "1000:100:755")},
        {"folders that are there already", "home alice { file .config/x/y }",
         PASSWD " && mkdir -p -m 0755 root/home/alice/.config state/persist/home/alice &&"
                "chown 1000:7 root/home/alice/.config",
         NULL,
         IS("root/home/alice/.config", "1000:7:755") " && " IS(
             "root/home/alice", "0:0:755") " && " IS("root/home/alice/.config/x",
                                                     CLOSED) " && " IS("state/persist/home/alice",
                                                                       "0:0:755")},
        {"owners of one's own", "home alice { dir a owner=7 group=8; dir b group=9 }", PASSWD, NULL,
         IS("root/home/alice/a", "7:8:700") " && " IS("root/home/alice/b", "1000:9:700")},
        {"that of root", "home root { dir .ssh; file .config/x }",
         "mkdir root/etc && echo root:x:0:0::/root: > root/etc/passwd", NULL,
         IS("root/root", "0:0:700") " && " IS("root/root/.config", "0:0:700") " && " IS(
             "state/persist/root/.ssh", "0:0:700")},
    };
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    PLAY(scenarios);
}

static void test_hard_homes(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"elsewhere", "home alice path=/srv/users/alice { dir .ssh }",
         "mkdir root/etc && echo alice:x:1000:100::/srv/users/alice/: > root/etc/passwd", NULL,
         IS("root/srv/users/alice/.ssh", CLOSED) " && " IS(
             "root/srv/users/alice", CLOSED) " && " IS("root/srv/users", "0:0:755")},
        {"not where it is declared", "home alice { dir .ssh }",
         "mkdir root/etc && echo alice:x:1000:100::/srv/alice: > root/etc/passwd",
         "the home of \"alice\" is \"/srv/alice\" in /etc/passwd, not \"/home/alice\"; write: home "
         "alice path=/srv/alice",
         "test ! -e state/persist && test ! -e root/home"},
        {"that of nobody", "home alice { dir .local/share/x; file .y }", "true", NULL,
         IS("root/home/alice", "0:0:700") " && " IS(
             "root/home/alice/.y", "0:0:600") " && "
                                              "printf '%s\\n' "
                                              "'z \"/home/alice/.local/share/x\" 0700 alice 0 - -' "
                                              "'Z \"/home/alice\" - alice - - -' "
                                              "'z \"/home/alice/.y\" 0600 alice 0 - -' | diff - "
                                              "/run/tmpfiles.d/ebb.conf"},
        {"a link that the user planted", "home alice { dir .ssh }",
         PASSWD " && mkdir -p state/persist/home && ln -s ../../outside state/persist/home/alice",
         "on the volume \"state\": \"/persist/home/alice/.ssh\" leads through the symbolic link "
         "\"alice\"; replace the link, or name the folder itself",
         "test ! -e root/home"},
        {"a mount point in a home that persists",
         "dir /home/alice owner=alice mode=0700\n}\npersist data:/x {\nhome alice { dir a/b; file "
         "c }",
         PASSWD, NULL,
         IS("state/persist/home/alice/a", CLOSED) " && " IS(
             "state/persist/home/alice/a/b",
             CLOSED) " && " IS("data/x/home/alice/a", CLOSED) " && touch root/home/alice/a/b/x &&"
                                                              "test -f data/x/home/alice/a/b/x"},
    };
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    PLAY(scenarios);
}

/* systemd takes a home that was made too early all the way to its user. */
static void test_systemd(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    need_namespace();
    if (!has_users || !succeeds("command -v systemd-tmpfiles >/dev/null"))
        skip_because("there is no systemd-tmpfiles, or only one user");
    begin_world(&world, "home alice { dir .local/share/x mode=0755; file .y; dir .z/a }",
                "mkdir root/etc");
    assert_outcome("apply", apply(&world, &error), &error, NULL);
    must_run("cd root && echo root:x:0:0::/: > etc/passwd && echo root:x:0: > etc/group &&"
             "echo alice:x:1000:7::/: >> etc/passwd && mkdir -p run/tmpfiles.d &&"
             "cp /run/tmpfiles.d/ebb.conf run/tmpfiles.d/ &&"
             "systemd-tmpfiles --create --root=$PWD ebb.conf && cd home/alice &&"
             "for i in .local .local/share .z .z/a; do"
             "    test $(stat -c %%u:%%a $i) = 1000:700 || exit 1; done &&"
             "test $(stat -c %%u:%%a .local/share/x) = 1000:755 &&"
             "test $(stat -c %%u:%%a .y) = 1000:600");
    end_world(&world);
}

static void test_known(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"above the entry",
         "dir /var/lib/private/x; dir /root/.config/x; dir /var/cache/private/x;"
         "file /var/log/private/x/y; dir /tmp/x; dir /var/tmp/x; dir /srv/tmp/x; dir /a/root/b",
         "umask 077", NULL,
         "for i in root state/persist; do"
         "    for j in var/lib/private root var/cache/private var/log/private; do"
         "        test $(stat -c %a $i/$j) = 700 || exit 1; done;"
         "    for j in tmp var/tmp; do test $(stat -c %a $i/$j) = 1777 || exit 1; done;"
         "    for j in var var/lib root/.config var/log/private/x srv/tmp a/root a; do"
         "        test $(stat -c %a $i/$j) = 755 || exit 1; done; done"},
        {"as the entry", "dir /var/tmp; dir /root; dir /var/lib/private; dir /tmp mode=0700",
         "true", NULL,
         "test $(stat -c %a root/var/tmp root/root root/var/lib/private root/tmp | tr '\\n' -) = "
         "1777-700-700-700-"},
    };
    PLAY(scenarios);
}

static void test_sentence(void **state)
{
    (void)state;
    struct world world = {0};
    read_config(&world, "home alice { dir .ssh }; home bob path=/srv/bob { file \"a b\" }");
    struct plan plan = {.arena = world.report.arena};
    static const char *const expected[] = {
        "bind state:/persist/home/alice/.ssh on ~alice/.ssh",
        "bind state:/persist/srv/bob/a b on ~bob/a b",
    };
    static const char *const targets[] = {"/home/alice/.ssh", "/srv/bob/a b"};
    persist_plan(world.config, &plan);
    assert_int_equal(plan.count, ARRAY_LENGTH(expected));
    for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
        char sentence[200] = "";
        auto_file stream = fmemopen(sentence, sizeof(sentence), "w");
        entry_sentence(&plan.steps[i], stream);
        fflush(stream);
        assert_string_equal(sentence, expected[i]);
        assert_string_equal(plan.steps[i].target, targets[i]);
    }
    end_world(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_homes), TEST(test_hard_homes), TEST(test_systemd),
                                       TEST(test_known), TEST(test_sentence)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
