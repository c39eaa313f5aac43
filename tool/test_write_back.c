/* `ebb write-back`, on a machine of its own: a /run with the list, a volume and a root in the
 * scratch folder. */
#include "base/testdata/cut.h"

#include <sys/xattr.h>

#include "tool/verb.h"

#define KEPT "state/persist/etc/shadow"
#define TARGET "root/etc/shadow"

/* The volume, the root, and a list of the two files. */
static void set_stage(const char *scene)
{
    auto_string here = getcwd(NULL, 0);
    char *text = NULL;
    must_run("umount -l state /run 2>/dev/null; rm -rf state root outside log;"
             "mkdir -p state root/etc outside && echo secret > outside/secret &&"
             "mount -t tmpfs run /run && mount -t tmpfs -o mode=755,size=4m state $PWD/state &&"
             "mkdir -p /run/ebb state/.ebb state/persist/etc && echo one > state/.ebb/store-id &&"
             "echo old > " KEPT " && echo new > " TARGET);
    assert_true(asprintf(&text,
                         "{\"format\": 1, \"copies\": ["
                         "{\"target\": \"%s/" TARGET "\", \"volume\": \"state\", \"place\":"
                         "\"%s/state\", \"path\": \"/persist/etc/shadow\", \"identity\": \"one\"},"
                         "{\"target\": \"%s/root/home/alice/.x/y\", \"volume\": \"state\","
                         "\"place\": \"%s/state\", \"path\": \"/y\", \"identity\": \"one\"}]}",
                         here, here, here, here) > 0);
    put("/run/ebb/copies.json", text);
    free(text);
    must_run("%s", scene);
}

static int run_verb(bool watch)
{
    char *arguments[] = {"write-back", watch ? "--watch" : NULL, NULL};
    return verb_write_back(watch ? 2 : 1, arguments);
}

struct scenario {
    const char *name, *scene;
    int status;
    const char *said;  /* HERE stands for the scratch folder */
    const char *check; /* a shell command that must succeed afterwards */
};

#define WROTE "ebb: wrote \"HERE/" TARGET "\" back to \"state:/persist/etc/shadow\"\n"
#define OLD "test $(cat " KEPT ") = old"
#define NEW "test $(cat " KEPT ") = new"

static void play(const struct scenario *scenario)
{
    set_stage(scenario->scene);
    log_begin();
    int status = run_verb(false);
    auto_string said = log_end();
    put("said", said);
    auto_string plain = output_of("sed \"s,$PWD,HERE,g\" said");
    size_t length = strlen(plain); /* without the last end of a line */
    if (status != scenario->status || strncmp(plain, scenario->said, length) != 0 ||
        strlen(scenario->said) != length + (length > 0))
        fail_msg("%s: %d, \"%s\"", scenario->name, status, plain);
    if (!succeeds("%s", scenario->check))
        fail_msg("%s: %s", scenario->name, scenario->check);
    must_run("test \"$(cat outside/secret)\" = secret && test $(find outside | wc -l) = 2 &&"
             "! grep -rqs secret state && test -z \"$(find state -name .ebb-new)\"");
}

#define PLAY(scenarios)                                                                            \
    do {                                                                                           \
        need_namespace();                                                                          \
        for (size_t i = 0; i < ARRAY_LENGTH(scenarios); i++)                                       \
            play(&(scenarios)[i]);                                                                 \
    } while (0)

static void test_once(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"changed", "chmod 640 " TARGET "; touch -d 2001-02-03 " TARGET, 0, WROTE,
         NEW " && test $(stat -c %a " KEPT ") = 640 && test $(date -r " KEPT " +%F) = 2001-02-03"},
        {"identical", "cp " TARGET " " KEPT " && stat -c %i:%Y:%Z " KEPT " > before", 0, "",
         "test $(stat -c %i:%Y:%Z " KEPT ") = $(cat before)"},
        {"as long, and different", "echo nex > " TARGET, 0, WROTE, "test $(cat " KEPT ") = nex"},
        {"another mode", "echo old > " TARGET " && chmod 600 " TARGET, 0, WROTE,
         OLD " && test $(stat -c %a " KEPT ") = 600"},
        {"another time only", "cp " TARGET " " KEPT " && touch -d 2001-02-03 " TARGET, 0, "",
         "test $(date -r " KEPT " +%F) != 2001-02-03"},
        {"deleted", "rm " TARGET, 0,
         "ebb: \"HERE/" TARGET
         "\" was deleted; \"state:/persist/etc/shadow\" stays, and comes back "
         "at the next boot unless it is removed too\n",
         OLD},
        {"nothing is kept yet", "rm -r state/persist", 0, WROTE, NEW},
        {"what was private stays so", "rm -r state/persist && chmod 711 root && chmod 700 root/etc",
         0, WROTE,
         NEW " && test $(stat -c %a state/persist)-$(stat -c %a state/persist/etc) = 711-700"},
        {"nothing anywhere", "rm " KEPT " " TARGET, 0, "", "test ! -e " KEPT},
        {"both", "mkdir -p root/home/alice/.x && echo y > root/home/alice/.x/y", 0,
         WROTE "ebb: wrote \"HERE/root/home/alice/.x/y\" back to \"state:/y\"\n",
         NEW " && test $(cat state/y) = y"},
        {"empty", ": > " TARGET, 0, WROTE, "test -f " KEPT " && test ! -s " KEPT},
        {"left by a power cut", "echo half > state/persist/etc/.ebb-new", 0, WROTE, NEW},
    };
    PLAY(scenarios);
}

