/* `ebb secrets apply`: the next set of secrets in a /run, out of volumes that are folders. */
#include "tool/secrets_testing.h"

#include <sys/file.h>

static uid_t user; /* who runs it */

#define TWO YAML "    secret int\n    secret word name=users/word early=yes path=/etc/word\n}\n"

static void set_stage(void)
{
    must_run("umount -l /run/secrets.d /run/secrets-for-users.d /run 2>/dev/null;"
             "mount -t tmpfs run /run");
    make_root();
}

static void assert_applied(const char *configuration, bool dry_run, int status, const char *output,
                           const char *logged)
{
    auto_arena arena = arena_new();
    auto_string text = NULL;
    auto_config config = load(arena, configuration);
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    assert_int_equal(seteuid(user), 0);
    int got = apply_secrets((struct target){root, ""}, config, dry_run, out);
    assert_int_equal(seteuid(0), 0);
    fclose(out);
    auto_string log = log_end_of_secrets();
    assert_text("output", text, output);
    assert_text("errors", log, logged);
    assert_int_equal(got, status);
    must_run("test -z \"$(find /run root -name .ebb-new)\"");
}

static void assert_shown(unsigned set)
{
    must_run("test $(readlink /run/secrets) = /run/secrets.d/%u", set);
    must_run("tr -d ' \\n' < /run/secrets.d/.status.json | grep -q '\"set\":%u,'", set);
}

static void need_stage(void)
{
    need_namespace();
    set_stage();
}

static void test_first(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_stage();
    assert_applied(TWO, true, EXIT_DONE,
                   "added      /run/secrets/int\n"
                   "added      /run/secrets-for-users/users/word\n",
                   "");
    must_run("! test -e /run/secrets && ! test -e /run/secrets.d/1 && ! test -e root/etc/word &&"
             "! test -e /run/secrets.d/.status.json && ! test -e /run/secrets-for-users.d/1");
    assert_applied(TWO, false, EXIT_DONE,
                   "added      /run/secrets/int\n"
                   "added      /run/secrets-for-users/users/word\n",
                   "");
    assert_shown(1);
    must_run("test $(cat /run/secrets/int) = 42 && test -s /run/secrets-for-users/users/word &&"
             "test $(readlink root/etc/word) = /run/secrets-for-users/users/word");
}

static void test_next(void **state)
{
    (void)state; /* as above */
    need_stage();
    static const char next[] =
        YAML "    secret int\n    secret nested/deep/er name=word mode=0440 path=/etc/other\n}\n";
    assert_applied(TWO, false, EXIT_DONE,
                   "added      /run/secrets/int\n"
                   "added      /run/secrets-for-users/users/word\n",
                   "");
    must_run("ln -s /etc/passwd root/etc/mine");
    assert_applied(next, true, EXIT_DONE,
                   "unchanged  /run/secrets/int\n"
                   "added      /run/secrets/word\n"
                   "removed    /run/secrets-for-users/users/word\n",
                   "");
    assert_shown(1);
    must_run("test -L root/etc/word && ! test -e /run/secrets.d/2");
    assert_applied(next, false, EXIT_DONE,
                   "unchanged  /run/secrets/int\n"
                   "added      /run/secrets/word\n"
                   "removed    /run/secrets-for-users/users/word\n",
                   "ebb: removed the link \"/etc/word\"\n");
    assert_shown(2);
    must_run("test -e /run/secrets.d/1/int && test -e /run/secrets-for-users.d/1/users/word &&"
             "! test -e /run/secrets-for-users/users && ! test -L root/etc/word &&"
             "test $(readlink root/etc/other) = /run/secrets/word && test -L root/etc/mine");
    /* Another value under the same name, and another mode. */
    assert_applied(YAML "    secret negative name=int\n    secret nested/deep/er name=word\n}\n",
                   false, EXIT_DONE,
                   "changed    /run/secrets/int\n"
                   "changed    /run/secrets/word\n",
                   "ebb: removed the link \"/etc/other\"\n");
    assert_shown(3);
    must_run("test $(cat /run/secrets/int) = -7 && test -e /run/secrets.d/2/int &&"
             "! test -e /run/secrets.d/1 && ! test -e /run/secrets-for-users.d/1");
    /* Nothing is declared any more. */
    assert_applied(HEAD, false, EXIT_DONE,
                   "removed    /run/secrets/int\n"
                   "removed    /run/secrets/word\n",
                   "");
    assert_shown(4);
    must_run("test -z \"$(ls /run/secrets)\" && ! test -e /run/secrets.d/2");
}

