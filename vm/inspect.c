/* Looking into an image from outside, with the programs of e2fsprogs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/run.h"
#include "vm/disk.h"

enum { GPT_AT = 512, PARTITION_START = 1024 * 1024 };

/* e2fsprogs' own way to say that a file system begins inside a file. */
static int name_for_tools(const char *image, char name[static PATH_MAX], struct error *error)
{
    char magic[8] = "";
    auto_fd fd = open(image, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot open the disk image \"%s\"", image);
    bool partitioned = pread(fd, magic, sizeof(magic), GPT_AT) == sizeof(magic) &&
                       memcmp(magic, "EFI PART", sizeof(magic)) == 0;
    snprintf(name, PATH_MAX, partitioned ? "%.3900s?offset=%d" : "%.3900s", image, PARTITION_START);
    return 0;
}

/* debugfs exits with 0 whatever happens; behind its banner, a message is a failure. */
static int ask(const char *image, const char *verb, const char *path, struct run_output *output,
               struct error *error)
{
    char name[PATH_MAX], request[PATH_MAX];
    if (strchr(path, '"'))
        return error_set(error, EINVAL, "debugfs cannot be asked for the path \"%s\"", path);
    if (name_for_tools(image, name, error) < 0)
        return -error->code;
    snprintf(request, sizeof(request), "%s \"%s\"", verb, path);
    const char *const arguments[] = {"debugfs", "-R", request, name, NULL};
    struct run run = {.arguments = arguments, .package = "e2fsprogs"};
    auto_output said = {0};
    if (run_program(&run, &said, error) < 0)
        return -error->code;
    const char *message = strchr(said.messages, '\n');
    message = message ? message + 1 : "";
    if (strstr(message, "File not found"))
        return error_set(error, ENOENT, "there is no \"%s\" in the disk image \"%s\"", path, image);
    if (*message)
        return error_set(error, EIO, "cannot read \"%s\" in the disk image \"%s\": %.*s", path,
                         image, (int)strcspn(message, "\n"), message);
    *output = said;
    said = (struct run_output){0};
    return 0;
}

int disk_read(const char *image, const char *path, char **text, size_t *length, struct error *error)
{
    auto_output output = {0};
    if (ask(image, "cat", path, &output, error) < 0)
        return -error->code;
    if (length)
        *length = output.length;
    *text = TAKE_PTR(output.text);
    return 0;
}

static bool read_number(const char *text, const char *key, int base, uint64_t *number)
{
    const char *at = strstr(text, key);
    if (!at)
        return false;
    *number = strtoull(at + strlen(key), NULL, base);
    return true;
}

int disk_stat(const char *image, const char *path, struct disk_entry *entry, struct error *error)
{
    static const struct {
        const char *word;
        char type;
    } types[] = {{"regular", '-'},   {"directory", 'd'}, {"symlink", 'l'}, {"block", 'b'},
                 {"character", 'c'}, {"FIFO", 'p'},      {"socket", 's'}};
    auto_output output = {0};
    if (ask(image, "stat", path, &output, error) < 0)
        return -error->code;
    uint64_t mode, uid, gid, size;
    const char *type = output.text ? strstr(output.text, "Type: ") : NULL;
    if (!type || !read_number(output.text, "Mode:", 8, &mode) ||
        !read_number(output.text, "User:", 10, &uid) ||
        !read_number(output.text, "Group:", 10, &gid) ||
        !read_number(output.text, "Size:", 10, &size))
        return error_set(error, EPROTO, "debugfs says nothing known of \"%s\" in \"%s\"", path,
                         image);
    *entry = (struct disk_entry){'?', (mode_t)mode & 07777, (uid_t)uid, (gid_t)gid, size};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (strncmp(type + 6, types[i].word, strlen(types[i].word)) == 0)
            entry->type = types[i].type;
    return 0;
}

int disk_replay(const char *image, struct error *error)
{
    char name[PATH_MAX];
    if (name_for_tools(image, name, error) < 0)
        return -error->code;
    const char *const arguments[] = {"e2fsck", "-fp", name, NULL};
    /* 1: errors were repaired */
    struct run run = {.arguments = arguments, .package = "e2fsprogs", .tolerated = 1};
    return run_program(&run, NULL, error);
}
