#include "base/loop.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* What the first blocks of an image say, at fixed places, in little endian. */
enum {
    EROFS_AT = 1024,
    EROFS_BLOCK_BITS = 12,
    EROFS_BLOCKS = 36,
    SQUASHFS_LENGTH = 40,
    BEGINNING = 2048,
};
#define EROFS_MAGIC "\xe2\xe1\xf5\xe0"
#define SQUASHFS_MAGIC "hsqs"

/* The bytes that it must have, or 0 if the beginning is none of such an image. */
static uint64_t length_of(const char beginning[static BEGINNING], const char *type)
{
    const char *super = beginning + EROFS_AT;
    uint32_t blocks;
    uint64_t bytes;
    memcpy(&blocks, super + EROFS_BLOCKS, sizeof(blocks));
    memcpy(&bytes, beginning + SQUASHFS_LENGTH, sizeof(bytes));
    if (strcmp(type, "erofs") == 0)
        return memcmp(super, EROFS_MAGIC, 4) == 0
                   ? (uint64_t)le32toh(blocks) << (super[EROFS_BLOCK_BITS] & 31)
                   : 0;
    return memcmp(beginning, SQUASHFS_MAGIC, 4) == 0 ? le64toh(bytes) : 0;
}

int loop_check(int file, const char *type, struct error *error)
{
    char beginning[BEGINNING] = "";
    struct stat status;
    if (fstat(file, &status) < 0 || pread(file, beginning, sizeof(beginning), 0) < 0)
        return error_system(error, errno, "cannot read it");
    uint64_t length = length_of(beginning, type);
    if (!S_ISREG(status.st_mode) || !length)
        return error_set(error, EBADMSG, "it is no image of %s; make it anew", type);
    if ((uint64_t)status.st_size < length)
        return error_set(error, EBADMSG, "it has %lld bytes of %llu; make it anew",
                         (long long)status.st_size, (unsigned long long)length);
    return 0;
}

static int no_loop(int code, struct error *error)
{
    return error_system(error, code,
                        "there are no loop devices; load the module loop, which trees= "
                        "of `generations` brings into an initramfs");
}

/* Somebody else may take the device that was free. Direct I/O keeps no second copy in memory of
 * what is read; where the file system cannot do it, the kernel goes without. */
static int attach(int file, char *path, size_t size, struct error *error)
{
    const struct loop_config config = {
        .fd = (uint32_t)file,
        .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
    };
    auto_fd control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0)
        return no_loop(errno, error);
    for (;;) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0)
            return no_loop(errno, error);
        snprintf(path, size, "/dev/loop%d", number);
        auto_fd device = open(path, O_RDONLY | O_CLOEXEC);
        if (device < 0)
            return error_system(error, errno, "cannot open %s", path);
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
            return TAKE_FD(device);
        if (errno != EBUSY)
            return error_system(error, errno, "cannot give it to %s", path);
    }
}

int loop_mount(int file, const char *type, struct error *error)
{
    char path[32];
    int code = loop_check(file, type, error);
    if (code < 0)
        return code;
    auto_fd device = attach(file, path, sizeof(path), error);
    if (device < 0)
        return device;
    auto_fd context = fsopen(type, FSOPEN_CLOEXEC);
    int mounted = -1;
    if (context >= 0 && fsconfig(context, FSCONFIG_SET_STRING, "source", path, 0) == 0 &&
        fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) == 0 &&
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        mounted = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
    if (mounted >= 0)
        return mounted;
    if (errno == ENODEV)
        return error_set(error, ENODEV,
                         "the kernel has no %s; load its module, which trees=%s of `generations` "
                         "brings into an initramfs",
                         type, type);
    return error_system(error, errno, "cannot mount it as %s; make it anew", type);
}
