/* `ebb keep` and `ebb drop`, on a running system of their own: a root and two volumes, each a file
 * system of its own, and what PID 1 left in /run. */
#include "base/testdata/cut.h"
#include "tool/testing.h"

#include "tool/booted.h"
#include "tool/keep.h"
#include "tool/verb.h"

#include <limits.h>

#define HEAD                                                                                       \
    "volume state LABEL=state { fs ext4; mount /persist }\n"                                       \
    "volume data LABEL=data { fs ext4 }\n"                                                         \
    "generations state:/generations\n"
#define ONE HEAD "persist state:/kept {\n    dir /var/log\n}\n"
#define TWO ONE "persist data:/ {\n}\n"

static void set_stage(const char *configuration, const char *scene)
{
    must_run(
        "for i in root/var/log root/run/ebb/volumes/data root/persist root /run; do"
        "    umount -l $i 2>/dev/null; done; rm -rf root ebb.conf;"
        "mkdir -p root && mount -t tmpfs run /run && mount -t tmpfs -o mode=755,size=64m root root "
        "&&"
        "cd root && mkdir -p etc run persist srv var/log root && echo root:x:0:0::/root:/bin/sh "
        "> etc/passwd && chmod 700 root && mount --bind /run run &&"
        "mkdir -p run/ebb/volumes/data &&"
        "mount -t tmpfs -o mode=755,size=16m state persist &&"
        "mount -t tmpfs -o mode=755 data run/ebb/volumes/data &&"
        "mkdir -p persist/.ebb persist/kept/var/log run/ebb/volumes/data/.ebb &&"
        "echo one > persist/.ebb/store-id && echo two > run/ebb/volumes/data/.ebb/store-id &&"
        "mount --bind persist/kept/var/log var/log");
    put("ebb.conf", configuration);
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":1,\"steps\":["
        "{\"kind\":\"bind\",\"step\":\"bind it\",\"origin\":\"ebb.conf:5\",\"result\":\"done\","
        "\"target\":\"/var/log\",\"microseconds\":1}]}\n");
    must_run("%s", scene);
}

/* The verb's status; what it said on both outputs comes into the file "said". */
static int run(int (*verb)(struct target root, const struct keep_wish *wish, FILE *out),
               const struct keep_wish *wish)
{
    struct keep_wish whole = *wish;
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    whole.file = "ebb.conf";
    log_begin();
    FILE *out = output_begin(&text);
    int status = verb((struct target){root, "root"}, &whole, out);
    fclose(out);
    auto_string log = log_end();
    char *said = NULL;
    assert_true(asprintf(&said, "%s%s", text, log) >= 0);
    put("said", said);
    free(said);
    return status;
}

/* The boot could only read it. */
#define IN_MEMORY                                                                                  \
    "sed -i 's/\"steps\"/\"volumes\":[{\"name\":\"state\",\"in_memory\":true}],&/' "               \
    "root/run/ebb/status.json;"
#define NOT_KEPT                                                                                   \
    "ebb: the volume \"state\" is read-only, and what is changed on it is lost at the next boot; " \
    "have it repaired, and boot again"

struct scenario {
    const char *name, *configuration, *scene;
    struct keep_wish wish;
    int status;
    const char *said;  /* HERE stands for the scratch folder */
    const char *check; /* a shell command that must succeed afterwards */
};

static void play(const struct scenario *scenario,
                 int (*verb)(struct target root, const struct keep_wish *wish, FILE *out))
{
    set_stage(scenario->configuration, scenario->scene);
    int status = run(verb, &scenario->wish);
    auto_string plain =
        output_of("sed \"s,$PWD,HERE,g; s,/$(date +%%F)/,/TODAY/,; s,: Permission .*,,\" said");
    assert_text(scenario->name, plain, scenario->said);
    assert_int_equal(status, scenario->status);
    if (!succeeds("%s", scenario->check))
        fail_msg("%s: %s\n%s", scenario->name, scenario->check, plain);
    /* Whatever it was, nothing half made is left. */
    must_run("test -z \"$(find root root/persist root/run/ebb/volumes/data -name .ebb-new)\"");
}

#define PLAY(scenarios, verb)                                                                      \
    do {                                                                                           \
        need_namespace();                                                                          \
        for (size_t i = 0; i < ARRAY_LENGTH(scenarios); i++)                                       \
            play(&(scenarios)[i], verb);                                                           \
    } while (0)