/* Of this volume, and of no other; once, for two copies. */
static void test_in_memory(void **state)
{
    (void)state;
#define PUT_STATUS(name)                                                                           \
    "echo '{\"format\":1,\"result\":\"done\",\"steps\":[],\"volumes\":[{\"name\":\"" name "\","    \
    "\"in_memory\":true}]}' > /run/ebb/status.json"
    static const struct scenario scenarios[] = {
        {"in memory", PUT_STATUS("state"), 0,
         "ebb: the volume \"state\" is read-only, and what is changed on it is lost at the next "
         "boot\n" WROTE,
         NEW},
        {"another one", PUT_STATUS("data"), 0, WROTE, NEW},
    };
    PLAY(scenarios);
}

/* Whatever is planted: nothing is read, and nothing written, that it leads to. */
static void test_planted(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"a link in its place is a link", "ln -sf $PWD/outside/secret " TARGET, 0, WROTE,
         "test $(readlink " KEPT ") = $PWD/outside/secret"},
        {"the same link again", "ln -sf /x " TARGET " && ln -sf /x " KEPT, 0, "", "true"},
        {"another link", "ln -sf /x " TARGET " && ln -sf /y " KEPT, 0, WROTE,
         "test $(readlink " KEPT ") = /x"},
        {"a link that is kept is not followed", "ln -sf $PWD/outside/secret " KEPT, 0, WROTE,
         NEW " && test ! -L " KEPT},
        {"a link above it", "mv root/etc root/real && ln -s real root/etc", 1,
         "ebb: \"HERE/" TARGET "\" leads through a symbolic link; replace the link, or name the "
         "folder itself\n",
         OLD},
        {"a link above it on the volume",
         "mv state/persist/etc state/real && ln -s ../real state/persist/etc", 1,
         "ebb: on the volume \"state\": \"/persist/etc/shadow\" leads through a symbolic link; "
         "replace the link, or name the folder itself\n",
         "test $(cat state/real/shadow) = old"},
        {"a folder", "rm " TARGET " && mkdir " TARGET, 1,
         "ebb: \"HERE/" TARGET "\" is declared as a file, but it is a folder; declare it as it is, "
         "or move it away\n",
         OLD},
        {"a pipe", "rm " TARGET " && mkfifo " TARGET, 1,
         "ebb: \"HERE/" TARGET "\" is declared as a file, but it is something else; declare it as "
         "it is, or move it away\n",
         OLD},
        {"too much", "truncate -s 65M " TARGET, 1,
         "ebb: \"HERE/" TARGET "\" is larger than 64 MiB, so it is not written back; keep its "
         "folder instead\n",
         OLD},
    };
    static const struct scenario owners[] = {
        {"root may give it away", "chown 1000:1000 " TARGET, 0, WROTE,
         NEW " && test $(stat -c %u:%g " KEPT ") = 1000:1000"},
        {"a hard link to a file of somebody else",
         "chown 1000 root/etc " KEPT " && ln -f outside/secret " TARGET, 1,
         "ebb: \"HERE/" TARGET "\" belongs to user 0, and others can write to its folder, so it is "
         "not written back; give it to the owner of its folder\n",
         OLD},
        {"where everybody can write",
         "chmod 1777 root/etc && chown 1000 " TARGET " && chown 1001 " KEPT, 1,
         "ebb: \"HERE/" TARGET "\" belongs to user 1000, and others can write to its folder, so it "
         "is not written back; give it to the owner of its folder\n",
         OLD},
        {"the user's own folder", "rm -r state/persist && chown 1000:1001 root/etc " TARGET, 0,
         WROTE,
         NEW " && test $(stat -c %u:%g state/persist/etc) = 1000:1001 &&"
             "test $(stat -c %u:%g state/persist) = 0:0"},
        {"the user's own", "chown 1000 root/etc " TARGET " && chown 1001 " KEPT, 0, WROTE,
         NEW " && test $(stat -c %u " KEPT ") = 1000"},
    };
    PLAY(scenarios);
    if (has_users)
        PLAY(owners);
}

