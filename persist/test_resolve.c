/* Whose an entry becomes, by number and by name, and what is done while nobody knows the name. */

#include "persist/testing.h"

#define IS(path, what) "test $(stat -c %u:%g:%a " path ") = " what
#define LATE(text) " && test \"$(cat /run/tmpfiles.d/ebb.conf)\" = '" text "'"
#define NOT_LATE " && test ! -e /run/tmpfiles.d"

static void test_names(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"by number", "dir /a owner=1000 group=100 mode=0750; file /b owner=7 mode=4755", "true",
         NULL, IS("root/a", "1000:100:750") " && " IS("root/b", "7:0:4755") NOT_LATE},
        {"a number that is a name elsewhere", "dir /a owner=0010",
         "mkdir root/etc && echo 0010:x:1234:9::/: > root/etc/passwd", NULL,
         IS("root/a", "10:0:755")},
        {"in the generation", "dir /a owner=alice group=users mode=2770",
         "mkdir -p " TREE "/etc root/etc && echo alice:x:1234:9::/: > " TREE "/etc/passwd &&"
         "echo users:x:77: > " TREE "/etc/group && echo alice:x:1: > root/etc/passwd",
         NULL, IS("root/a", "1234:77:2770")},
        {"in the new root", "dir /a owner=alice group=users",
         "mkdir -p " TREE "/etc root/etc && echo root:x:0: > " TREE "/etc/passwd &&"
         "echo users:x:77: > root/etc/group && echo alice:x:5: > root/etc/passwd",
         NULL, IS("root/a", "5:77:755") NOT_LATE},
        {"in files that persist",
         "dir /a owner=alice group=users\n}\npersist data:/x {\nfile /etc/passwd; file /etc/group",
         "mkdir -p data/x/etc && echo alice:x:6: > data/x/etc/passwd &&"
         "echo users:x:78: > data/x/etc/group",
         NULL, IS("root/a", "6:78:755") NOT_LATE},
        {"in a folder that persists", "dir /a owner=alice; dir /etc",
         "mkdir -p state/persist/etc && echo alice:x:6: > state/persist/etc/passwd", NULL,
         IS("root/a", "6:0:755")},
        {"a link that is planted there", "dir /a owner=alice; dir /etc",
         "mkdir -p state/persist/etc && echo alice:x:6: > state/passwd &&"
         "ln -s ../../passwd state/persist/etc/passwd",
         NULL, IS("root/a", "0:0:700") LATE("z \"/a\" 0755 alice 0 - -")},
        {"in the maps of NixOS", "dir /a owner=alice group=users; dir /var/lib/nixos",
         "mkdir -p state/persist/var/lib/nixos && cd state/persist/var/lib/nixos &&"
         "echo '{\"bob\":1,\"alice\":1001}' > uid-map && echo '{\"users\":101}' > gid-map",
         NULL, IS("root/a", "1001:101:755") NOT_LATE},
        {"in maps that are none",
         "dir /a owner=alice group=users; dir /b owner=bob;"
         "dir /var/lib/nixos",
         "mkdir -p state/persist/var/lib/nixos && cd state/persist/var/lib/nixos &&"
         "echo '{\"alice\":-1,\"bob\":\"7\"}' > uid-map && echo '[' > gid-map",
         NULL,
         IS("root/a", "0:0:700") LATE("z \"/a\" 0755 alice users - -\nz \"/b\" 0755 bob 0 - -")},
    };
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    PLAY(scenarios);
}

/* Closed, told, and written down for systemd. */
static void test_late(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"a folder", "dir /var/lib/x owner=alice mode=2775", "true", NULL,
         IS("root/var/lib/x", "0:0:700") LATE(
             "z \"/var/lib/x\" 2775 alice 0 - -") " && test \"$(cat log)\" = 'ebb: \"/var/lib/x\" "
                                                  "is closed until systemd-tmpfiles gives it "
                                                  "to its owner: nobody knows the user \"alice\" "
                                                  "yet'"},
        {"a file", "file /a group=users mode=0664", "true", NULL,
         IS("root/a", "0:0:600")
             LATE("z \"/a\" 0664 0 users - -") " && test \"$(cat log)\" = 'ebb: \"/a\" is closed "
                                               "until systemd-tmpfiles gives it to its "
                                               "owner: nobody knows the group \"users\" yet'"},
        {"again, because it did not come to it", "dir /a owner=alice",
         "mkdir -p -m 0700 state/persist/a", NULL,
         IS("root/a", "0:0:700") LATE("z \"/a\" 0755 alice 0 - -")},
        {"what has an owner does not wait", "dir /a owner=alice", "mkdir -p state/persist/a", NULL,
         IS("root/a", "0:0:755") NOT_LATE},
        {"a name that systemd would read otherwise", "dir \"/a b%c*[d]{e}\\\\f\\\"g\" owner=alice",
         "true", NULL,
         "printf '%s\\n' 'z \"/a b%%c\\\\*\\\\[d\\\\]\\\\{e\\\\}\\\\\\\\f\\\"g\" 0755 alice 0 - -' "
         "|"
         "diff - /run/tmpfiles.d/ebb.conf"},
        {"which cannot be written down", "dir /a owner=alice", "echo > /run/tmpfiles.d", NULL,
         "mountpoint -q root/a && tail -n 1 log | grep -q 'ignoring, so that \"/a\" stays closed: "
         "cannot write \"/run/tmpfiles.d/ebb.conf\": Not a directory'"},
    };
    PLAY(scenarios);
}

/* What systemd makes of it, whatever the name. */
static void test_systemd(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    need_namespace();
    if (!has_users || !succeeds("command -v systemd-tmpfiles >/dev/null"))
        skip_because("there is no systemd-tmpfiles, or only one user");
    begin_world(&world,
                "dir \"/a b%n*[d]{e,f}\\\\g\\\"h'é\" owner=alice mode=2750;"
                "file /-f owner=alice group=users mode=0640; dir /ab owner=1",
                "mkdir -p root/etc");
    assert_outcome("apply", apply(&world, &error), &error, NULL);
    must_run("cd root && echo root:x:0:0::/: > etc/passwd && echo root:x:0: > etc/group &&"
             "echo alice:x:1000:7::/: >> etc/passwd && echo users:x:77: >> etc/group &&"
             "mkdir -p run/tmpfiles.d && cp /run/tmpfiles.d/ebb.conf run/tmpfiles.d/ &&"
             "systemd-tmpfiles --create --root=$PWD ebb.conf && "
             "test \"$(stat -c %%u:%%g:%%a 'a b%%n*[d]{e,f}\\g\"h'\\''é')\" = 1000:0:2750 &&"
             "test \"$(stat -c %%u:%%g:%%a ./-f)\" = 1000:77:640 &&"
             "test \"$(stat -c %%u:%%g:%%a ab)\" = 1:0:755");
    end_world(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_names), TEST(test_late), TEST(test_systemd)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
