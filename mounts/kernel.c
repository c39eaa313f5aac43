#include "mounts/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/memory.h"

static const struct {
    const char *place, *type;
    unsigned long flags;
    const char *options;
    bool moves; /* what lies below another one moves with it */
} table[] = {
    {"/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL, true},
    {"/sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL, true},
    {"/dev", "devtmpfs", MS_NOSUID | MS_STRICTATIME, "mode=0755,size=4m", true},
    {"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5", false},
    /* systemd does not mount /run again, so these are its own limits for it. */
    {"/run", "tmpfs", MS_NOSUID | MS_NODEV | MS_STRICTATIME, "mode=0755,size=20%,nr_inodes=800k",
     true},
};

int kernel_mount(struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        if (mkdir(table[i].place, 0755) < 0 && errno != EEXIST)
            return error_system(error, errno, "cannot make \"%s\"", table[i].place);
        /* EBUSY: some kernels mount /dev by themselves */
        if (mount(table[i].type, table[i].place, table[i].type, table[i].flags, table[i].options) <
                0 &&
            errno != EBUSY)
            return error_system(error, errno,
                                "cannot mount %s on \"%s\"; the kernel needs it "
                                "built in, see `ebb check --kernel`",
                                table[i].type, table[i].place);
    }
    return 0;
}

int kernel_move(int root, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        if (!table[i].moves)
            continue;
        if (move_mount(AT_FDCWD, table[i].place, root, table[i].place + 1, 0) < 0)
            return error_system(error, errno, "cannot move \"%s\" into the new root",
                                table[i].place);
    }
    return 0;
}

int kernel_lend(int root, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        const char *place = table[i].place;
        if (!table[i].moves)
            continue;
        (void)mkdirat(root, place + 1, 0755); /* it may be there; else the move tells */
        if (mount(NULL, place, NULL, MS_SHARED | MS_REC, NULL) < 0)
            return error_system(error, errno, "cannot share \"%s\"", place);
        auto_fd copy =
            open_tree(AT_FDCWD, place, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (copy < 0 || move_mount(copy, "", root, place + 1, MOVE_MOUNT_F_EMPTY_PATH) < 0)
            return error_system(error, errno, "cannot show \"%s\" in the new root", place);
    }
    return 0;
}

void kernel_take_back(int root)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        char path[64];
        if (!table[i].moves)
            continue;
        snprintf(path, sizeof(path), "/proc/self/fd/%d%s", root, table[i].place);
        /* Private before it goes, or what lies in it would go from the other one, too. None of this
         * fails but where it was not lent. */
        (void)mount(NULL, path, NULL, MS_PRIVATE | MS_REC, NULL);
        (void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
        (void)mount(NULL, table[i].place, NULL, MS_PRIVATE | MS_REC, NULL);
    }
}
