#include "vm/fat.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { GPT_AT = 512, PARTITION_START = 1024 * 1024, TABLE_LIMIT = 64 * 1024 * 1024 };
enum { SLOT_FREE = 0xe5, IS_LABEL = 0x08, IS_FOLDER = 0x10, IS_LONG = 0x0f };
enum { LOWER_NAME = 0x08, LOWER_END = 0x10, LONG_LAST = 0x40, LONG_PART = 13, LONG_PARTS = 20 };
#define CLUSTER_MASK 0x0fffffffU
#define SIGN 0xaa55

/* The first sector; numbers are little-endian. */
struct start {
    unsigned char jump[3], maker[8];
    uint16_t sector_size;
    unsigned char cluster_sectors;
    uint16_t reserved_sectors;
    unsigned char tables;
    uint16_t root_entries, sectors16;
    unsigned char medium;
    uint16_t table_sectors16, track, heads;
    uint32_t hidden, sectors, table_sectors;
    uint16_t flags, version;
    uint32_t root;
    unsigned char rest[462];
    uint16_t sign;
} __attribute__((packed));
_Static_assert(sizeof(struct start) == 512, "a sector has no gaps");

struct slot {
    unsigned char name[11], attributes, lower, created[7];
    uint16_t start_high, time, date, start_low;
    uint32_t size;
} __attribute__((packed));

/* Part of a long name; the parts stand in front of the slot that they name, the last one first. */
struct long_slot {
    unsigned char order;
    uint16_t first[5];
    unsigned char attributes, type, sum;
    uint16_t second[6], start, third[2];
} __attribute__((packed));

/* A long name, as far as it was read. */
struct long_name {
    char text[LONG_PARTS * LONG_PART + 1];
    unsigned awaited; /* the next part; 0 when all were there */
    unsigned char sum;
    bool begun;
};

static int read_at(const struct fat *fat, uint64_t at, void *data, size_t size, struct error *error)
{
    ssize_t got = pread(fat->fd, data, size, (off_t)at);
    if (got == (ssize_t)size)
        return 0;
    return error_system(error, got < 0 ? errno : EIO, "cannot read the file system");
}

static uint64_t begin_of(const struct fat *fat)
{
    char magic[8] = "";
    return pread(fat->fd, magic, sizeof(magic), GPT_AT) == sizeof(magic) &&
                   memcmp(magic, "EFI PART", sizeof(magic)) == 0
               ? PARTITION_START
               : 0;
}

int fat_open(struct arena *arena, const char *image, struct fat *result, struct error *error)
{
    struct start start;
    auto_fd fd = open(image, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot open the disk image \"%s\"", image);
    struct fat fat = {.fd = fd};
    uint64_t begin = begin_of(&fat);
    if (read_at(&fat, begin, &start, sizeof(start), error) < 0)
        return -error->code;
    uint64_t sector = le16toh(start.sector_size), table_size = le32toh(start.table_sectors);
    table_size *= sector;
    if (le16toh(start.sign) != SIGN || sector < 512 || !start.cluster_sectors || !start.tables ||
        start.table_sectors16 || !table_size || table_size > TABLE_LIMIT)
        return error_set(error, ENOTSUP, "there is no FAT32 in the disk image \"%s\"", image);
    uint64_t tables = begin + le16toh(start.reserved_sectors) * sector;
    uint32_t *table = arena_alloc(arena, table_size);
    fat.table = table;
    fat.clusters = (uint32_t)(table_size / sizeof(*table));
    fat.root = le32toh(start.root);
    fat.data = tables + start.tables * table_size;
    fat.cluster_size = (uint32_t)(start.cluster_sectors * sector);
    if (read_at(&fat, tables, table, table_size, error) < 0)
        return -error->code;
    fat.fd = TAKE_FD(fd);
    *result = fat;
    return 0;
}

void fat_close(const struct fat *fat)
{
    memory_close_fd(&fat->fd);
}

/* Whether the table says of it that it is part of a file; 0 and 1 are none. */
static bool is_used(const struct fat *fat, uint32_t cluster)
{
    return cluster >= 2 && cluster < fat->clusters && (le32toh(fat->table[cluster]) & CLUSTER_MASK);
}

static uint32_t next_of(const struct fat *fat, uint32_t cluster)
{
    return le32toh(fat->table[cluster]) & CLUSTER_MASK;
}

/* How many clusters follow one another from there, at most `limit`. */
static uint32_t count_clusters(const struct fat *fat, uint32_t cluster, uint32_t limit)
{
    uint32_t count = 0;
    for (; count < limit && is_used(fat, cluster); cluster = next_of(fat, cluster))
        count++;
    return count;
}

static int read_clusters(const struct fat *fat, uint32_t cluster, size_t length, char *data,
                         struct error *error)
{
    for (size_t done = 0; done < length; cluster = next_of(fat, cluster)) {
        size_t part = length - done < fat->cluster_size ? length - done : fat->cluster_size;
        uint64_t at = fat->data + (uint64_t)(cluster - 2) * fat->cluster_size;
        if (read_at(fat, at, data + done, part, error) < 0)
            return -error->code;
        done += part;
    }
    return 0;
}

int fat_check(const struct fat *fat, const struct fat_entry *entry, struct error *error)
{
    uint32_t needed =
        (uint32_t)(((uint64_t)entry->size + fat->cluster_size - 1) / fat->cluster_size);
    uint32_t found = count_clusters(fat, entry->start, needed);
    if (found == needed)
        return 0;
    return error_set(error, EIO, "\"%s\" needs %u clusters and has %u", entry->name, needed, found);
}