/* A link that somebody has made a file of, or let lead elsewhere, is theirs. */
static void test_links_of_others(void **state)
{
    (void)state; /* as above */
    static const char two[] = YAML "    secret int path=/etc/a\n    secret word path=/etc/b\n}\n",
                      none[] = YAML "    secret int\n    secret word\n}\n";
    need_stage();
    assert_applied(two, false, EXIT_DONE,
                   "added      /run/secrets/int\nadded      /run/secrets/word\n", "");
    must_run("cd root/etc && rm a b && echo mine > a && ln -s /etc/passwd b");
    assert_applied(none, false, EXIT_DONE,
                   "unchanged  /run/secrets/int\nunchanged  /run/secrets/word\n", "");
    must_run("test $(cat root/etc/a) = mine && test $(readlink root/etc/b) = /etc/passwd");
}

static void test_missing(void **state)
{
    (void)state; /* as above */
    need_stage();
    static const char normal[] = YAML "    secret int\n    secret none path=/etc/none\n}\n";
    assert_applied(TWO, false, EXIT_DONE,
                   "added      /run/secrets/int\n"
                   "added      /run/secrets-for-users/users/word\n",
                   "");
    /* One that is required: nothing happens. */
    assert_applied(
        YAML "    secret negative name=int\n    secret none class=required\n}\n", false, EXIT_NO,
        "",
        "ebb: there is no secret \"none\": the file has no such key\n"
        "ebb: the secrets stay as they are: there is no secret \"none\": the file has no "
        "such key\n");
    assert_shown(1);
    must_run("test $(cat /run/secrets/int) = 42 && ! test -e /run/secrets.d/2 &&"
             "test -L root/etc/word && ! test -e /run/secrets-for-users.d/2 &&"
             "! grep -q none.*none /run/secrets.d/.status.json");
    /* One that is not: the others are shown. */
    assert_applied(normal, false, EXIT_NO,
                   "unchanged  /run/secrets/int\n"
                   "removed    /run/secrets-for-users/users/word\n",
                   "ebb: there is no secret \"none\": the file has no such key\n"
                   "ebb: removed the link \"/etc/word\"\n");
    assert_shown(2);
    must_run("! test -L root/etc/none");
    /* The volume is not there. */
    must_run("mv root/persist/.ebb root/persist/ebb");
    assert_applied(normal, false, EXIT_NO, "",
                   "ebb: the secrets stay as they are: \"/persist\" is not the state volume "
                   "\"state\": it has no .ebb/store-id\n");
    assert_shown(2);
}

/* Left by a run that was killed. */
static void test_leftover(void **state)
{
    (void)state; /* as above */
    need_stage();
    assert_applied(YAML "    secret int\n}\n", false, EXIT_DONE, "added      /run/secrets/int\n",
                   "");
    must_run("mkdir /run/secrets.d/2 && echo x > /run/secrets.d/2/other");
    assert_applied(YAML "    secret int\n}\n", false, EXIT_DONE, "unchanged  /run/secrets/int\n",
                   "");
    assert_shown(2);
    must_run("test \"$(ls /run/secrets.d/2)\" = int");
}

static void test_of_others(void **state)
{
    (void)state; /* as above */
    need_stage();
    static const char one[] = YAML "    secret int\n}\n";
    assert_applied(one, false, EXIT_DONE, "added      /run/secrets/int\n", "");
    /* What sops-nix does at a switch. */
    must_run("mkdir /run/secrets.d/2 && ln -sfn /run/secrets.d/2 /run/secrets");
    assert_applied(
        one, false, EXIT_NO, "",
        "ebb: the secrets in /run are the set 2, which Ebb did not make; let the program "
        "that did, such as sops-nix, make the next one\n");
    must_run("rm /run/secrets.d/.status.json");
    assert_applied(
        one, false, EXIT_NO, "",
        "ebb: the secrets in /run are the set 2, which Ebb did not make; let the program "
        "that did, such as sops-nix, make the next one\n");
    must_run("rm /run/secrets && mkdir /run/secrets");
    assert_applied(
        one, false, EXIT_NO, "",
        "ebb: \"/run/secrets\" is there and leads to no set of secrets; remove it, unless "
        "another program needs it\n");
    must_run("rmdir /run/secrets && ln -s /run/secrets.d/x /run/secrets");
    assert_applied(
        one, false, EXIT_NO, "",
        "ebb: \"/run/secrets\" is there and leads to no set of secrets; remove it, unless "
        "another program needs it\n");
}