#define REBUILD "ebb: the image holds the configuration as it was; make it anew with `ebb build`"
#define SRV "mkdir -p root/srv/a/b && echo one > root/srv/a/1 && echo two > root/srv/a/b/2;"
#define SRV_SAID                                                                                   \
    "HERE/ebb.conf, line 6:\n    dir /srv/a\ncopying /srv/a to state:/kept/srv/a: 2 files, 8 B\n"
/* Kept, and the same place on the volume. */
#define SRV_KEPT                                                                                   \
    "test $(cat root/srv/a/b/2) = two && echo new > root/srv/a/new &&"                             \
    "test $(cat root/persist/kept/srv/a/new) = new && grep -qx '    dir /srv/a' ebb.conf"

static const struct scenario kept[] = {
    {"a folder",
     ONE,
     SRV,
     {.path = "/srv/a"},
     0,
     SRV_SAID "kept: /srv/a\n" REBUILD,
     SRV_KEPT " && grep -q '\"target\":\"/srv/a\"' root/run/ebb/status.json && test $(stat -c %a "
              "root/persist/kept/srv) = 755"},
    {"only told",
     ONE,
     SRV,
     {.path = "/srv/a", .dry_run = true},
     0,
     "HERE/ebb.conf, line 6:\n    dir /srv/a\ncopying /srv/a to state:/kept/srv/a: 2 files, 8 "
     "B",
     "! mountpoint -q root/srv/a && ! grep -q srv ebb.conf && ! test -e root/persist/kept/srv"},
    {"owner and mode",
     ONE,
     SRV "chown 0:7 root/srv/a; chmod 2750 root/srv/a; chown 5 root/srv/a/1",
     {.path = "/srv/a"},
     0,
     "HERE/ebb.conf, line 6:\n    dir /srv/a group=lp mode=2750\n"
     "copying /srv/a to state:/kept/srv/a: 2 files, 8 B\nkept: /srv/a\n" REBUILD,
     "test $(stat -c %u:%g:%a root/srv/a) = 0:7:2750 && test $(stat -c %u root/srv/a/1) = 5"},
    {"a file",
     ONE,
     "echo x > root/srv/f; chmod 600 root/srv/f",
     {.path = "/srv/f"},
     0,
     "HERE/ebb.conf, line 6:\n    file /srv/f mode=0600\n"
     "copying /srv/f to state:/kept/srv/f: 1 file, 2 B\nkept: /srv/f\n" REBUILD,
     "echo new > root/srv/f && test $(cat root/persist/kept/srv/f) = new &&"
     "test $(stat -c %a root/persist/kept/srv/f) = 600"},
    {"in a home",
     ONE,
     "mkdir -m 700 -p 'root/root/my things'",
     {.path = "/root/my things"},
     0,
     "HERE/ebb.conf, line 6:\n    home root {\n        dir \"my things\"\n    }\n"
     "copying /root/my things to state:/kept/root/my things: 0 files, 0 B\n"
     "kept: /root/my things\n" REBUILD,
     "mountpoint -q 'root/root/my things' && test $(stat -c %a root/persist/kept/root) = 700"},
    {"in the place that is chosen",
     TWO,
     SRV,
     {.path = "/srv/a", .store = "data:/"},
     0,
     "HERE/ebb.conf, line 8:\n    dir /srv/a\ncopying /srv/a to data:/srv/a: 2 files, 8 B\n"
     "kept: /srv/a\n" REBUILD,
     "test $(cat root/run/ebb/volumes/data/srv/a/1) = one && mountpoint -q root/srv/a"},
    {"declared, and not there at boot",
     HEAD "persist state:/kept {\n    dir /srv/a options=ro\n}\n",
     SRV,
     {.path = "/srv/a"},
     0,
     "copying /srv/a to state:/kept/srv/a: 2 files, 8 B\nkept: /srv/a",
     "! touch root/srv/a/x 2>/dev/null && test $(cat root/srv/a/1) = one"},
    {"shown from the volume, and not declared",
     ONE,
     SRV "cp -a root/srv root/persist/kept && mount --bind root/persist/kept/srv/a root/srv/a",
     {.path = "/srv/a"},
     0,
     "HERE/ebb.conf, line 6:\n    dir /srv/a\nkept: /srv/a\n" REBUILD,
     SRV_KEPT},
    {"there was something on the volume",
     ONE,
     SRV "mkdir -p root/persist/kept/srv/a && echo old > root/persist/kept/srv/a/1",
     {.path = "/srv/a", .replace = true},
     0,
     SRV_SAID "kept: /srv/a\n"
              "ebb: what was in \"state:/kept/srv/a\" is now "
              "\"state:/.ebb/trash/TODAY/kept/srv/a\"\n" REBUILD,
     SRV_KEPT " && test $(cat root/persist/.ebb/trash/*/kept/srv/a/1) = old &&"
              "test $(cat root/srv/a/1) = one"},
    {"mounts in it",
     ONE,
     SRV "mount -t tmpfs x root/srv/a/b && mkdir root/srv/a/b/c && mount -t tmpfs y "
         "root/srv/a/b/c && touch root/srv/a/b/x root/srv/a/b/c/y root/srv/a/f &&"
         "mount --bind root/srv/a/b/x root/srv/a/f",
     {.path = "/srv/a"},
     0,
     "HERE/ebb.conf, line 6:\n    dir /srv/a\n"
     "copying /srv/a to state:/kept/srv/a: 2 files, 4 B\nkept: /srv/a\n" REBUILD,
     "test $(cat root/srv/a/1) = one && test -f root/srv/a/b/x && test -f root/srv/a/b/c/y &&"
     "mountpoint -q root/srv/a/b/c && mountpoint -q root/srv/a/f &&"
     "! test -e root/persist/kept/srv/a/b/x && test $(grep -c srv/a /proc/self/mountinfo) = 4 "
     "&&"
     "umount root/srv/a/f root/srv/a/b/c root/srv/a/b root/srv/a"},
    {"replaced by a rename",
     ONE,
     "mkdir -m 700 root/root/.ssh; echo host > root/root/.ssh/known_hosts; chmod 600 "
     "root/root/.ssh/known_hosts",
     {.path = "/root/.ssh/known_hosts"},
     0,
     "HERE/ebb.conf, line 6:\n    home root {\n        file .ssh/known_hosts method=copy\n    "
     "}\ncopying /root/.ssh/known_hosts to state:/kept/root/.ssh/known_hosts: 1 file, 5 B\n"
     "kept: /root/.ssh/known_hosts\nebb: `ebb write-back --watch` has to be begun again, and "
     "could not be: systemd does not run here\n" REBUILD,
     "test $(cat root/persist/kept/root/.ssh/known_hosts) = host && grep -q "
     "'\"path\":\"/kept/root/.ssh/known_hosts\"' /run/ebb/copies.json && grep -q "
     "'\"identity\":\"one\"' /run/ebb/copies.json && test $(stat -c %a "
     "root/persist/kept/root/.ssh) = 700"},
    {"the identity of the machine",
     ONE,
     "echo 0123456789abcdef0123456789abcdef > root/etc/machine-id",
     {.path = "/etc/machine-id"},
     0,
     "HERE/ebb.conf, line 6:\n    file /etc/machine-id\n"
     "copying /etc/machine-id to state:/kept/etc/machine-id: 1 file, 33 B\n"
     "kept: /etc/machine-id\n" REBUILD,
     "! mountpoint -q root/etc/machine-id && cmp root/etc/machine-id "
     "root/persist/kept/etc/machine-id"},
};

