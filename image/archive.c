#include "image/archive.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/decompress.h"
#include "image/links.h"

enum { HEADER_LENGTH = 110, FIELDS = 13, MOST_ENTRIES = 1 << 20 };

/* The fields of a header, in their order. */
enum field {
    INODE,
    MODE,
    UID,
    GID,
    LINKS,
    MTIME,
    SIZE,
    MAJOR,
    MINOR,
    RMAJOR,
    RMINOR,
    NAME_SIZE,
    SUM
};

/* A file with several names; the kernel knows it by these numbers, within one archive. */
struct hard_link {
    uint32_t numbers[4];
    size_t entry;
};

struct contents {
    struct archive archive; /* first: what the caller holds */
    struct arena *arena;
    struct archive_entry *entries;
    struct hard_link *links;
    size_t link_count;
    char **buffers; /* what the compressed archives unpacked to */
    size_t buffer_count;
    size_t unpacked;
};

/* One run of bytes with archives in it: the image, or what a compressed part of it unpacked to. */
struct reader {
    struct contents *contents;
    const char *name;
    const unsigned char *data;
    size_t length, at;
    unsigned *segment;
    const char *compression; /* NULL in the image itself */
    const char *last;        /* the path of the entry before */
};

struct archive *archive_new(void)
{
    struct arena *arena = arena_new();
    struct contents *contents = arena_alloc(arena, sizeof(*contents));
    contents->arena = arena;
    return &contents->archive;
}

void archive_free(struct archive *archive)
{
    if (!archive)
        return;
    struct contents *contents = (struct contents *)archive;
    for (size_t i = 0; i < contents->buffer_count; i++)
        free(contents->buffers[i]);
    arena_free(contents->arena);
}

void archive_cleanup(struct archive **archive)
{
    archive_free(*archive);
}

/* Adds to a sentence about an image where it was found. */
static int complain(const struct reader *reader, struct error *error, const char *what)
{
    if (!reader->compression)
        return error_set(error, EBADMSG, "\"%s\" %s at byte %zu", reader->name, what, reader->at);
    return error_set(error, EBADMSG,
                     "\"%s\" %s at byte %zu of its segment %u, once unpacked from %s", reader->name,
                     what, reader->at, *reader->segment, reader->compression);
}

static int complain_of(const struct reader *reader, struct error *error, const char *what,
                       const char *path)
{
    return complain(reader, error, arena_printf(reader->contents->arena, "%s \"%s\"", what, path));
}

static int complain_of_end(struct reader *reader, struct error *error)
{
    reader->at = reader->length;
    return reader->last ? complain_of(reader, error, "is cut off behind", reader->last)
                        : complain(reader, error, "is cut off");
}

static int parse_fields(struct reader *reader, uint32_t fields[FIELDS], struct error *error)
{
    const unsigned char *header = reader->data + reader->at;
    if (reader->length - reader->at < HEADER_LENGTH)
        return complain_of_end(reader, error);
    if (memcmp(header, "070707", 6) == 0)
        return complain(reader, error,
                        "has a cpio archive of the old format, which no kernel unpacks,");
    if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
        return complain(reader, error, "has no cpio header where one belongs,");
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = 0;
        for (int digit = 0; digit < 8; digit++) {
            unsigned char c = header[6 + 8 * i + digit];
            if (!strchr("0123456789abcdefABCDEF", c) || !c)
                return complain(reader, error, "has a cpio header that is not in hexadecimal");
            fields[i] = fields[i] << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
    }
    return 0;
}

static size_t align(size_t offset)
{
    return (offset + 3) & ~(size_t)3;
}

/* Moves behind the header and the name. */
static int parse_name(struct reader *reader, const uint32_t fields[FIELDS], const char **path,
                      struct error *error)
{
    size_t size = fields[NAME_SIZE], start = reader->at + HEADER_LENGTH;
    if (size == 0 || size > PATH_MAX)
        return complain(reader, error, "has a cpio header with an impossible length of a name");
    if (size > reader->length - start)
        return complain_of_end(reader, error);
    const char *name = (const char *)reader->data + start;
    if (name[size - 1])
        return complain(reader, error, "has a name without an end");
    reader->at = align(start + size);
    *path = name;
    return 0;
}

