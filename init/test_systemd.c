#include "mounts/testing.h"

#include <time.h>

#include "init/systemd.h"
#include "plan/context.h"

#define VOLUMES "volume state UUID=" UUID " {\n    fs ext4\n    mount /persist\n}\n"
#define REST "generations state:/generations\n"

/* A context whose root is the folder "root" of the scratch folder, by its whole name. */
static void begin(struct world *world, const char *text)
{
    begin_world(world, text);
    auto_string whole = realpath(".", NULL);
    world->context->root.name = arena_printf(world->report.arena, "%s/root", whole);
}

static void tell(struct world *world, const char *expected)
{
    log_begin();
    systemd_tell(world->context);
    auto_string log = log_end();
    assert_string_equal(log, expected);
}

static void test_mounts(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    begin(&world, VOLUMES "root tmpfs size=50%\n" REST);
    must_run("mkdir -p root rooted volume/p && mount -t tmpfs root root && mkdir root/srv "
             "'root/a b' /run/ebb && mount --bind volume/p 'root/a b' && "
             "mount -t tmpfs mine root/srv && mount -t tmpfs other rooted && "
             "mount -t tmpfs state /run/ebb");
    tell(&world, "");
    /* Only what systemd would have to unmount: not the root, and nothing beside it. */
    must_run("sed '\\# TARGET=/run/#{\\# TARGET=/run/ebb #!d}; s/.*TARGET=//; s# ROOT=.*/volume/p "
             "# ROOT=p #' /run/mount/utab > lines");
    assert_content("lines", "/a\\040b ROOT=p OPTS=x-initrd.mount\n"
                            "/srv ROOT=/ OPTS=x-initrd.mount\n"
                            "/run/ebb ROOT=/ OPTS=x-initrd.mount\n");
    must_run("grep -q '^SRC=mine TARGET=/srv ' /run/mount/utab");
    /* libmount, by which systemd reads it, finds them. */
    must_run("findmnt -mno OPTIONS /run/ebb | grep -q ',x-initrd.mount$'");
    tell(&world, ""); /* what has a line keeps it */
    must_run("test \"$(grep -c ' TARGET=/srv ' /run/mount/utab)\" = 1");
    must_run("umount rooted && umount -R root");
    end_world(&world);
}

static void test_device(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    begin(&world, VOLUMES "root tmpfs size=50%\n" REST);
    tell(&world, "");
    assert_int_equal(access("/run/systemd/volatile-root", F_OK), -1); /* no device, no link */
    if (!succeeds("test -b nodes/loop0"))
        skip_because("there are no block devices here");
    strcpy(world.context->states[0].device, "nodes/loop0");
    tell(&world, "");
    must_run("test $(readlink /run/systemd/volatile-root) = /dev/block/7:0");
    end_world(&world);
}

/* Units are changed where `systemctl` does so for one boot. */
static void test_units(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    begin(&world, VOLUMES "root tmpfs size=50%\n" REST);
    tell(&world, "");
    must_run("grep -q '^RefuseManualStart=yes$' "
             "/run/systemd/system.control/soft-reboot.target.d/ebb.conf");
    must_run("test ! -e /run/systemd/system.control/systemd-bless-boot.service.d");
    world.context->trial = 60;
    tell(&world, "");
    must_run("grep -qx 'ConditionPathExists=!/' "
             "/run/systemd/system.control/systemd-bless-boot.service.d/ebb.conf");
    assert_int_equal(access("/run/systemd/system", F_OK), -1); /* would say: systemd runs */
    end_world(&world);
}

/* The boot goes on. */
static void test_failures(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    begin(&world, VOLUMES "root tmpfs size=50%\n" REST);
    must_run("mkdir -p /run/ebb /run/mount/utab && mount -t tmpfs state /run/ebb && "
             "touch /run/systemd");
    tell(&world, "ebb: ignoring that systemd may unmount too early: cannot write "
                 "\"/run/mount/utab\": Is a directory\n"
                 "ebb: ignoring that a soft reboot would keep the root: \"systemd\" in "
                 "\"systemd/system.control/soft-reboot.target.d\" is not a folder\n");
    end_world(&world);
}