static void test_keep(void **state)
{
    (void)state; /* the scratch folder is the current one */
    PLAY(kept, keep_path);
}

#define NOTHING "! test -e root/persist/kept/srv && ! grep -q srv ebb.conf"

static const struct scenario refused[] = {
    {"nothing there",
     ONE,
     "",
     {.path = "/srv/a"},
     1,
     "ebb: cannot look at \"/srv/a\": No such file or directory",
     NOTHING},
    {"a link",
     ONE,
     "ln -s /etc root/srv/a",
     {.path = "/srv/a"},
     1,
     "ebb: \"/srv/a\" is a symbolic link; name what it leads to",
     NOTHING},
    {"below a link",
     ONE,
     "ln -s /etc root/srv/a; touch root/etc/x",
     {.path = "/srv/a/x"},
     1,
     "ebb: \"/srv/a/x\" leads through a symbolic link; name the folder that the link leads to",
     NOTHING},
    {"a pipe",
     ONE,
     "mkfifo root/srv/a",
     {.path = "/srv/a"},
     1,
     "ebb: \"/srv/a\" is neither a folder nor a file; keep its folder",
     NOTHING},
    {"it is kept",
     ONE,
     "",
     {.path = "/var/log"},
     1,
     "ebb: \"/var/log\" is kept already",
     "test $(grep -c var/log ebb.conf) = 1"},
    {"a part of what is kept",
     ONE,
     "mkdir root/var/log/x",
     {.path = "/var/log/x"},
     1,
     "ebb: \"/var/log/x\" is kept already, as a part of \"/var/log\" (ebb.conf:5)",
     NOTHING},
    {"another kind",
     HEAD "persist state:/kept {\n    file /a/b\n}\n",
     "mkdir -p root/a/b",
     {.path = "/a/b"},
     1,
     "ebb: \"/a/b\" is declared as a file, and is a folder; declare it as it is",
     "! test -e root/persist/kept/a"},
    {"one of two",
     TWO,
     SRV,
     {.path = "/srv/a"},
     1,
     "ebb: it may be kept in \"state:/kept\", \"data:/\"; choose one with --in",
     NOTHING},
    {"in no such place",
     TWO,
     SRV,
     {.path = "/srv/a", .store = "data:/x"},
     1,
     "ebb: there is no persist block for \"data:/x\"; there are \"state:/kept\", \"data:/\"",
     NOTHING},
    {"nowhere",
     HEAD,
     SRV,
     {.path = "/srv/a"},
     1,
     "ebb: nothing is declared to persist yet; write into \"ebb.conf\" where it may, such as: "
     "persist VOLUME:/persist { }",
     NOTHING},
    {"no name for a configuration",
     ONE,
     "touch \"$(printf 'root/srv/a\\nb')\"",
     {.path = "/srv/a\nb"},
     1,
     "ebb: the name has bytes in it that are no text, and no configuration can hold them; keep "
     "the folder around it",
     NOTHING},
    {"the kernel's",
     ONE,
     "mkdir -p root/proc/x",
     {.path = "/proc/x"},
     1,
     "ebb: \"/proc/x\" cannot be declared: \"/proc/x\" belongs to \"/proc\", which is made "
     "anew at every boot; remove it",
     NOTHING},
    {"something else on the volume",
     ONE,
     SRV "mkdir -p root/persist/kept/srv/a",
     {.path = "/srv/a"},
     1,
     "ebb: \"state:/kept/srv/a\" is there already, with something else in it; have it moved to "
     "the volume's trash with --replace",
     "! mountpoint -q root/srv/a && ! grep -q srv ebb.conf"},
    {"a link on the volume",
     ONE,
     SRV "ln -s /etc root/persist/kept/srv",
     {.path = "/srv/a"},
     1,
     "ebb: \"state:/kept/srv/a\" leads through a symbolic link, and none is followed there; "
     "remove it",
     "! mountpoint -q root/srv/a && ! grep -q srv ebb.conf"},
    {"not the volume",
     ONE,
     SRV "rm root/persist/.ebb/store-id",
     {.path = "/srv/a"},
     1,
     "ebb: \"root/persist\" is not the state volume \"state\": it has no .ebb/store-id",
     NOTHING},
    {"no room",
     ONE,
     SRV "head -c 17M /dev/zero > root/srv/a/big",
     {.path = "/srv/a"},
     1,
     "HERE/ebb.conf, line 6:\n    dir /srv/a\ncopying /srv/a to state:/kept/srv/a: 3 files, "
     "17.0 MiB\nebb: \"state:/kept/srv/a\" cannot begin as a copy of what the running system "
     "has there: No space left on device; free some on the volume",
     "! test -e root/persist/kept/srv/a && ! grep -q srv ebb.conf"},
    {"kept in memory only", ONE, SRV IN_MEMORY, {.path = "/srv/a"}, 1, NOT_KEPT, NOTHING},
    {"not booted by us",
     ONE,
     SRV "rm root/run/ebb/status.json",
     {.path = "/srv/a"},
     1,
     "ebb: this system was not booted by Ebb: there is no \"root/run/ebb/status.json\"",
     NOTHING},
};

