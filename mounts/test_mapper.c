#include "mounts/testing.h"

#include "mounts/mapper.h"

static void add(const char *device, const char *name, const char *number)
{
    must_run("mkdir -p /sys/class/block/%s/dm && echo %s > /sys/class/block/%s/dev && "
             "printf '%%s\\n' '%s' > /sys/class/block/%s/dm/name",
             device, number, device, name, device);
}

static void assert_link(const char *path, const char *expected)
{
    char target[300];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        fail_msg("\"%s\" is no link", path);
    target[length] = '\0';
    assert_string_equal(target, expected);
}

static void test_record(void **state)
{
    (void)state;
    need_namespace();
    add("dm-0", "state", "254:0");
    add("dm-12", "group-my\\x20home", "254:12");
    must_run("mkdir /sys/class/block/vda && echo 253:0 > /sys/class/block/vda/dev");
    must_run("touch /dev/mapper/state"); /* the node that libdevmapper has made */
    log_begin();
    mapper_record();
    auto_string log = log_end();
    assert_string_equal(log, "");
    assert_content("/run/udev/data/b254:0", "E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n");
    assert_content("/run/udev/data/b254:12", "E:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n");
    assert_link("/dev/mapper/state", "../dm-0");
    assert_link("/dev/mapper/group-my\\x20home", "../dm-12");
    must_run("test $(ls /run/udev/data | wc -l) = 2 && test $(ls -A /dev/mapper | wc -l) = 2");

    /* What udev has written since is its own. */
    put("/run/udev/data/b254:0", "E:MORE=1\n");
    must_run("ln -sf ../dm-0-of-udev /dev/mapper/state");
    mapper_record();
    assert_content("/run/udev/data/b254:0", "E:MORE=1\n");
    assert_link("/dev/mapper/state", "../dm-0-of-udev");
}

/* The boot goes on: only systemd's wait for the device would be longer. */
static void test_failures(void **state)
{
    (void)state;
    need_namespace();
    add("dm-0", "state", "254:0");
    must_run("rmdir /dev/mapper");
    log_begin();
    mapper_record();
    auto_string log = log_end();
    assert_contains(log, "ignoring, but udev may not accept \"state\": cannot make the link "
                         "\"/dev/mapper/state\": No such file or directory\n");
    must_run("rm -r /run/udev && touch /run/udev && mkdir /dev/mapper");
    log_begin();
    mapper_record();
    auto_string second = log_end();
    assert_contains(second, "ignoring, but udev may not accept \"state\": cannot make "
                            "\"/run/udev/data\": Not a directory\n");
    must_run("rm -r /sys/class/block");
    mapper_record(); /* nothing to do */
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_MACHINE(test_record), ON_MACHINE(test_failures)};
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
