#include "vm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/run.h"
#include "mounts/content.h"
#include "vm/container.h"
#include "vm/format.h"

/* The partition begins where all partitioning programs begin it, and the backup table needs
 * room behind it. */
#define MIB (1024ULL * 1024)
enum { BLOCK = 4096, SECTOR = 512, PARTITION_START = 1024 * 1024 };

struct amount {
    uint64_t bytes, files;
};

static int measure(const char *folder, struct amount *amount, struct error *error)
{
    char *const roots[] = {(char *)folder, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    if (!walk)
        return error_system(error, errno, "cannot look through \"%s\"", folder);
    int code = 0;
    errno = 0;
    for (FTSENT *entry; code == 0 && (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_DP)
            continue;
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
            code = error_system(error, entry->fts_errno, "cannot read \"%s\"", entry->fts_path);
            break;
        }
        uint64_t size = entry->fts_info == FTS_F ? (uint64_t)entry->fts_statp->st_size : 0;
        amount->bytes += (size / BLOCK + 1) * BLOCK;
        amount->files++;
    }
    fts_close(walk);
    return code;
}

/* Metadata and the room to go on take some more than the content. */
static uint64_t choose_size(const struct disk *disk, const struct format *format,
                            const struct amount *amount)
{
    uint64_t room = disk->room ? disk->room : 64 * MIB;
    uint64_t size = disk->size ? disk->size : amount->bytes + amount->bytes / 10 * 3 + room;
    if (size < format->least)
        size = format->least;
    return (size + MIB - 1) / MIB * MIB;
}

static int check(const struct disk *disk, const struct format *format, const char *type,
                 struct error *error)
{
    if (!format)
        return error_set(
            error, ENOTSUP,
            "cannot make a file system of the type \"%s\"; ext4, vfat, btrfs, f2fs and "
            "xfs can be made",
            type);
    if (disk->label && strlen(disk->label) > format->label_limit)
        return error_set(error, EINVAL, "the label \"%s\" is longer than the %zu bytes of %s",
                         disk->label, format->label_limit, type);
    if (disk->content && !format->fills)
        return error_set(error, ENOTSUP,
                         "\"%s\" cannot fill the file systems it makes; use ext4, or an image of "
                         "your own",
                         format->program);
    if (disk->partlabel && strpbrk(disk->partlabel, "\"\\\n"))
        return error_set(error, EINVAL, "the partition label \"%s\" has a quote or a backslash",
                         disk->partlabel);
    if (disk->partuuid && strlen(disk->partuuid) != 36)
        return error_set(error, ENOTSUP, "the PARTUUID \"%s\" is not that of a GPT partition",
                         disk->partuuid);
    return disk->encryption ? container_check(disk->encryption, error) : 0;
}

/* A device is there already; it is only made sure of that nothing on it is lost. */
static int take_device(const char *path, struct error *error)
{
    auto_fd fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot use the device \"%s\"%s", path,
                            errno == EBUSY ? ", which is mounted or otherwise in use" : "");
    if (content_is_empty(path))
        return 0;
    char content[CONTENT_NAME_SIZE];
    content_name(path, content);
    return error_set(error, ENOTEMPTY,
                     "there is %s on the device \"%s\"; if it may be lost, empty it first with "
                     "`wipefs -a %s`",
                     content, path, path);
}

static bool is_device(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISBLK(status.st_mode);
}

static int create(const char *path, uint64_t size, struct error *error)
{
    if (is_device(path))
        return take_device(path, error);
    auto_fd fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_system(error, errno, "cannot make the disk image \"%s\"", path);
    if (ftruncate(fd, (off_t)size) == 0)
        return 0;
    error_system(error, errno, "cannot give \"%s\" its %llu bytes", path, (unsigned long long)size);
    unlink(path);
    return -error->code;
}

static int make_table(const struct disk *disk, uint64_t size, struct error *error)
{
    char script[512];
    snprintf(script, sizeof(script),
             "label: gpt\nunit: sectors\nstart=%d, size=%llu, type=%s%s%s%s%s%s\n",
             PARTITION_START / SECTOR, (unsigned long long)(size / SECTOR),
             disk->esp ? "uefi" : "linux", disk->partuuid ? ", uuid=" : "",
             disk->partuuid ? disk->partuuid : "", disk->partlabel ? ", name=\"" : "",
             disk->partlabel ? disk->partlabel : "", disk->partlabel ? "\"" : "");
    const char *const arguments[] = {"sfdisk", "--quiet", "--no-reread", disk->path, NULL};
    struct run run = {.arguments = arguments, .package = "fdisk", .input = script};
    return run_program(&run, NULL, error);
}

/* Only what is data: the holes stay holes. */
static int copy_data(int from, int to, struct error *error)
{
    off_t hole = 0;
    for (off_t at; (at = lseek(from, hole, SEEK_DATA)) >= 0;) {
        hole = lseek(from, at, SEEK_HOLE);
        while (at < hole) {
            off_t target = PARTITION_START + at;
            ssize_t done = copy_file_range(from, &at, to, &target, (size_t)(hole - at), 0);
            if (done <= 0)
                return error_system(error, done < 0 ? errno : EIO, "cannot copy a file system");
        }
    }
    return errno == ENXIO ? 0 : error_system(error, errno, "cannot copy a file system");
}

/* Few mkfs programs can begin in the middle of a file, so it is made alone and then moved. */
static int wrap(const struct disk *disk, const char *bare, struct error *error)
{
    struct stat status;
    auto_fd from = open(bare, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &status) < 0)
        return error_system(error, errno, "cannot open \"%s\"", bare);
    uint64_t size = (uint64_t)status.st_size;
    if (create(disk->path, size + 2 * MIB, error) < 0)
        return -error->code;
    auto_fd to = open(disk->path, O_WRONLY | O_CLOEXEC);
    int code = to < 0 ? error_system(error, errno, "cannot open \"%s\"", disk->path)
                      : copy_data(from, to, error);
    if (code == 0)
        code = make_table(disk, size, error);
    if (code < 0)
        unlink(disk->path);
    return code;
}

int disk_make(const struct disk *disk, struct error *error)
{
    const char *type = disk->fs_type ? disk->fs_type : "ext4";
    const struct format *format = format_find(type);
    if (check(disk, format, type, error) < 0)
        return -error->code;
    struct amount amount = {0};
    if (disk->content && measure(disk->content, &amount, error) < 0)
        return -error->code;
    for (size_t i = 0; i < disk->graft_count; i++)
        if (measure(disk->grafts[i].source, &amount, error) < 0)
            return -error->code;
    uint64_t size = choose_size(disk, format, &amount);
    bool partitioned = disk->esp || disk->partuuid || disk->partlabel;
    char bare[PATH_MAX];
    snprintf(bare, sizeof(bare), "%s%s", disk->path, partitioned ? ".fs" : "");
    if (create(bare, size, error) < 0)
        return -error->code;
    int code = disk->encryption && disk->encryption->empty
                   ? 0
                   : format->make(format, disk, bare, amount.files, error);
    if (code == 0 && disk->encryption)
        code = container_make(disk->encryption, bare, error);
    if (code == 0 && partitioned)
        code = wrap(disk, bare, error);
    if ((code < 0 && !is_device(bare)) || partitioned)
        unlink(bare);
    return code < 0 ? error_prefix(error, "cannot make the disk image \"%s\"", disk->path) : 0;
}