/* Whoever comes second waits for the first, here until that is gone. */
static void test_lock(void **state)
{
    (void)state; /* as above */
    need_stage();
    int status, ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t first = fork();
    if (first == 0) {
        int run = open("/run", O_RDONLY | O_DIRECTORY);
        bool alone = flock(run, LOCK_EX | LOCK_NB) == 0;
        (void)!write(ends[1], "", 1);
        /* Until the other one waits, as the kernel shows it. */
        while (alone && !succeeds("grep -q -e '-> FLOCK' /proc/locks"))
            usleep(1000);
        _exit(alone && !succeeds("test -e /run/secrets") ? 0 : 1);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_applied(YAML "    secret int\n}\n", false, EXIT_DONE, "added      /run/secrets/int\n",
                   "");
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

/* What systemd would take over in a boot is not given again; what units look for is. */
static void test_credentials(void **state)
{
    (void)state; /* as above */
    static const char one[] = YAML "    secret int credential=app.int\n}\n";
    need_stage();
    assert_applied(one, true, EXIT_DONE, "added      /run/secrets/int\n", "");
    must_run("! test -e /run/credstore");
    assert_applied(one, false, EXIT_DONE, "added      /run/secrets/int\n", "");
    must_run("test $(cat /run/credstore/app.int) = 42 && ! test -e /run/credentials");
}

static void test_unknown_owner(void **state)
{
    (void)state; /* as above */
    need_stage();
    assert_applied(
        YAML "    secret int owner=web mode=0440\n}\n", false, EXIT_DONE,
        "added      /run/secrets/int\n",
        "ebb: the secret \"int\" is root's alone, because nobody knows its owner \"web\" "
        "or group \"0\"\n");
    must_run("test $(stat -Lc %%u:%%a /run/secrets/int) = 0:400 && ! test -e /run/tmpfiles.d");
}

static void test_key_to_be_made(void **state)
{
    (void)state; /* as above */
    need_stage();
    assert_applied(HEAD "secrets state:/types.yaml {\n    key state:/keys/new generate=yes\n"
                        "    secret int\n}\n",
                   true, EXIT_NO, "",
                   "ebb: the secrets stay as they are: the key \"state:/keys/new\" is missing, and "
                   "would be made\n");
    must_run("! test -e root/persist/keys/new");
}

static void test_not_root(void **state)
{
    (void)state; /* as above */
    need_stage();
    if (!has_users)
        skip_because("only root may map more users than one");
    user = 33;
    assert_applied(TWO, true, EXIT_NO, "",
                   "ebb: only root may decrypt the secrets; run it as root\n");
    user = 0;
    must_run("test -z \"$(ls -A /run)\"");
}

static void test_nothing(void **state)
{
    (void)state; /* as above */
    need_stage();
    assert_applied(HEAD, false, EXIT_DONE, "",
                   "ebb: no secrets are declared, and there are none\n");
    must_run("test -z \"$(ls -A /run)\"");
}

static int leave_stage(void **state)
{
    return succeeds("umount -l /run/secrets.d /run/secrets-for-users.d /run 2>/dev/null; true")
               ? leave_scratch(state)
               : -1;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first),       TEST(test_next),          TEST(test_links_of_others),
        TEST(test_missing),     TEST(test_leftover),      TEST(test_of_others),
        TEST(test_lock),        TEST(test_not_root),      TEST(test_nothing),
        TEST(test_credentials), TEST(test_unknown_owner), TEST(test_key_to_be_made),
    };
    repository = getcwd(NULL, 0);
    int status = cmocka_run_group_tests(tests, enter_namespace, NULL);
    free(repository);
    return status;
}
