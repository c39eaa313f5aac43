#include "vm/format.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/run.h"

enum { ARGUMENTS = 32 };
#define MIB (1024ULL * 1024)

/* Arguments that end with the file, with an option left out where there is nothing to say. */
struct arguments {
    const char *list[ARGUMENTS];
    size_t count;
};

static void add(struct arguments *arguments, const char *word)
{
    if (arguments->count < ARGUMENTS - 1)
        arguments->list[arguments->count++] = word;
}

static void add_option(struct arguments *arguments, const char *option, const char *value)
{
    if (value) {
        add(arguments, option);
        add(arguments, value);
    }
}

static int run(const struct format *format, const struct arguments *arguments,
               const struct disk *disk, struct error *error)
{
    struct run run = {.arguments = arguments->list,
                      .package = format->package,
                      .staging = disk->content,
                      .grafts = disk->grafts,
                      .graft_count = disk->graft_count};
    return run_program(&run, NULL, error);
}

static int size_of(const char *path, uint64_t *size, struct error *error)
{
    struct stat status;
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot look at \"%s\"", path);
    *size = (uint64_t)status.st_size;
    if (S_ISBLK(status.st_mode) && ioctl(fd, BLKGETSIZE64, size) < 0)
        return error_system(error, errno, "cannot learn the size of \"%s\"", path);
    return 0;
}

static int make_ext(const struct format *format, const struct disk *disk, const char *file,
                    uint64_t files, struct error *error)
{
    uint64_t size = 0;
    if (size_of(file, &size, error) < 0)
        return -error->code;
    /* One inode for 16 KiB is mke2fs's own measure; a tree of small files needs more. */
    uint64_t inodes = size / 16384;
    if (inodes < files + files / 2 + 1024)
        inodes = files + files / 2 + 1024;
    char count[32], extended[128];
    snprintf(count, sizeof(count), "%llu", (unsigned long long)inodes);
    snprintf(extended, sizeof(extended), "root_owner=0:0%s%s", disk->uuid ? ",hash_seed=" : "",
             disk->uuid ? disk->uuid : "");
    struct arguments arguments = {
        {format->program, "-q", "-F", "-t", format->type, "-m", "0", "-N", count, "-E", extended},
        11};
    add_option(&arguments, "-U", disk->uuid);
    add_option(&arguments, "-L", disk->label);
    add_option(&arguments, "-d", disk->content);
    add(&arguments, file);
    return run(format, &arguments, disk, error);
}

/* mcopy has no word for "what is in this folder". */
static int fill_vfat(const struct disk *disk, const char *file, struct error *error)
{
    auto_arena arena = arena_new();
    auto_dir folder = opendir(disk->content);
    if (!folder)
        return error_system(error, errno, "cannot look through \"%s\"", disk->content);
    static const char *const command[] = {"mcopy", "-s", "-m", "-Q", "-i"};
    const char **list = NULL;
    size_t count = 0, fixed = ARRAY_LENGTH(command) + 1;
    for (size_t i = 0; i < ARRAY_LENGTH(command); i++)
        *ARENA_PUSH(arena, list, count) = command[i];
    *ARENA_PUSH(arena, list, count) = file;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            *ARENA_PUSH(arena, list, count) =
                arena_printf(arena, "%s/%s", disk->content, entry->d_name);
    if (count == fixed)
        return 0;
    *ARENA_PUSH(arena, list, count) = "::/";
    *ARENA_PUSH(arena, list, count) = NULL;
    struct run run = {.arguments = list,
                      .package = "mtools",
                      .staging = disk->content,
                      .grafts = disk->grafts,
                      .graft_count = disk->graft_count};
    return run_program(&run, NULL, error);
}

static int make_vfat(const struct format *format, const struct disk *disk, const char *file,
                     uint64_t files, struct error *error)
{
    (void)files; /* the table of files grows */
    char id[16] = "";
    for (const char *at = disk->uuid ? disk->uuid : ""; *at && strlen(id) < 8; at++)
        if (*at != '-')
            id[strlen(id)] = *at;
    struct arguments arguments = {{format->program, "-F", "32", "--invariant"}, 4};
    add_option(&arguments, "-i", disk->uuid ? id : NULL);
    add_option(&arguments, "-n", disk->label);
    add(&arguments, file);
    struct disk empty = *disk;
    empty.content = NULL;
    if (run(format, &arguments, &empty, error) < 0)
        return -error->code;
    return disk->content ? fill_vfat(disk, file, error) : 0;
}

static int make_btrfs(const struct format *format, const struct disk *disk, const char *file,
                      uint64_t files, struct error *error)
{
    (void)files; /* inodes are made as needed */
    struct arguments arguments = {{format->program, "-q", "-f"}, 3};
    add_option(&arguments, "-U", disk->uuid);
    add_option(&arguments, "-L", disk->label);
    add_option(&arguments, "--rootdir", disk->content);
    add(&arguments, file);
    return run(format, &arguments, disk, error);
}

static int make_xfs(const struct format *format, const struct disk *disk, const char *file,
                    uint64_t files, struct error *error)
{
    (void)files; /* inodes are made as needed */
    char uuid[64];
    struct arguments arguments = {{format->program, "-q", "-f"}, 3};
    snprintf(uuid, sizeof(uuid), "uuid=%.50s", disk->uuid ? disk->uuid : "");
    add_option(&arguments, "-m", disk->uuid ? uuid : NULL);
    add_option(&arguments, "-L", disk->label);
    add(&arguments, file);
    return run(format, &arguments, disk, error);
}

static int make_f2fs(const struct format *format, const struct disk *disk, const char *file,
                     uint64_t files, struct error *error)
{
    (void)files; /* nodes are made as needed */
    struct arguments arguments = {{format->program, "-q", "-f"}, 3};
    add_option(&arguments, "-U", disk->uuid);
    add_option(&arguments, "-l", disk->label);
    add(&arguments, file);
    struct disk empty = *disk;
    empty.content = NULL;
    if (run(format, &arguments, &empty, error) < 0 || !disk->content)
        return disk->content ? -error->code : 0;
    struct arguments fill = {{"sload.f2fs", "-P", "-f", disk->content, file}, 5};
    return run(format, &fill, disk, error);
}

static const struct format formats[] = {
    {"ext4", "mke2fs", "e2fsprogs", 16, 1 * MIB, true, make_ext},
    {"ext3", "mke2fs", "e2fsprogs", 16, 1 * MIB, true, make_ext},
    {"ext2", "mke2fs", "e2fsprogs", 16, 1 * MIB, true, make_ext},
    {"vfat", "mkfs.vfat", "dosfstools", 11, 40 * MIB, true, make_vfat},
    {"btrfs", "mkfs.btrfs", "btrfs-progs", 255, 128 * MIB, true, make_btrfs},
    {"f2fs", "mkfs.f2fs", "f2fs-tools", 512, 64 * MIB, true, make_f2fs},
    {"xfs", "mkfs.xfs", "xfsprogs", 12, 320 * MIB, false, make_xfs},
};

const struct format *format_find(const char *type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (strcmp(formats[i].type, type) == 0)
            return &formats[i];
    return NULL;
}