static int check_sum(struct reader *reader, const struct archive_entry *entry, const char *body,
                     uint32_t expected, struct error *error)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < entry->size; i++)
        sum += (unsigned char)body[i];
    return sum == expected ? 0 : complain_of(reader, error, "has a wrong checksum in", entry->path);
}

/* Moves behind the content. `entry` has its path and its mode. */
static int parse_body(struct reader *reader, const uint32_t fields[FIELDS], int sums,
                      struct archive_entry *entry, struct error *error)
{
    size_t size = fields[SIZE];
    if (reader->at > reader->length || size > reader->length - reader->at) {
        reader->at = reader->length;
        return complain_of(reader, error, "is cut off in the middle of", entry->path);
    }
    const char *body = (const char *)reader->data + reader->at;
    if (S_ISREG(entry->mode)) {
        entry->size = size;
        entry->data = body;
        int code = sums ? check_sum(reader, entry, body, fields[SUM], error) : 0;
        if (code < 0)
            return code;
    } else if (S_ISLNK(entry->mode)) {
        if (size == 0 || size >= PATH_MAX)
            return complain_of(reader, error, "has an impossible length of the link", entry->path);
        entry->target = arena_copy(reader->contents->arena, body, size);
        entry->size = size;
    }
    reader->at = align(reader->at + size);
    return 0;
}

static void remember_link(struct contents *contents, const uint32_t fields[FIELDS], size_t entry)
{
    *ARENA_PUSH(contents->arena, contents->links, contents->link_count) =
        (struct hard_link){{fields[MAJOR], fields[MINOR], fields[INODE], fields[MODE]}, entry};
}

static int compare_links(const void *a, const void *b)
{
    const struct hard_link *left = a, *right = b;
    int order = memcmp(left->numbers, right->numbers, sizeof(left->numbers));
    return order ? order : (left->entry > right->entry) - (left->entry < right->entry);
}

/* Usually only the last name of a file comes with the content; it is that of all of them. */
static void join_links(struct contents *contents)
{
    struct hard_link *links = contents->links;
    size_t count = contents->link_count;
    if (count > 1)
        qsort(links, count, sizeof(*links), compare_links);
    for (size_t first = 0, end; first < count; first = end) {
        const struct archive_entry *full = &contents->entries[links[first].entry];
        for (end = first; end < count && memcmp(links[end].numbers, links[first].numbers,
                                                sizeof(links[end].numbers)) == 0;
             end++)
            if (contents->entries[links[end].entry].size)
                full = &contents->entries[links[end].entry];
        for (size_t i = first; i < end; i++) {
            contents->entries[links[i].entry].data = full->data;
            contents->entries[links[i].entry].size = full->size;
        }
    }
    contents->link_count = 0;
}

/* Returns 1 when the entry was the trailer. */
static int read_entry(struct reader *reader, struct error *error)
{
    struct contents *contents = reader->contents;
    uint32_t fields[FIELDS] = {0};
    int sums = reader->length - reader->at > 5 && reader->data[reader->at + 5] == '2';
    const char *path = "";
    int code = parse_fields(reader, fields, error);
    if (code == 0)
        code = parse_name(reader, fields, &path, error);
    if (code < 0)
        return code;
    struct archive_entry entry = {.path = path,
                                  .mode = fields[MODE],
                                  .uid = fields[UID],
                                  .gid = fields[GID],
                                  .links = fields[LINKS],
                                  .mtime = fields[MTIME],
                                  .major = fields[RMAJOR],
                                  .minor = fields[RMINOR],
                                  .segment = *reader->segment,
                                  .compression =
                                      reader->compression ? reader->compression : "none"};
    code = parse_body(reader, fields, sums, &entry, error);
    if (code < 0)
        return code;
    if (strcmp(path, "TRAILER!!!") == 0)
        return 1;
    if (contents->archive.count == MOST_ENTRIES)
        return complain(reader, error, "holds more than a million files, too many for an image,");
    if (S_ISREG(entry.mode) && entry.links > 1)
        remember_link(contents, fields, contents->archive.count);
    *ARENA_PUSH(contents->arena, contents->entries, contents->archive.count) = entry;
    contents->archive.entries = contents->entries;
    reader->last = path;
    return 0;
}