static void short_name(const struct slot *slot, char name[static 13])
{
    size_t length = 0;
    for (size_t i = 0; i < sizeof(slot->name); i++) {
        bool lower = slot->lower & (i < 8 ? LOWER_NAME : LOWER_END);
        if (slot->name[i] == ' ')
            continue;
        if (i >= 8 && !memchr(name, '.', length))
            name[length++] = '.';
        name[length++] = (char)(lower ? tolower(slot->name[i]) : slot->name[i]);
    }
    name[length] = '\0';
}

static unsigned char sum_of(const struct slot *slot)
{
    unsigned char sum = 0;
    for (size_t i = 0; i < sizeof(slot->name); i++)
        sum = (unsigned char)((sum & 1) * 0x80 + (sum >> 1) + slot->name[i]);
    return sum;
}

static void take_part(struct long_name *name, const struct long_slot *slot)
{
    unsigned order = slot->order & ~(unsigned)LONG_LAST;
    if (slot->order & LONG_LAST && order > 0 && order <= LONG_PARTS) {
        *name = (struct long_name){.begun = true, .awaited = order, .sum = slot->sum};
    } else if (order == 0 || order != name->awaited || slot->sum != name->sum) {
        *name = (struct long_name){0};
        return;
    }
    char *to = name->text + (size_t)(order - 1) * LONG_PART;
    uint16_t letters[LONG_PART];
    memcpy(letters, slot->first, sizeof(slot->first));
    memcpy(letters + 5, slot->second, sizeof(slot->second));
    memcpy(letters + 11, slot->third, sizeof(slot->third));
    for (size_t i = 0; i < LONG_PART; i++)
        to[i] = (char)(letters[i] == 0 || le16toh(letters[i]) < 0x80 ? le16toh(letters[i]) : '?');
    name->awaited = order - 1;
}

static struct fat_entry make_entry(struct arena *arena, const struct slot *slot,
                                   const struct long_name *name)
{
    char brief[13];
    short_name(slot, brief);
    bool is_long = name->begun && name->awaited == 0 && name->sum == sum_of(slot);
    return (struct fat_entry){
        .name = arena_string(arena, is_long ? name->text : brief),
        .is_folder = slot->attributes & IS_FOLDER,
        .start =
            ((uint32_t)le16toh(slot->start_high) << 16 | le16toh(slot->start_low)) & CLUSTER_MASK,
        .size = le32toh(slot->size),
    };
}

static int list_folder(struct arena *arena, const struct fat *fat, uint32_t start,
                       struct fat_entry **list, size_t *count, struct error *error)
{
    size_t length = (size_t)count_clusters(fat, start, fat->clusters) * fat->cluster_size;
    struct long_name name = {0};
    struct fat_entry *found = NULL;
    size_t number = 0;
    if (length == 0)
        return error_set(error, EIO, "a folder has no clusters");
    struct slot *slots = arena_alloc(arena, length);
    if (read_clusters(fat, start, length, (char *)slots, error) < 0)
        return -error->code;
    for (size_t i = 0; i < length / sizeof(*slots) && slots[i].name[0]; i++) {
        if (slots[i].name[0] != SLOT_FREE && slots[i].attributes == IS_LONG) {
            take_part(&name, (const struct long_slot *)&slots[i]);
            continue;
        }
        if (slots[i].name[0] != SLOT_FREE && slots[i].name[0] != '.' &&
            !(slots[i].attributes & IS_LABEL))
            *ARENA_PUSH(arena, found, number) = make_entry(arena, &slots[i], &name);
        name = (struct long_name){0};
    }
    *list = found;
    *count = number;
    return 0;
}

int fat_find(struct arena *arena, const struct fat *fat, const char *path, struct fat_entry *entry,
             struct error *error)
{
    struct fat_entry here = {.name = "/", .is_folder = true, .start = fat->root};
    for (const char *at = path; *(at += strspn(at, "/"));) {
        struct fat_entry *list;
        size_t count = 0, length = strcspn(at, "/"), i = 0;
        if (here.is_folder && list_folder(arena, fat, here.start, &list, &count, error) < 0)
            return error_prefix(error, "\"%s\"", path);
        while (i < count &&
               (strlen(list[i].name) != length || strncasecmp(list[i].name, at, length) != 0))
            i++;
        if (i == count)
            return error_set(error, ENOENT, "there is no \"%s\"", path);
        here = list[i];
        at += length;
    }
    *entry = here;
    return 0;
}

int fat_list(struct arena *arena, const struct fat *fat, const char *path, struct fat_entry **list,
             size_t *count, struct error *error)
{
    struct fat_entry entry;
    if (fat_find(arena, fat, path, &entry, error) < 0)
        return -error->code;
    return list_folder(arena, fat, entry.start, list, count, error);
}

int fat_read(struct arena *arena, const struct fat *fat, const char *path, char **text,
             size_t *length, struct error *error)
{
    struct fat_entry entry = {0};
    if (fat_find(arena, fat, path, &entry, error) < 0 || fat_check(fat, &entry, error) < 0)
        return -error->code;
    char *data = arena_alloc(arena, (size_t)entry.size + 1);
    if (read_clusters(fat, entry.start, entry.size, data, error) < 0)
        return -error->code;
    *text = data;
    if (length)
        *length = entry.size;
    return 0;
}