static void test_extra(void **state)
{
    (void)state;
    need_namespace();
    log_begin();
    systemd_keep_extra("none");
    must_run("test -z \"$(ls /run)\"");
    must_run("mkdir -p extra/credentials extra/global_credentials && cd extra && "
             "echo a > credentials/a.cred && echo b > global_credentials/b.cred && "
             "chmod 0400 */*.cred && chmod 0500 credentials global_credentials && "
             "echo {} > tpm2-pcr-signature.json");
    systemd_keep_extra("extra");
    auto_string log = log_end();
    assert_string_equal(log, "");
    assert_content("/run/credentials/@encrypted/a.cred", "a\n");
    assert_content("/run/credentials/@encrypted/b.cred", "b\n");
    assert_content("/run/systemd/tpm2-pcr-signature.json", "{}\n");
    must_run("cd /run/credentials && test $(stat -c %%a @encrypted @encrypted/a.cred | xargs | "
             "tr ' ' -) = 500-400 && test ! -e /run/systemd/tpm2-pcr-public-key.pem");
    must_run("rm -r extra && mkdir extra && touch extra/credentials");
    log_begin();
    systemd_keep_extra("extra");
    auto_string second = log_end();
    assert_string_equal(second, "ebb: ignoring what systemd-stub gave: cannot open "
                                "\"credentials\": Not a directory\n");
}

/* Any other init gets what the kernel gave, and no descriptor. */
static void test_arguments(void **state)
{
    (void)state;
    need_namespace();
    struct world world;
    char *given[] = {"/sbin/init", "one", NULL};
    begin(&world, VOLUMES "root tmpfs size=50%\n" REST);
    must_run("mkdir -p root/sbin root/lib && touch root/lib/systemd root/lib/other && "
             "ln -s /lib/systemd root/sbin/init && ln -s /lib/other root/sbin/runit");
    world.context->root.fd = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    world.context->init = "/sbin/runit";
    assert_ptr_equal(systemd_arguments(world.context, given, 5), given);
    world.context->init = "/sbin/none";
    assert_ptr_equal(systemd_arguments(world.context, given, 5), given);
    must_run("mkdir root/nix && touch root/nix/init");
    world.context->init = "/nix/init"; /* a script of NixOS */
    assert_ptr_equal(systemd_arguments(world.context, given, 5), given);
    must_run("touch root/nix/prepare-root");
    assert_string_equal(systemd_arguments(world.context, given, 5)[2], "--switched-root");
    world.context->init = "/sbin/init";
    char **found = systemd_arguments(world.context, given, 1234567);
    assert_string_equal(found[0], "/sbin/init");
    assert_string_equal(found[1], "one");
    assert_string_equal(found[2], "--switched-root");
    assert_string_equal(found[3], "--system");
    assert_memory_equal(found[4], "--deserialize=", strlen("--deserialize="));
    assert_null(found[5]);
    auto_fd told = atoi(found[4] + strlen("--deserialize="));
    assert_int_equal(fcntl(told, F_GETFD), 0); /* it has to outlive execve */
    unsigned long long wall, kernel;
    char text[100] = "";
    assert_true(read(told, text, sizeof(text) - 1) > 0);
    assert_int_equal(sscanf(text, "initrd-timestamp=%llu %llu\n", &wall, &kernel), 2);
    assert_int_equal(kernel, 1234567);
    assert_in_range(wall, kernel, (unsigned long long)time(NULL) * 1000000);
    close(TAKE_FD(world.context->root.fd));
    end_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {ON_MACHINE(test_mounts), ON_MACHINE(test_device),
                                       ON_MACHINE(test_units),  ON_MACHINE(test_failures),
                                       ON_MACHINE(test_extra),  ON_MACHINE(test_arguments)};
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
