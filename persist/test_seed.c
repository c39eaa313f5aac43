/* What an entry begins with, and that it is there as a whole or not at all. */

#include "persist/testing.h"

#define IS(path, what) "test $(stat -c %u:%g:%a " path ") = " what
#define MAKE "mkdir -p " TREE " && cd " TREE " && "

static void test_seed(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"a folder, as the generation has it", "dir /etc/ssh",
         MAKE "mkdir -p etc/ssh/d && echo key > etc/ssh/key && chmod 600 etc/ssh/key &&"
              "chmod 2711 etc/ssh && ln -s key etc/ssh/link && ln etc/ssh/key etc/ssh/d/other",
         NULL,
         "test $(cat root/etc/ssh/key) = key && test $(stat -c %a:%h root/etc/ssh/key) = 600:2 &&"
         "test $(stat -c %a state/persist/etc/ssh) = 2711 && test $(readlink root/etc/ssh/link) = "
         "key && echo new > root/etc/ssh/key && test $(cat " TREE "/etc/ssh/key) = key &&"
         "test $(cat state/persist/etc/ssh/d/other) = new"},
        {"a file, as the generation has it", "file /etc/hosts",
         MAKE "mkdir etc && echo ::1 > etc/hosts && chmod 640 etc/hosts && touch -d @7 etc/hosts",
         NULL,
         "test $(cat root/etc/hosts) = ::1 && test $(stat -c %a:%Y state/persist/etc/hosts) = "
         "640:7"},
        {"with the mode that is declared", "dir /a mode=0700; file /b mode=0600",
         MAKE "mkdir a && echo x > a/x && echo y > b && chmod 777 a b", NULL,
         "test $(stat -c %a root/a) = 700 && test $(stat -c %a root/b) = 600 &&"
         "test $(cat root/a/x root/b | tr '\\n' -) = x-y-"},
        {"what is on the volume stays", "dir /a; file /b; file /c",
         MAKE "mkdir a && echo x > a/x && echo y > b && echo z > c && cd - >/dev/null && mkdir -p "
              "state/persist/a && echo old > state/persist/b && : > state/persist/c",
         NULL, "test -z \"$(ls -A root/a)\" && test $(cat root/b) = old && test ! -s root/c"},
        {"nothing, as declared", "dir /a seed=none; file /b seed=none",
         MAKE "mkdir -m 0700 a && echo x > a/x && echo y > b", NULL,
         "test -z \"$(ls -A root/a)\" && test ! -s root/b && test $(stat -c %a root/a) = 755"},
        {"the generation has nothing", "dir /a; file /b seed=generation", MAKE "true", NULL,
         "test -z \"$(ls -A root/a)\" && test ! -s root/b"},
        {"the generation, not the root", "file /a",
         MAKE "echo x > a && cd - >/dev/null && echo y > root/a", NULL, "test $(cat root/a) = x"},
        {"something else of it", "dir /home/alice seed=/etc/skel; file /b seed=/etc/default",
         MAKE "mkdir -p etc/skel home/alice && echo x > etc/skel/.profile && echo y > etc/default",
         NULL, "test $(cat root/home/alice/.profile) = x && test $(cat root/b) = y"},
        {"something that it does not have", "dir /a seed=/etc/skel", MAKE "true",
         "\"/a\" cannot begin as a copy of \"/etc/skel\" of the generation: No such file or "
         "directory; correct seed=",
         "test ! -e state/persist/a"},
        {"a file, for a folder", "dir /a seed=/b", MAKE "echo > b",
         "\"/a\" cannot begin as a copy of \"/b\" of the generation, which is no folder; correct "
         "seed=",
         "test ! -e state/persist/a"},
        {"a pipe, for a file", "file /a seed=generation", MAKE "mkfifo a",
         "\"/a\" cannot begin as a copy of \"/a\" of the generation, which is no file; correct "
         "seed=",
         "test ! -e state/persist/a"},
        {"what cannot be what is declared", "dir /a; file /b", MAKE "echo > a && mkfifo b", NULL,
         "test -z \"$(ls -A root/a)\" && test ! -s root/b"},
        {"a link in the tree leads on in it", "file /etc/hosts; dir /a",
         MAKE "mkdir -p etc b static && echo x > static/hosts && ln -s /static/hosts etc/hosts &&"
              "echo y > b/y && ln -s b a",
         NULL,
         "test $(cat root/etc/hosts) = x && test -f state/persist/etc/hosts &&"
         "test ! -L state/persist/etc/hosts && test $(cat root/a/y) = y"},
        {"a link never leads out of it", "file /a; dir /b",
         MAKE "ln -s ../../../../outside/secret a && ln -s ../../../../outside b", NULL,
         "test ! -s root/a && test -z \"$(ls -A root/b)\""},
        {"the volume is full", "dir /a",
         MAKE
         "mkdir a && head -c 900000 /dev/zero > a/x && cd - >/dev/null && mkdir state/persist &&"
         "$remount,size=1000k $PWD/state",
         "\"state:/persist/a\" cannot begin as a copy of what the generation has there: No space "
         "left on device; free some on the volume, or declare seed=none",
         "test -z \"$(ls -A state/persist)\" && test ! -e root/a"},
        {"half copied before a power cut", "dir /a",
         MAKE "mkdir a && echo x > a/x && cd - >/dev/null && mkdir -p state/persist/.ebb-new/y &&"
              "echo half > state/persist/.ebb-new/x",
         NULL, "test $(cat state/persist/a/x) = x && test ! -e state/persist/a/y"},
    };
    PLAY(scenarios);
}

static void test_owners(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"as the generation has them", "dir /a; file /b",
         MAKE "mkdir a && echo x > a/x && chown -R 7:8 a && echo y > b && chown 9:10 b", NULL,
         IS("root/a", "7:8:755") " && " IS("root/a/x", "7:8:644") " && " IS("root/b", "9:10:644")},
        {"as declared", "dir /a owner=5; file /b group=6",
         MAKE "mkdir a && echo x > a/x && chown -R 7:8 a && echo y > b && chown 9:10 b", NULL,
         IS("root/a", "5:8:755") " && " IS("root/a/x", "7:8:644") " && " IS("root/b", "9:6:644")},
        {"in a home", "home alice { dir a; file b }",
         MAKE "mkdir -p etc home/alice/a && echo alice:x:1000:100::/home/alice: > etc/passwd &&"
              "echo x > home/alice/b && chmod 755 home/alice/a",
         NULL,
         IS("root/home/alice/a", "1000:100:755") " && " IS("root/home/alice/b", "1000:100:644")},
        {"of nobody yet, as closed as the generation has it",
         "dir /a owner=alice; file /b owner=alice",
         MAKE "mkdir -m 0750 a && echo x > b && chmod 640 b", NULL,
         IS("root/a", "0:0:700") " && " IS(
             "root/b", "0:0:600") " && printf '%s\\n' "
                                  "'z \"/a\" 0750 alice 0 - -' 'z \"/b\" 0640 alice 0 - -' | diff "
                                  "- /run/tmpfiles.d/ebb.conf"},
        {"of nobody yet", "dir /a owner=alice", MAKE "mkdir -m 0755 a && echo x > a/x", NULL,
         IS("root/a",
            "0:0:700") " && test $(cat root/a/x) = x &&"
                       "test \"$(cat /run/tmpfiles.d/ebb.conf)\" = 'z \"/a\" 0755 alice 0 - -'"},
    };
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    PLAY(scenarios);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_seed), TEST(test_owners)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
