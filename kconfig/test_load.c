#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "kconfig/drivers.h"
#include "kconfig/load.h"
#include "kconfig/testdata/kernel.h"

/* That loading works can only be shown in a machine of our own (qemu-tests); here no kernel will
 * take the modules, and the question is whether it is said who failed. */
static const struct kernel_module kernel_modules[] = {
    {"kernel/ebb_fs.ko", "depends=ebb_journal|softdep=pre: ebb_sum", "", "ebb_symbol"},
    {"kernel/ebb_journal.ko", "depends=", "ebb_symbol", ""},
    {"kernel/ebb_sum.ko", "depends=|softdep=pre: ebb_fs", "", ""},
    {"kernel/ebb_card.ko", "depends=|alias=pci:v0000EBBEd*", "", ""},
};

static char root[] = "/tmp/ebb-load-XXXXXX";
static int harmless; /* whether we cannot load modules into the kernel that runs the tests */

static int make_kernel(void **state)
{
    (void)state;
    kernel_make(root, kernel_modules, ARRAY_LENGTH(kernel_modules), "kernel/ebb_builtin.ko\n");
    return 0;
}

static int remove_kernel(void **state)
{
    (void)state;
    kernel_remove(root);
    return 0;
}

static void open_fixture(struct modules **modules)
{
    char folder[64];
    struct error error;
    snprintf(folder, sizeof(folder), "%s/lib/modules/" KERNEL_VERSION, root);
    if (modules_open_folder(folder, modules, &error) < 0)
        fail_msg("%s", error.text);
}

static void test_load(void **state)
{
    (void)state;
    static const struct {
        const char *name, *says; /* NULL: loads */
    } cases[] = {
        {"ebb_builtin", NULL},
        {"ebb-builtin", NULL},
        {"ebb_fs", "cannot load module \"ebb_journal\": "},
        {"ebb-journal", "cannot load module \"ebb_journal\": "},
        {"ebb_none", "module \"ebb_none\" is not in the image: add \"module ebb_none\" to ebb.conf "
                     "and run \"ebb build\""},
        {"", "module \"\" is not in the image"},
    };
    AUTO(modules_cleanup) struct modules *modules = NULL;
    open_fixture(&modules);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        int code = modules_load(modules, cases[i].name, &error);
        assert_int_equal(code, -error.code);
        if (!cases[i].says)
            assert_int_equal(code, 0);
        else if (code == 0 || strncmp(error.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("\"%s\": \"%s\"", cases[i].name, error.text);
    }
}

static void test_load_for_device(void **state)
{
    (void)state;
    AUTO(modules_cleanup) struct modules *modules = NULL;
    struct error error = {0};
    open_fixture(&modules);
    assert_int_equal(modules_load_for_device(modules, "pci:v0000FFFFd1", &error), 0);
    assert_int_equal(error.code, 0);
    assert_true(modules_load_for_device(modules, "pci:v0000EBBEd00000001sv1", &error) < 0);
    assert_non_null(strstr(error.text, "cannot load module \"ebb_card\": "));
}

static void test_open(void **state)
{
    (void)state;
    struct modules *modules = NULL;
    struct error error = {0};
    assert_true(modules_open_folder("/tmp/nonesuch", &modules, &error) < 0);
    assert_non_null(strstr(error.text, "\"/tmp/nonesuch\""));
    assert_null(modules);
    /* A container may not have the modules of the kernel that runs it. */
    if (modules_open(&modules, &error) == 0)
        assert_non_null(modules);
    else
        assert_non_null(strstr(error.text, "\"/lib/modules/"));
    modules_close(modules);
    modules_close(NULL);
}

static int is_named(pid_t process, const char *name)
{
    char path[64], text[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/comm", process);
    auto_file file = fopen(path, "re");
    return file && fgets(text, sizeof(text), file) && strncmp(text, name, strlen(name)) == 0;
}

static void test_drivers(void **state)
{
    (void)state;
    if (!harmless) {
        if (getenv("MUST_WORK"))
            fail_msg("MUST_WORK: namespaces are forbidden here");
        print_message("SKIP: as root, this would load drivers into this machine\n");
        skip();
    }
    pid_t child = -1;
    struct error error = {0};
    assert_int_equal(drivers_start(&child, &error), 0);
    assert_true(child > 0);
    int named = 0;
    for (int i = 0; i < 200 && !named; i++) {
        named = is_named(child, "ebb-drivers");
        usleep(10 * 1000);
    }
    pid_t ended = waitpid(child, NULL, WNOHANG);
    drivers_stop(child); /* before anything can fail, or it would outlive the test */
    pid_t again = waitpid(child, NULL, WNOHANG);
    int reason = errno;
    (void)kill(child, SIGKILL);
    assert_true(named);
    assert_int_equal(ended, 0);
    assert_int_equal(again, -1);
    assert_int_equal(reason, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_load_for_device),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_drivers),
    };
    harmless = unshare(CLONE_NEWUSER) == 0 || geteuid() != 0;
    return cmocka_run_group_tests(tests, make_kernel, remove_kernel);
}
