#include "mounts/disk_id.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "mounts/content.h"
#include "mounts/sysfs.h"

enum { WORD = 200 };

/* What comes behind the prefix; NULL: it has another one. */
static const char *behind(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* What may not stand in the name of a link becomes "_", byte for byte; characters of UTF-8 may. */
static void replace_characters(char *text)
{
    size_t rest = strlen(text);
    for (size_t length; rest > 0; text += length, rest -= length) {
        length = text_character(text, rest);
        if (length > 1)
            continue;
        if (length == 0 || (!isalnum((unsigned char)*text) && !strchr("#+-.:=@_", *text)))
            *text = '_';
        length = 1;
    }
}

/* The same, but blanks at the beginning and the end go, and several become one "_". */
static void replace_blanks(char *text)
{
    char *end = text;
    for (const char *at = text; *at; at++) {
        if (!isspace((unsigned char)*at))
            *end++ = *at;
        else if (end > text && end[-1] != ' ')
            *end++ = ' ';
    }
    if (end > text && end[-1] == ' ')
        end--;
    *end = '\0';
    replace_characters(text);
}

static bool is_mapped(const char *name, const char *id)
{
    char value[WORD];
    const char *wanted;
    if ((wanted = behind(id, "dm-name-")))
        return sysfs_line(value, sizeof(value), "/sys/class/block/%s/dm/name", name) &&
               strcmp(value, wanted) == 0;
    return (wanted = behind(id, "dm-uuid-")) &&
           sysfs_line(value, sizeof(value), "/sys/class/block/%s/dm/uuid", name) &&
           strcmp(value, wanted) == 0;
}

/* What mdadm would say of an array stands on each of its members. */
static bool read_member(const char *name, struct content *content)
{
    char path[300];
    snprintf(path, sizeof(path), "/sys/class/block/%s/slaves", name);
    auto_dir folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        if (entry->d_name[0] != '.' && content_read(path, content) &&
            strcmp(content->type, "linux_raid_member") == 0)
            return true;
    }
    return false;
}

/* mdadm writes the digits of the UUID in four groups of eight. */
static bool same_digits(const char *left, const char *right)
{
    for (;; left++, right++) {
        while (*left == '-')
            left++;
        while (*right == ':')
            right++;
        if (*left != *right || !*left)
            return *left == *right;
    }
}

static bool is_array(const char *name, const char *id)
{
    struct content member = {0};
    const char *label = behind(id, "md-name-"), *uuid = behind(id, "md-uuid-");
    if ((!label && !uuid) || !behind(name, "md") || !read_member(name, &member))
        return false;
    replace_characters(member.label);
    return label ? strcmp(member.label, label) == 0 : same_digits(member.uuid, uuid);
}

static bool is_nvme(const char *name, const char *id)
{
    char value[3 * WORD + 20], model[WORD], serial[WORD], space[20];
    const char *wanted = behind(id, "nvme-");
    if (!wanted || !behind(name, "nvme"))
        return false;
    if (sysfs_line(value, sizeof(value), "/sys/class/block/%s/wwid", name) &&
        strcmp(value, wanted) == 0)
        return true;
    if (!sysfs_line(model, sizeof(model), "/sys/class/block/%s/device/model", name) ||
        !sysfs_line(serial, sizeof(serial), "/sys/class/block/%s/device/serial", name))
        return false;
    snprintf(value, sizeof(value), "%s_%s", model, serial);
    replace_characters(value);
    if (strcmp(value, wanted) == 0)
        return true;
    if (!sysfs_line(space, sizeof(space), "/sys/class/block/%s/nsid", name))
        return false;
    snprintf(value + strlen(value), sizeof(value) - strlen(value), "_%s", space);
    return strcmp(value, wanted) == 0;
}

static bool is_virtio(const char *name, const char *id)
{
    char serial[WORD];
    const char *wanted = behind(id, "virtio-");
    if (!wanted || !behind(name, "vd") ||
        !sysfs_line(serial, sizeof(serial), "/sys/class/block/%s/serial", name))
        return false;
    replace_blanks(serial);
    return strcmp(serial, wanted) == 0;
}

static bool is_card(const char *name, const char *id)
{
    char value[2 * WORD], label[WORD], serial[WORD];
    const char *wanted = behind(id, "mmc-");
    if (!wanted || !behind(name, "mmcblk") || strstr(name, "boot") ||
        !sysfs_line(label, sizeof(label), "/sys/class/block/%s/device/name", name) ||
        !sysfs_line(serial, sizeof(serial), "/sys/class/block/%s/device/serial", name))
        return false;
    snprintf(value, sizeof(value), "%s_%s", label, serial);
    replace_blanks(value);
    return strcmp(value, wanted) == 0;
}

static bool has_world_wide_name(const char *name, const char *id)
{
    char value[WORD];
    const char *wanted = behind(id, "wwn-0x"), *number;
    return wanted && behind(name, "sd") &&
           sysfs_line(value, sizeof(value), "/sys/class/block/%s/device/wwid", name) &&
           (number = behind(value, "naa.")) && strcmp(number, wanted) == 0;
}

/* The page of vital product data that names the device; an ATA disk says "ATA", its model and its
 * number there in fields of fixed width. What `device/model` has is cut off. */
static bool is_ata(const char *name, const char *id)
{
    enum { VENDOR = 8, MODEL = 40, SERIAL = 20, T10 = 1 };
    unsigned char page[1024];
    char path[300], model[MODEL + 1], serial[SERIAL + 1], value[MODEL + SERIAL + 2];
    const char *wanted = behind(id, "ata-");
    if (!wanted || !behind(name, "sd"))
        return false;
    snprintf(path, sizeof(path), "/sys/class/block/%s/device/vpd_pg83", name);
    size_t length = sysfs_bytes(page, sizeof(page), path);
    for (size_t at = 4; at + 4 <= length; at += 4 + (size_t)page[at + 3]) {
        const char *text = (const char *)page + at + 4;
        size_t size = page[at + 3];
        if ((page[at + 1] & 0xf) != T10 || size != VENDOR + MODEL + SERIAL ||
            at + 4 + size > length || memcmp(text, "ATA     ", VENDOR) != 0)
            continue;
        snprintf(model, sizeof(model), "%.*s", MODEL, text + VENDOR);
        snprintf(serial, sizeof(serial), "%.*s", SERIAL, text + VENDOR + MODEL);
        replace_blanks(model);
        replace_blanks(serial);
        snprintf(value, sizeof(value), "%s%s%s", model, *serial ? "_" : "", serial);
        return strcmp(value, wanted) == 0;
    }
    return false;
}

static const struct {
    const char *prefix;
    bool (*has)(const char *name, const char *id);
} kinds[] = {
    {"dm-name-", is_mapped}, {"dm-uuid-", is_mapped}, {"md-name-", is_array},
    {"md-uuid-", is_array},  {"nvme-", is_nvme},      {"virtio-", is_virtio},
    {"mmc-", is_card},       {"ata-", is_ata},        {"wwn-0x", has_world_wide_name},
};

bool disk_has_id(const char *name, const char *id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (behind(id, kinds[i].prefix) && kinds[i].has(name, id))
            return true;
    return false;
}

bool disk_id_is_known(const char *id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        const char *value = behind(id, kinds[i].prefix);
        if (value && *value && !strchr(id, '/'))
            return true;
    }
    return false;
}