static void test_volume(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"another volume", "echo two > state/.ebb/store-id", 1,
         "ebb: \"HERE/state\" is the volume two, not one, which this system was booted from; mount "
         "\"state\" there again\n",
         OLD},
        {"an empty mount point", "rm state/.ebb/store-id", 1,
         "ebb: \"HERE/state\" is not the volume \"state\": it has no .ebb/store-id\n", OLD},
        {"not there", "umount state && rmdir state", 1,
         "ebb: cannot open the volume \"state\" on \"HERE/state\": No such file or directory\n",
         "mkdir state"},
        {"full",
         "head -c 8M /dev/urandom > state/ballast 2>/dev/null; head -c 1M /dev/urandom > " TARGET,
         1,
         "ebb: on the volume \"state\": cannot write \"/persist/etc/shadow\": No space left on "
         "device; free some space there\n",
         OLD},
        {"read-only", "mount --options-mode ignore -o remount,ro state", 1,
         "ebb: on the volume \"state\": cannot write \"/persist/etc/shadow\": Read-only file "
         "system; mount it writable\n",
         OLD},
        {"no list", "rm /run/ebb/copies.json", 1,
         "ebb: there is no /run/ebb/copies.json: nothing is declared with method=copy, or this "
         "system was not booted by Ebb\n",
         OLD},
    };
    need_namespace();
    for (size_t i = 0; i < ARRAY_LENGTH(scenarios); i++) {
        /* each is told once of each copy, and the second has the same fault */
        set_stage(scenarios[i].scene);
        log_begin();
        int status = run_verb(false);
        auto_string said = log_end();
        put("said", said);
        auto_string plain = output_of("sed \"s,$PWD,HERE,g\" said | head -n 1");
        if (status != scenarios[i].status ||
            strncmp(plain, scenarios[i].said, strlen(scenarios[i].said) - 1) != 0)
            fail_msg("%s: %d, \"%s\"", scenarios[i].name, status, plain);
        if (!succeeds("%s", scenarios[i].check))
            fail_msg("%s: %s", scenarios[i].name, scenarios[i].check);
        must_run("test -z \"$(find state -name .ebb-new)\"");
    }
}

/* The keeper as a process, with its messages in the file "log". */
static pid_t start_keeper(void)
{
    pid_t keeper = fork();
    if (keeper == 0) {
        int log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(log, STDERR_FILENO);
        _exit(run_verb(true));
    }
    assert_true(keeper > 0);
    return keeper;
}

/* Until a command succeeds; for ever, if it never does. */
static void wait_for(const char *command)
{
    while (!succeeds("exec 2>/dev/null; %s", command))
        usleep(10000);
}

static void end_keeper(pid_t keeper)
{
    int status;
    assert_int_equal(kill(keeper, SIGTERM), 0);
    assert_int_equal(kill(keeper, SIGCONT), 0);
    assert_int_equal(waitpid(keeper, &status, 0), keeper);
    assert_int_equal(status, 0);
}

static void test_watch(void **state)
{
    (void)state;
    need_namespace();
    set_stage("true");
    pid_t keeper = start_keeper();
    wait_for(NEW); /* what was different before it came */
    must_run("echo newer > root/etc/shadow+ && mv root/etc/shadow+ " TARGET);
    wait_for("test $(cat " KEPT ") = newer");
    must_run("echo in place > " TARGET);
    wait_for("test \"$(cat " KEPT ")\" = 'in place'");
    must_run("chmod 600 " TARGET);
    wait_for("test $(stat -c %a " KEPT ") = 600");
    must_run("ln -sfT /x root/etc/shadow+ && mv -T root/etc/shadow+ " TARGET);
    wait_for("test $(readlink " KEPT ") = /x");
    must_run("rm " TARGET);
    wait_for("grep -q 'was deleted' log");
    must_run("test -L " KEPT "; echo again > " TARGET);
    wait_for("test $(cat " KEPT ") = again");
    /* The volume can be unmounted meanwhile: nothing of it is held. */
    must_run("mkdir aside && mount --move state aside");
    wait_for("umount aside");
    must_run("rmdir aside && mkdir -p state/.ebb state/persist/etc && echo one > "
             "state/.ebb/store-id");
    end_keeper(keeper);
    must_run("test $(cat " KEPT ") = again");
}

