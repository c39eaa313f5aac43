#include "generations/grubenv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/path.h"

static const char header[] = "# GRUB Environment Block\n", next[] = "next_entry=";

void grubenv_empty(char block[static GRUBENV_SIZE])
{
    memset(block, '#', GRUBENV_SIZE);
    memcpy(block, header, sizeof(header) - 1);
}

int grubenv_open(int folder, const char *path, struct error *error)
{
    int fd = path_open(folder, path, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT)
        return error_set(error, ENOENT,
                         "there is no \"%s\" on the boot partition, by which GRUB is told the next "
                         "entry; make it with `ebb boot install`",
                         path);
    return fd < 0 ? error_system(error, -fd, "cannot open \"%s\" on the boot partition", path) : fd;
}

static int read_block(int fd, char block[static GRUBENV_SIZE], struct error *error)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot read GRUB's environment block");
    if (status.st_size == GRUBENV_SIZE && pread(fd, block, GRUBENV_SIZE, 0) == GRUBENV_SIZE &&
        memcmp(block, header, strlen(header)) == 0)
        return 0;
    return error_set(error, EBADMSG,
                     "GRUB's environment block is damaged; make it anew with `ebb boot install`");
}

/* How much of the block the line takes that begins there: a variable, or a comment. A backslash
 * hides what follows it. 0: what is left is what fills the block. */
static size_t line_length(const char block[static GRUBENV_SIZE], size_t at)
{
    for (size_t i = at; i < GRUBENV_SIZE; i += block[i] == '\\' ? 2 : 1)
        if (block[i] == '\n')
            return i + 1 - at;
    return 0;
}

static bool is_next(const char *at, size_t length)
{
    return length > strlen(next) && strncmp(at, next, strlen(next)) == 0;
}

int grubenv_next(struct arena *arena, int fd, const char **entry, struct error *error)
{
    char block[GRUBENV_SIZE];
    size_t at = strlen(header);
    int code = read_block(fd, block, error);
    if (code < 0)
        return code;
    *entry = NULL;
    for (size_t length; (length = line_length(block, at)); at += length)
        if (is_next(block + at, length) && length > strlen(next) + 1)
            *entry =
                arena_copy(arena, block + at + strlen(next), length - strlen(next) - strlen("\n"));
    return 0;
}

/* GRUB writes to the blocks that a file had when it read it. */
static int check_plain(int fd, struct error *error)
{
    static const struct {
        unsigned type;
        const char *name;
    } others[] = {
        {BTRFS_SUPER_MAGIC, "btrfs"}, {OVERLAYFS_SUPER_MAGIC, "an overlay"},
        {0x2fc12fc1, "zfs"},          {0xca451a4e, "bcachefs"},
        {F2FS_SUPER_MAGIC, "f2fs"},
    };
    struct statfs status;
    if (fstatfs(fd, &status) < 0)
        return error_system(error, errno, "cannot tell where GRUB's environment block lies");
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if ((unsigned)status.f_type == others[i].type)
            return error_set(error, ENOTSUP,
                             "GRUB cannot write to %s, so the next entry would be booted for ever; "
                             "use a boot partition with vfat",
                             others[i].name);
    return 0;
}

/* Behind all variables that stand in `block` up to there. */
static int append(char block[static GRUBENV_SIZE], size_t *end, const char *line, size_t length,
                  struct error *error)
{
    if (length > GRUBENV_SIZE - *end)
        return error_set(error, ENOSPC,
                         "GRUB's environment block is full; remove variables of yours from it with "
                         "grub-editenv");
    memcpy(block + *end, line, length);
    *end += length;
    return 0;
}

/* It stands before all other variables, so that one sector alone changes, and is never half of it.
 */
static int change(const char old[static GRUBENV_SIZE], const char *line,
                  char block[static GRUBENV_SIZE], struct error *error)
{
    size_t at = strlen(header), end = at, length;
    int code = 0;
    grubenv_empty(block);
    for (; code == 0 && (length = line_length(old, at)) && old[at] == '#'; at += length)
        code = append(block, &end, old + at, length, error);
    if (code == 0)
        code = append(block, &end, line, strlen(line), error);
    for (; code == 0 && (length = line_length(old, at)); at += length)
        if (!is_next(old + at, length))
            code = append(block, &end, old + at, length, error);
    return code;
}

int grubenv_set_next(int fd, const char *entry, struct error *error)
{
    char old[GRUBENV_SIZE], block[GRUBENV_SIZE], line[GRUBENV_SIZE] = "";
    int code = check_plain(fd, error);
    if (code == 0 && entry && (strpbrk(entry, "\n\\") || strlen(entry) > sizeof(line) / 2))
        return error_set(error, EINVAL, "\"%.100s\" cannot be told to GRUB: it is no entry", entry);
    if (entry)
        snprintf(line, sizeof(line), "%s%s\n", next, entry);
    if (code == 0)
        code = read_block(fd, old, error);
    if (code == 0)
        code = change(old, line, block, error);
    if (code < 0)
        return code;
    if (pwrite(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block) || fdatasync(fd) < 0)
        return error_system(error, errno, "cannot write GRUB's environment block");
    return 0;
}
