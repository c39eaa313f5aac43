/* What is on the volume already: never more permissive than declared, or as the declaration says.
 */

#include "persist/testing.h"

#define FOUND(mode, owner) "mkdir -p -m " mode " state/persist/a && chown " owner " state/persist/a"
#define IS(path, what) "test $(stat -c %u:%g:%a " path ") = " what
#define LOG(text) " && test \"$(cat log)\" = '" text "'"
#define QUIET LOG("")

static void test_tighten(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"too open", "dir /a mode=0700", FOUND("0777", "0:0"), NULL,
         IS("root/a", "0:0:700") " && " IS("state/persist/a", "0:0:700")
             LOG("ebb: \"state:/persist/a\" was 0:0 0777, and is 0:0 0700 as declared")},
        {"closed more than declared", "dir /a mode=0755", FOUND("0711", "0:0"), NULL,
         IS("root/a", "0:0:711") QUIET},
        {"some bits of each", "dir /a mode=0750", FOUND("0715", "0:0"), NULL,
         IS("root/a", "0:0:710")},
        {"set-user-ID and the like", "file /a mode=0755; dir /b mode=0755; dir /c mode=1777",
         "mkdir state/persist && echo x > state/persist/a && chmod 6755 state/persist/a &&"
         "mkdir state/persist/b state/persist/c && chmod 7755 state/persist/b && chmod 2777 "
         "state/persist/c",
         NULL,
         IS("root/a", "0:0:755") " && " IS("root/b", "0:0:755") " && " IS("root/c", "0:0:777")},
        {"the mode that it has unless declared", "dir /a", FOUND("0777", "0:0"), NULL,
         IS("root/a", "0:0:777") QUIET},
        {"what lies in it and above it", "dir /a/b mode=0700",
         "mkdir -p state/persist/a/b/c && chmod 777 state/persist/a state/persist/a/b "
         "state/persist/a/b/c state/persist",
         NULL,
         IS("root/a/b", "0:0:700") " && " IS("root/a/b/c", "0:0:777") " && " IS(
             "state/persist/a", "0:0:777") " && " IS("state/persist", "0:0:777")},
        {"another name of the same file", "file /a mode=0600",
         "mkdir state/persist && echo x > state/theirs && chmod 644 state/theirs &&"
         "ln state/theirs state/persist/a",
         "\"state:/persist/a\" has 2 names, so that its owner or mode would change elsewhere too; "
         "remove the others, or declare existing=keep",
         IS("state/theirs", "0:0:644") " && test ! -e root/a"},
        {"another name, and nothing to change", "file /a mode=0600",
         "mkdir state/persist && echo x > state/theirs && chmod 600 state/theirs &&"
         "ln state/theirs state/persist/a",
         NULL, "test $(cat root/a) = x"},
        {"a link is not followed", "file /a mode=0600",
         "mkdir state/persist && chmod 644 outside/secret && ln -s ../../outside/secret "
         "state/persist/a",
         "\"state:/persist/a\" is a symbolic link, and none is followed there; put the file itself "
         "in its place",
         "test $(stat -c %a outside/secret) = 644"},
        {"the volume is read-only", "dir /a mode=0700",
         FOUND("0755", "0:0") " && $remount,ro $PWD/state",
         "cannot give \"state:/persist/a\" its declared mode: Read-only file system; declare "
         "existing=report",
         "test ! -e root/a"},
        {"the volume is read-only, and all is well", "dir /a mode=0700",
         FOUND("0700", "0:0") " && $remount,ro $PWD/state", NULL, IS("root/a", "0:0:700")},
    };
    PLAY(scenarios);
}

static void test_policies(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"tighten tells of the owner", "dir /a owner=1000 group=100 mode=0750",
         FOUND("0777", "42:43"), NULL,
         IS("root/a", "42:43:750")
             LOG("ebb: \"state:/persist/a\" was 42:43 0777, and is 42:43 0750 as declared\n"
                 "ebb: \"state:/persist/a\" belongs to 42:43, not to 1000:100 as declared; "
                 "existing=correct would give it to them")},
        {"an owner who is not declared is nobody's business", "dir /a mode=0777",
         FOUND("0755", "42:43"), NULL, IS("root/a", "42:43:755") QUIET},
        {"keep", "dir /a owner=1000 mode=0700 existing=keep", FOUND("0777", "42:43"), NULL,
         IS("root/a", "42:43:777") QUIET},
        {"report", "dir /a owner=1000 group=100 mode=0700 existing=report", FOUND("0711", "42:43"),
         NULL,
         IS("root/a", "42:43:711")
             LOG("ebb: \"state:/persist/a\" belongs to 42:43, not to 1000:100 as declared; "
                 "existing=correct would give it to them\n"
                 "ebb: \"state:/persist/a\" has mode 0711, not 0700 as declared; existing=correct "
                 "would set it")},
        {"correct", "dir /a owner=1000 group=100 mode=02775 existing=correct",
         FOUND("0700", "42:43"), NULL, IS("root/a", "1000:100:2775")},
        {"correct what is declared alone", "dir /a group=100 existing=correct",
         FOUND("0711", "42:43"), NULL, IS("root/a", "42:100:711")},
        {"correct a file with set-user-ID", "file /a owner=1000 mode=4711 existing=correct",
         "mkdir state/persist && echo x > state/persist/a", NULL, IS("root/a", "1000:0:4711")},
        {"nothing to correct", "dir /a owner=42 group=43 mode=0700 existing=correct",
         FOUND("0700", "42:43"), NULL, IS("root/a", "42:43:700") QUIET},
        {"correct does not give a file away", "file /a owner=1000 existing=correct",
         "mkdir state/persist && echo x > state/theirs && ln state/theirs state/persist/a",
         "\"state:/persist/a\" has 2 names, so that its owner or mode would change elsewhere too; "
         "remove the others, or declare existing=keep",
         IS("state/theirs", "0:0:644") " && test ! -e root/a"},
        {"nor will it be given away later", "file /a owner=alice",
         "mkdir state/persist && echo x > state/theirs && chmod 600 state/theirs &&"
         "ln state/theirs state/persist/a",
         "\"state:/persist/a\" has 2 names, so that its owner or mode would change elsewhere too; "
         "remove the others, or declare existing=keep",
         "test ! -e root/a && test ! -e /run/tmpfiles.d"},
        {"what was made before anybody knew the owner", "dir /a owner=1000 group=100 mode=0755",
         FOUND("0700", "0:0"), NULL, IS("root/a", "1000:100:755")},
        {"a file that was made so", "file /a owner=1000 group=100 mode=0644",
         "mkdir state/persist && echo x > state/persist/a && chmod 600 state/persist/a", NULL,
         IS("root/a", "1000:100:644")},
        {"but root's own is as it is", "dir /a owner=root mode=0755", FOUND("0700", "0:0"), NULL,
         IS("root/a", "0:0:700")},
    };
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    PLAY(scenarios);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_tighten), TEST(test_policies)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
