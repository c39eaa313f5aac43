/* What lies in the keyrings of root goes: of a root of our own, whose keyrings are ours alone. */
#include "base/testdata/scratch.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "init/keys.h"

static const int rings[] = {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_SESSION_KEYRING,
                            KEY_SPEC_USER_KEYRING};

static bool has_key(int ring)
{
    return syscall(SYS_keyctl, KEYCTL_SEARCH, ring, "user", "cached", 0) >= 0;
}

/* 77: there are no keyrings here. */
static int check(void)
{
    if (unshare(CLONE_NEWUSER) < 0 || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
        return 77;
    for (size_t i = 0; i < ARRAY_LENGTH(rings); i++)
        if (syscall(SYS_add_key, "user", "cached", "passphrase", 10, rings[i]) < 0 ||
            !has_key(rings[i]))
            return 77;
    keys_wipe();
    for (size_t i = 0; i < ARRAY_LENGTH(rings); i++)
        if (has_key(rings[i]))
            return 1;
    return 0;
}

static void test_wiped(void **state)
{
    (void)state; /* nothing is touched */
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(check());
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77)
        skip_because("keyrings of our own cannot be made here");
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wiped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