static void test_refused(void **state)
{
    (void)state; /* as above */
    PLAY(refused, keep_path);
}

#define BOUND                                                                                      \
    "mkdir -p root/persist/kept/srv/a/b root/srv/a; echo one > root/persist/kept/srv/a/1; echo "   \
    "two "                                                                                         \
    "> root/persist/kept/srv/a/b/2; echo stale > root/srv/a/stale;"                                \
    "mount --bind root/persist/kept/srv/a root/srv/a;"
#define WITH_SRV HEAD "persist state:/kept {\n    dir /var/log\n    dir /srv/a # why\n}\n"
#define WITHOUT "! grep -q srv ebb.conf && grep -qx '    dir /var/log' ebb.conf"

static const struct scenario dropped[] = {
    {"a folder",
     WITH_SRV,
     BOUND,
     {.path = "/srv/a"},
     0,
     "out of HERE/ebb.conf, line 6:\ndir /srv/a\ncopying 2 files, 8 B, into the root\n"
     "dropped: /srv/a\nwhat is on the volume stays, as an orphan: state:/kept/srv/a\n" REBUILD,
     WITHOUT " && ! mountpoint -q root/srv/a && test $(cat root/srv/a/b/2) = two &&"
             "! test -e root/srv/a/stale && echo x > root/srv/a/new &&"
             "test \"$(ls root/persist/kept/srv/a | xargs)\" = '1 b'"},
    {"only told",
     WITH_SRV,
     BOUND,
     {.path = "/srv/a", .dry_run = true},
     0,
     "out of HERE/ebb.conf, line 6:\ndir /srv/a\ncopying 2 files, 8 B, into the root",
     "grep -q srv ebb.conf && mountpoint -q root/srv/a"},
    {"not bound",
     WITH_SRV,
     "",
     {.path = "/srv/a"},
     0,
     "out of HERE/ebb.conf, line 6:\ndir /srv/a\ndropped: /srv/a\nwhat is on the volume stays, "
     "as an orphan: state:/kept/srv/a\n" REBUILD,
     WITHOUT},
    {"not declared",
     ONE,
     "",
     {.path = "/srv/a"},
     1,
     "ebb: \"/srv/a\" is not declared in \"ebb.conf\"",
     "true"},
    {"in memory only",
     WITH_SRV,
     BOUND IN_MEMORY,
     {.path = "/srv/a"},
     1,
     NOT_KEPT,
     "grep -q srv ebb.conf && mountpoint -q root/srv/a"},
    {"a mount in it",
     WITH_SRV,
     BOUND "mount -t tmpfs x root/srv/a/b",
     {.path = "/srv/a"},
     1,
     "ebb: \"/srv/a/b\" is mounted in it; drop or unmount that first",
     "grep -q srv ebb.conf && mountpoint -q root/srv/a && umount root/srv/a/b"},
    {"no room",
     WITH_SRV,
     "mount -o remount,size=80m root/persist;" BOUND "head -c 65M /dev/zero > root/srv/a/big",
     {.path = "/srv/a"},
     1,
     "ebb: \"/srv/a\" has 65.0 MiB, and the root has no room for that; take the line out of "
     "the configuration yourself: then it goes with the next boot",
     "grep -q srv ebb.conf && mountpoint -q root/srv/a"},
};

