/* What the switch leaves for the end of the system. How that goes, only guests can show
 * (qemu-tests/test_systems.c). */
#include "mounts/testing.h"

#include "generations/record.h"
#include "init/shutdown.h"

#define CONFIG                                                                                     \
    "volume state LABEL=state {\n    fs ext4\n    mount /persist\n}\nroot tmpfs\n"                 \
    "generations state:/generations\n"
#define PLACE "/run/initramfs/"

static void test_left(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    struct world world;
    struct error error;
    begin_world(&world, CONFIG);
    must_run("mkdir volume");
    world.context->states[0].fd = open_folder("volume");
    log_begin();
    shutdown_leave(world.context); /* there is no record, and that is no fault */
    auto_string log = log_end();
    assert_string_equal(log, "");
    must_run("mount -o remount,noexec /run");
    must_run("cmp " PLACE "shutdown /proc/%d/exe && test -x " PLACE "shutdown && cd " PLACE
             " && test -d dev -a -d oldroot -a -d proc -a -d run -a -d sys",
             getpid());
    assert_false(succeeds("test -e " PLACE "record"));

    auto_fd made = record_open(world.context->states[0].fd, ".ebb/record", true, &error);
    shutdown_leave(world.context); /* again, as after rescue */
    struct record record = {.chosen = 7}, read;
    assert_int_equal(record_write(made, &record, &error), 0);
    auto_fd shown = open(PLACE "record", O_RDWR | O_CLOEXEC);
    assert_int_equal(record_read(shown, &read, &error), 0);
    assert_int_equal(read.chosen, 7);
    must_run("grep -q ' /run/initramfs/record ' /proc/self/mountinfo");
    end_world(&world);
}

static void test_cannot_be_left(void **state)
{
    (void)state; /* as above */
    need_namespace();
    struct world world;
    begin_world(&world, CONFIG);
    put("/run/initramfs", "");
    log_begin();
    shutdown_leave(world.context);
    auto_string log = log_end();
    assert_string_equal(log,
                        "ebb: ignoring that this system will not be able to end cleanly: cannot "
                        "make \"/run/initramfs/dev\": Not a directory\n");
    end_world(&world);
}

/* Never with a word that it understands: it would end this machine. */
static int serve(const char *name, const char *verb)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        shutdown_serve(verb ? 2 : 1, (char *[]){(char *)name, (char *)verb, NULL});
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void test_names(void **state)
{
    (void)state; /* nothing is touched */
    static const char usage[] =
        "usage: shutdown reboot|poweroff|halt|kexec; it ends the machine at once\n";
    assert_int_equal(serve("/init", NULL), 0);
    assert_int_equal(serve("/shutdown/init", NULL), 0);
    log_begin();
    assert_int_equal(serve("/run/initramfs/shutdown", NULL), 2);
    assert_int_equal(serve("shutdown", "now"), 2);
    auto_string log = log_end();
    assert_int_equal(strncmp(log, usage, strlen(usage)), 0);
    assert_string_equal(log + strlen(usage), usage);
}

static void test_result(void **state)
{
    (void)state; /* nothing is touched */
    assert_string_equal(shutdown_result(0, true), "everything is unmounted");
    assert_string_equal(shutdown_result(0, false), "everything is unmounted or read-only");
    assert_string_equal(shutdown_result(-EBUSY, true), "not everything could be unmounted");
    assert_string_equal(shutdown_result(-ETIMEDOUT, true), "something hangs, and is left as it is");
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_MACHINE(test_left), ON_MACHINE(test_cannot_be_left),
                                       cmocka_unit_test(test_names), cmocka_unit_test(test_result)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