/* Folders that come, go, and are hidden. */
static void test_folders(void **state)
{
    (void)state;
    need_namespace();
    set_stage("true");
    pid_t keeper = start_keeper();
    wait_for(NEW);
    must_run("mkdir -p root/home/alice/.x");
    must_run("echo first > root/home/alice/.x/y");
    wait_for("test $(cat state/y) = first");
    must_run("mv root/home/alice/.x root/home/alice/.z && mkdir root/home/alice/.x &&"
             "echo second > root/home/alice/.x/y");
    wait_for("test $(cat state/y) = second");
    must_run("mkdir -p mounted/alice/.x && echo third > mounted/alice/.x/y &&"
             "mount --bind mounted root/home");
    wait_for("test $(cat state/y) = third");
    must_run("echo fourth > root/home/alice/.x/y");
    wait_for("test $(cat state/y) = fourth");
    end_keeper(keeper);
    must_run("umount -l root/home");
}

/* It hears of everything at once when it goes on. */
static void test_burst(void **state)
{
    (void)state;
    need_namespace();
    set_stage("true");
    pid_t keeper = start_keeper();
    wait_for("grep -q wrote log");
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    must_run("for i in $(seq 100); do echo $i > root/etc/x && mv root/etc/x " TARGET "; done");
    assert_int_equal(kill(keeper, SIGCONT), 0);
    wait_for("test $(cat " KEPT ") = 100");
    must_run("test $(grep -c wrote log) = 2");
    /* and the last change before it ends is kept */
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    must_run("echo last > root/etc/x && mv root/etc/x " TARGET);
    end_keeper(keeper);
    must_run("test $(cat " KEPT ") = last");
}

/* A volume that is full for a while: told once, and kept as soon as it can be. */
static void test_recovery(void **state)
{
    (void)state;
    need_namespace();
    set_stage("mount --options-mode ignore -o remount,ro state");
    pid_t keeper = start_keeper();
    wait_for("grep -q 'Read-only file system' log");
    must_run("mount --options-mode ignore -o remount,rw state");
    wait_for(NEW); /* the change of the mount table is reason enough to try */
    end_keeper(keeper);
    must_run("test $(grep -c 'Read-only' log) = 1");
}

static int write_back(void *nothing)
{
    (void)nothing; /* the stage is all there is */
    return run_verb(false);
}

/* Cut off at each and every call of the kernel: what is kept is the whole old or the whole new. */
static void test_cut_off(void **state)
{
    (void)state;
    need_namespace();
    set_stage("head -c 300000 /dev/urandom > old && head -c 200000 /dev/urandom > new &&"
              "chmod 600 new && cp -p new " TARGET " && cp -p old " KEPT);
    bool over = false, replaced = false;
    unsigned calls = 0;
    for (; !over; calls++) {
        over = cut_off(write_back, NULL, calls);
        if (succeeds("cmp -s new " KEPT " && test $(stat -c %%a " KEPT ") = 600"))
            replaced = true;
        else if (replaced || !succeeds("cmp -s old " KEPT " && test $(stat -c %%a " KEPT ") = 644"))
            fail_msg("cut off after %u calls, half a file is kept", calls);
        if (!over && replaced) {
            must_run("cp -p old " KEPT);
            replaced = false;
        }
    }
    assert_true(replaced && calls > 10);
    must_run("test -z \"$(find state -name .ebb-new)\"");
}

static void test_attributes(void **state)
{
    (void)state;
    char value[8] = "";
    need_namespace();
    set_stage("cp -p " TARGET " " KEPT);
    if (setxattr(TARGET, "user.note", "noted", 5, 0) < 0)
        skip_because("memory holds no attributes of users before Linux 6.6");
    assert_int_equal(run_verb(false), 0);
    assert_int_equal(getxattr(KEPT, "user.note", value, sizeof(value)), 5);
    assert_string_equal(value, "noted");
    must_run("stat -c %%i " KEPT " > before");
    assert_int_equal(run_verb(false), 0);
    must_run("test $(stat -c %%i " KEPT ") = $(cat before)");
}

static int leave_stage(void **state)
{
    return succeeds("umount -l state /run 2>/dev/null; true") ? leave_scratch(state) : -1;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_once),    TEST(test_in_memory),  TEST(test_planted), TEST(test_volume),
        TEST(test_watch),   TEST(test_folders),    TEST(test_burst),   TEST(test_recovery),
        TEST(test_cut_off), TEST(test_attributes),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