static int read_archive(struct reader *reader, struct error *error)
{
    (*reader->segment)++;
    reader->last = NULL;
    int code;
    do
        code = reader->at < reader->length ? read_entry(reader, error)
                                           : complain_of_end(reader, error);
    while (code == 0);
    join_links(reader->contents);
    if (reader->at > reader->length) /* the padding behind the trailer is not always there */
        reader->at = reader->length;
    return code < 0 ? code : 0;
}

static int read_archives(struct reader *reader, struct error *error);

/* The rest of an image from a compressed archive on. Of one that is damaged, what can be unpacked
 * is still read; the sentence then names both the damage and the entry that suffers from it. */
static int read_compressed(struct reader *reader, struct error *error)
{
    struct contents *contents = reader->contents;
    const unsigned char *start = reader->data + reader->at;
    size_t length = reader->length - reader->at;
    struct decompressed unpacked;
    const char *compression = decompress_name(start, length);
    if (!compression)
        return complain(reader, error,
                        length > 4 && memcmp(start, "\x89LZO", 4) == 0
                            ? "has an archive compressed with lzo, which ebb cannot read,"
                            : "has something that is neither cpio nor a known compression");
    struct error damage = {0};
    int broken =
        decompress(start, length, DECOMPRESS_LIMIT - contents->unpacked, &unpacked, &damage);
    contents->unpacked += unpacked.length;
    *ARENA_PUSH(contents->arena, contents->buffers, contents->buffer_count) = unpacked.data;
    struct reader inner = {.contents = contents,
                           .name = reader->name,
                           .data = (const unsigned char *)unpacked.data,
                           .length = unpacked.length,
                           .segment = reader->segment,
                           .compression = compression};
    int code = read_archives(&inner, error);
    if (broken && code < 0) {
        struct error place = *error;
        return error_set(error, -broken, "%.300s (%.200s)", place.text, damage.text);
    }
    if (broken) {
        *error = damage;
        return error_prefix(error, "\"%s\" behind byte %zu", reader->name, reader->at);
    }
    reader->at += unpacked.used;
    return code;
}

/* Inside a compressed archive the kernel does not look for another compression. */
static int read_archives(struct reader *reader, struct error *error)
{
    int code = 0;
    while (code == 0) {
        while (reader->at < reader->length && reader->data[reader->at] == 0)
            reader->at++;
        if (reader->at == reader->length)
            return 0;
        if (reader->data[reader->at] == '0' && reader->at % 4 == 0)
            code = read_archive(reader, error);
        else if (reader->compression)
            code = complain(reader, error, "has junk behind an archive");
        else
            code = read_compressed(reader, error);
    }
    return code;
}

int archive_read(struct archive *archive, const char *name, const void *data, size_t length,
                 struct error *error)
{
    unsigned segment = 0;
    struct reader reader = {.contents = (struct contents *)archive,
                            .name = name,
                            .data = data,
                            .length = length,
                            .segment = &segment};
    int code = read_archives(&reader, error);
    if (code == 0 && segment == 0)
        return error_set(error, EBADMSG, "\"%s\" holds no archive", name);
    return code;
}

/* `path` is absolute and clean. */
static const struct archive_entry *find_stored(const struct archive *archive, const char *path)
{
    for (size_t i = archive->count; i > 0; i--) {
        const char *stored = archive->entries[i - 1].path;
        if (stored[0] == '.' && stored[1] == '/')
            stored++;
        if (strcmp(stored + (stored[0] == '/'), path + 1) == 0)
            return &archive->entries[i - 1];
    }
    return NULL;
}

static int link_in_archive(void *context, const char *path, char target[PATH_MAX],
                           struct error *error)
{
    (void)error; /* nothing here can fail */
    const struct archive_entry *entry = find_stored(context, path);
    if (!entry || !entry->target)
        return 0;
    strcpy(target, entry->target); /* shorter than PATH_MAX, or it would not have been read */
    return 1;
}

const struct archive_entry *archive_find(const struct archive *archive, const char *path)
{
    char resolved[PATH_MAX];
    struct error error; /* a circle of links leads to no entry, which is all there is to say */
    if (links_resolve(path, link_in_archive, (void *)archive, resolved, &error) < 0)
        return NULL;
    return find_stored(archive, resolved);
}
