/* Where secrets lie: what is made there, for whom, and that it is never swapped out. */
#include "base/testdata/scratch.h"

#include "secrets/vault.h"

static const struct secret one = {(unsigned char *)"one", 3}, two = {(unsigned char *)"two", 3};

static int make_run(void)
{
    must_run("mkdir run && mount -t tmpfs -o mode=755 run run");
    return open_folder("run");
}

static void test_set(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct error error;
    need_namespace();
    auto_fd run = make_run();
    mode_t before = umask(077); /* which must not matter */
    auto_fd set = vault_open(run, 1, false, &error), early = vault_open(run, 1, true, &error);
    assert_true(set >= 0 && early >= 0);
    const struct vault_file plain = {"token", 0, 0, 0400}, deep = {"wifi/home/psk", 0, 0, 0640},
                            user = {"hash", 0, 0, 0400};
    assert_int_equal(vault_put(set, &plain, &one, &error), 0);
    assert_int_equal(vault_put(set, &deep, &one, &error), 0);
    assert_int_equal(vault_put(early, &user, &two, &error), 0);
    assert_int_equal(vault_put(set, &plain, &two, &error), 0); /* anew */
    umask(before);
    must_run("! test -e run/secrets");
    assert_int_equal(vault_show(run, 1, &error), 0);
    must_run("test $(readlink run/secrets) = /run/secrets.d/1 &&"
             "test $(readlink run/secrets-for-users) = /run/secrets-for-users.d/1 &&"
             "cd run/secrets.d/1 && test $(cat token)-$(cat wifi/home/psk) = two-one &&"
             "test $(stat -c %%a token)-$(stat -c %%a wifi/home/psk)-$(stat -c %%a wifi)-$(stat -c "
             "%%a .)-$(stat -c %%a ..) = 400-640-751-751-751 &&"
             "test $(cat ../../secrets-for-users.d/1/hash) = two &&"
             "test -z \"$(find ../.. -name .ebb-new)\"");
    /* Again, as in a second try of one boot: the same place, and nothing is lost. */
    auto_fd again = vault_open(run, 1, false, &error);
    assert_true(again >= 0);
    must_run("test $(cat run/secrets.d/1/token) = two && test $(grep -c ' [^ ]*/run/secrets.d ' "
             "/proc/self/mountinfo) = 1");
}

/* By what the kernel says of it. */
static void test_never_swapped(void **state)
{
    (void)state; /* as above */
    struct error error;
    need_namespace();
    auto_fd run = make_run();
    auto_fd set = vault_open(run, 1, false, &error);
    assert_true(set >= 0);
    must_run("grep '/run/secrets.d .*nosuid,nodev,noexec' /proc/self/mountinfo |"
             "grep -qE -e '- ramfs |- tmpfs .*noswap'");
}

static void test_planted(void **state)
{
    (void)state; /* as above */
    struct error error;
    need_namespace();
    auto_fd run = make_run();
    must_run("mkdir outside && ln -s ../outside run/secrets.d && mkdir run/secrets-for-users.d &&"
             "mkdir run/secrets-for-users");
    assert_true(vault_open(run, 1, false, &error) < 0);
    auto_fd early = vault_open(run, 1, true, &error);
    assert_true(early >= 0 && vault_show(run, 1, &error) < 0); /* a folder is where the link goes */
    must_run("test -z \"$(ls outside)\"");
}

static void test_names(void **state)
{
    (void)state; /* as above */
    struct error error;
    need_namespace();
    auto_fd run = make_run();
    auto_fd set = vault_open(run, 1, false, &error);
    assert_true(set >= 0);
    must_run("mkdir outside && ln -s $PWD/outside run/secrets.d/1/link && touch "
             "run/secrets.d/1/file");
    const struct vault_file link = {"link/x", 0, 0, 0400}, file = {"file/x", 0, 0, 0400};
    assert_true(vault_put(set, &link, &one, &error) < 0);
    assert_true(vault_put(set, &file, &one, &error) < 0);
    must_run("test -z \"$(ls outside)\"");
}

static void test_told(void **state)
{
    (void)state; /* as above */
    struct error error;
    need_namespace();
    auto_fd run = make_run();
    assert_int_equal(vault_tell(run, "told\n", &error), 0);
    must_run("test $(cat run/secrets.d/.status.json) = told &&"
             "test $(stat -c %%a run/secrets.d/.status.json) = 644 && ! test -e run/secrets");
}

/* What is shown, and where. */
static void test_shown(void **state)
{
    (void)state; /* as above */
    struct error error;
    char path[VAULT_PATH];
    need_namespace();
    auto_fd run = make_run();
    assert_int_equal(vault_shown(run, false, &error), 0);
    auto_fd set = vault_open(run, 12, false, &error);
    assert_true(set >= 0 && vault_show(run, 12, &error) == 0);
    assert_int_equal(vault_shown(run, false, &error), 12);
    assert_int_equal(vault_shown(run, true, &error), 0);
    vault_path(12, false, path);
    must_run("test -d .%s", path);
    vault_path(12, true, path);
    assert_string_equal(path, "/run/secrets-for-users.d/12");
}

static void test_links_of_others(void **state)
{
    (void)state; /* as above */
    static const char *const links[] = {"/run/secrets.d/",    "/run/secrets.d/0",
                                        "/run/secrets.d/1/x", "/run/secrets.d/1234567890",
                                        "secrets.d/1",        "/run/secrets-for-users.d/1"};
    need_namespace();
    auto_fd run = make_run();
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
        struct error error;
        must_run("ln -sfn %s run/secrets", links[i]);
        assert_outcome(
            links[i], vault_shown(run, false, &error), &error,
            "\"/run/secrets\" is there and leads to no set of secrets; remove it, unless "
            "another program needs it");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_set),  TEST(test_never_swapped), TEST(test_planted),         TEST(test_names),
        TEST(test_told), TEST(test_shown),         TEST(test_links_of_others),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
