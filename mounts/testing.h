/* What the tests of this folder share: a machine of their own. Its /dev, /sys and /run are memory
 * file systems that only the test sees, in which image files play block devices; and a context of
 * what an ebb.conf declares. */
#ifndef EBB_MOUNTS_TESTING_H
#define EBB_MOUNTS_TESTING_H

#include "base/testdata/scratch.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "mounts/watch.h"

#define UUID "0a3407de-014b-458b-b5c1-848e92a327a3"
#define SBIN "PATH=$PATH:/usr/sbin:/sbin; "

static const char *const own_folders[] = {"/dev", "/sys", "/run"};

/* The group setup: besides the namespace, a network of our own, where nobody else makes events. */
UNUSED static int enter_quiet(void **state)
{
    int code = enter_namespace(state);
    has_namespace = has_namespace && unshare(CLONE_NEWNET) == 0;
    return code;
}

/* Makes the kernel tell of a device, one that is no disk. */
UNUSED static void stir(void)
{
    struct ifreq rename = {0};
    bool renamed = if_nametoindex("lo") == 0;
    auto_fd network = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strcpy(rename.ifr_name, renamed ? "ebb0" : "lo");
    strcpy(rename.ifr_newname, renamed ? "lo" : "ebb0");
    assert_int_equal(ioctl(network, SIOCSIFNAME, &rename), 0);
}

/* Besides enter_scratch; a namespace is needed, and where there is none the test is skipped. */
UNUSED static int enter_machine(void **state)
{
    if (enter_scratch(state) < 0)
        return -1;
    if (!has_namespace)
        return 0;
    must_run(
        "mkdir dev && mount -t tmpfs -o mode=755 dev dev && mkdir dev/mapper dev/pts && "
        "for i in null zero urandom random; do"
        "    touch dev/$i && mount --bind /dev/$i dev/$i || exit 1; done && "
        "mkdir nodes && for i in loop0 loop1; do" /* for tests of names, if there are some */
        "    touch nodes/$i; mount --bind /dev/$i nodes/$i 2>/dev/null; done; "
        "mount -t devpts -o newinstance,ptmxmode=0666 pts dev/pts && ln -s pts/ptmx dev/ptmx && "
        "mount --rbind dev /dev && "
        "mount -t tmpfs sys /sys && mkdir -p /sys/class/block && mount -t tmpfs run /run");
    return 0;
}

UNUSED static int leave_machine(void **state)
{
    for (size_t i = 0; has_namespace && i < ARRAY_LENGTH(own_folders); i++)
        if (umount2(own_folders[i], MNT_DETACH) < 0)
            return -1;
    return leave_scratch(state);
}
#define ON_MACHINE(name) cmocka_unit_test_setup_teardown(name, enter_machine, leave_machine)

/* An empty disk of so many megabytes, which the kernel knows as `name`. */
UNUSED static void plug_in(const char *name, unsigned size)
{
    must_run("mkdir /sys/class/block/%s && truncate -s %uM /dev/%s", name, size, name);
}

UNUSED static void pull_out(const char *name)
{
    must_run("rm -r /sys/class/block/%s /dev/%s", name, name);
}

/* A disk of a megabyte that the command makes of the empty file "image"; in /dev, tools would take
 * it for the host's. */
UNUSED static void plug_in_made(const char *name, const char *command)
{
    must_run("mkdir -p /sys/class/block/%s; truncate -s 1M image; " SBIN "%s && mv image /dev/%s",
             name, command, name);
}

/* What pvcreate writes, with its checksum: the program itself wants a block device. */
#define MAKE_LVM_MEMBER                                                                            \
    "truncate -s 8M image && printf "                                                              \
    "'LABELONE\\1\\0\\0\\0\\0\\0\\0\\0\\133\\22\\37\\102\\40\\0\\0\\0"                             \
    "LVM2 001aaaaaabbbbccccddddeeeeffffgggggg' | dd of=image bs=512 seek=1 conv=notrunc "          \
    "status=none"
/* A superblock of version 1.2: it begins with its magic number, says that it is in sector 8, and
 * ends in a checksum. */
#define MAKE_RAID_MEMBER                                                                           \
    "truncate -s 8M image && (printf '\\374\\116\\053\\251\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"    \
    "abcdefghijklmnophost:name'; head -c 103 /dev/zero; printf '\\10'; head -c 71 /dev/zero; "     \
    "printf '\\253\\316\\245\\64') | dd of=image bs=4096 seek=1 conv=notrunc status=none"

UNUSED static void plug_in_ext4(const char *name, const char *label)
{
    char command[200];
    snprintf(command, sizeof(command), "mke2fs -q -F -t ext4 -O ^has_journal -L '%s' image", label);
    plug_in_made(name, command);
}

struct world {
    struct report report;
    struct config *config;
    struct context *context;
};

/* What `text` declares; nothing has happened yet. */
UNUSED static void begin_world(struct world *world, const char *text)
{
    *world = (struct world){.report.arena = arena_new()};
    put("ebb.conf", text);
    world->config = config_load("ebb.conf", NULL, &world->report);
    for (size_t i = 0; i < world->report.count; i++)
        fail_msg("%s", world->report.problems[i].text);
    world->context = context_new(world->report.arena, world->config, "volumes", "root");
}

UNUSED static void end_world(struct world *world)
{
    watch_close(world->context);
    config_free(world->config);
    arena_free(world->report.arena);
}

#endif
