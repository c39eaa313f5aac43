#include "mounts/links.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mounts/disk_id.h"
#include "mounts/disk_path.h"
#include "mounts/sysfs.h"

static const struct {
    const char *folder, *tag;
} by_tag[] = {
    {"/dev/disk/by-uuid/", "UUID="},
    {"/dev/disk/by-label/", "LABEL="},
    {"/dev/disk/by-partuuid/", "PARTUUID="},
    {"/dev/disk/by-partlabel/", "PARTLABEL="},
};

static int hex(char digit)
{
    const char *digits = "0123456789abcdef", *at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* udev writes what may not stand in a file's name as \x20. */
static void decode(const char *name, char *text, size_t size)
{
    size_t length = 0;
    for (; *name && length + 1 < size; name++) {
        if (name[0] == '\\' && name[1] == 'x' && hex(name[2]) >= 0 && hex(name[3]) >= 0) {
            text[length++] = (char)(hex(name[2]) * 16 + hex(name[3]));
            name += 3;
        } else {
            text[length++] = *name;
        }
    }
    text[length] = '\0';
}

/* The whole disk that a block device is a part of, or is itself, and which part: 0 for all. */
static bool find_disk(const struct block *block, char disk[64], unsigned *part)
{
    char number[20], path[PATH_MAX];
    *part = 0;
    snprintf(disk, 64, "%s", block->name);
    if (!sysfs_line(number, sizeof(number), "/sys/class/block/%s/partition", block->name))
        return true;
    *part = (unsigned)strtoul(number, NULL, 10);
    snprintf(path, sizeof(path), "/sys/class/block/%s", block->name);
    auto_string folder = realpath(path, NULL);
    char *end = folder ? strrchr(folder, '/') : NULL;
    if (!end)
        return false;
    *end = '\0';
    snprintf(disk, 64, "%.63s", strrchr(folder, '/') + 1);
    return true;
}

/* The name in by-id or by-path of the disk whose part a block device is; false: of another part. */
static bool take_part(const char *name, unsigned part, char *wanted, size_t size)
{
    char suffix[20] = "";
    if (part)
        snprintf(suffix, sizeof(suffix), "-part%u", part);
    size_t length = strlen(name), end = strlen(suffix);
    if (length <= end || length - end >= size || strcmp(name + length - end, suffix) != 0)
        return false;
    memcpy(wanted, name, length - end);
    wanted[length - end] = '\0';
    return true;
}

static const struct {
    const char *folder;
    bool (*has)(const char *name, const char *wanted);
    bool (*is_known)(const char *wanted);
} by_hardware[] = {
    {"/dev/disk/by-id/", disk_has_id, disk_id_is_known},
    {"/dev/disk/by-path/", disk_has_path, disk_path_is_known},
};

bool links_match(const struct block *block, const char *link)
{
    for (size_t i = 0; i < ARRAY_LENGTH(by_tag); i++) {
        size_t length = strlen(by_tag[i].folder);
        char tag[300];
        if (strncmp(link, by_tag[i].folder, length) != 0)
            continue;
        size_t prefix = strlen(by_tag[i].tag);
        memcpy(tag, by_tag[i].tag, prefix);
        decode(link + length, tag + prefix, sizeof(tag) - prefix);
        return content_matches(&block->content, tag);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(by_hardware); i++) {
        size_t length = strlen(by_hardware[i].folder);
        char disk[64], wanted[NAME_MAX + 1];
        unsigned part;
        if (strncmp(link, by_hardware[i].folder, length) == 0)
            return find_disk(block, disk, &part) &&
                   take_part(link + length, part, wanted, sizeof(wanted)) &&
                   by_hardware[i].has(disk, wanted);
    }
    return false;
}

const char *links_objection(const char *device)
{
    if (strncmp(device, "/dev/disk/", strlen("/dev/disk/")) != 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(by_tag); i++)
        if (strncmp(device, by_tag[i].folder, strlen(by_tag[i].folder)) == 0)
            return NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(by_hardware); i++) {
        size_t length = strlen(by_hardware[i].folder);
        if (strncmp(device, by_hardware[i].folder, length) == 0 &&
            by_hardware[i].is_known(device + length))
            return NULL;
    }
    return "is a link that only udev can make, and there is none yet; write UUID=, LABEL=, "
           "PARTUUID= or PARTLABEL=, as `blkid` shows them";
}