static void test_drop(void **state)
{
    (void)state; /* as above */
    PLAY(dropped, drop_path);
}

/* Keeps /srv/a, in a mount name space that goes with the process. */
static int keep_it(void *replace)
{
    const struct keep_wish wish = {
        .path = "/srv/a", .file = "ebb.conf", .replace = *(bool *)replace};
    FILE *out = fopen("/dev/null", "we");
    if (!out || unshare(CLONE_NEWNS) < 0)
        return 1;
    int root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return keep_path((struct target){root, "root"}, &wish, out);
}

/* The power is cut at every few calls of the kernel (at each while an entry is made, that is
 * persist/test_seed_cuts): the volume has all of it or nothing, and what is declared is there. It
 * is kept when it is asked for again. */
static void test_cuts(void **state)
{
    (void)state; /* as above */
    bool over = false, again = false, replace = true;
    unsigned calls = 0;
    need_namespace();
    set_stage(ONE,
              SRV "head -c 100000 /dev/urandom > root/srv/a/large; ln root/srv/a/1 "
                  "root/srv/a/b/other; cp ebb.conf before; cp root/run/ebb/status.json status");
    while (!over) {
        over = cut_off(keep_it, &again, calls);
        calls += 9;
        if (!succeeds("if test -e root/persist/kept/srv/a; then"
                      "    diff -r root/srv/a root/persist/kept/srv/a; else"
                      "    cmp ebb.conf before; fi &&"
                      "{ cmp -s ebb.conf before || test $(grep -c 'dir /srv/a' ebb.conf) = 1; }"))
            fail_msg("cut off after %u calls, it is half done", calls - 9);
        assert_true(cut_off(keep_it, &replace, UINT_MAX / 4));
        must_run("diff -r root/srv/a root/persist/kept/srv/a && grep -q 'dir /srv/a' ebb.conf &&"
                 "test -z \"$(find root/persist -name .ebb-new)\" &&"
                 "rm -rf root/persist/kept/srv root/persist/.ebb/trash && cp before ebb.conf &&"
                 "cp status root/run/ebb/status.json");
    }
    assert_true(calls > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keep, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_refused, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_drop, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_cuts, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
