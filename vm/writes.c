#include "vm/writes.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define MAGIC 0x6a736677736872ULL
#define FLAGS ((uint64_t)(WRITE_FLUSH | WRITE_FUA | WRITE_DISCARD | WRITE_MARK))
enum { SECTOR = 512, SECTOR_LIMIT = 1 << 16, CHUNK = 1 << 16 };

/* The block about the log, and the block about a write; numbers are little-endian. */
struct head {
    uint64_t magic, version, count;
    uint32_t sector_size;
} __attribute__((packed));

struct entry {
    uint64_t sector, sectors, flags, data_length;
} __attribute__((packed));

/* QEMU writes the head of a log at each flush, so it counts too few, and there is none before the
 * first. */
static int read_head(int log, const char *path, uint64_t *size, struct error *error)
{
    static const struct head none;
    struct head head = none;
    if (pread(log, &head, sizeof(head), 0) < 0)
        return error_system(error, errno, "cannot read the log of writes \"%s\"", path);
    if (memcmp(&head, &none, sizeof(head)) == 0)
        return 0;
    *size = le32toh(head.sector_size);
    if (le64toh(head.magic) != MAGIC || le64toh(head.version) != 1 || *size < SECTOR ||
        *size > SECTOR_LIMIT || *size % SECTOR != 0)
        return error_set(error, EBADMSG, "\"%s\" is no log of writes", path);
    return 0;
}

/* QEMU says in no entry how much data it has: discards have none, all others what they wrote. */
static bool has_data(const struct write *write)
{
    return write->length > 0 && !(write->flags & (WRITE_DISCARD | WRITE_MARK));
}

int writes_open(struct arena *arena, const char *path, struct writes *writes, struct error *error)
{
    struct stat status;
    uint64_t size = SECTOR;
    auto_fd log = open(path, O_RDONLY | O_CLOEXEC);
    if (log < 0 || fstat(log, &status) < 0)
        return error_system(error, errno, "cannot open the log of writes \"%s\"", path);
    if (read_head(log, path, &size, error) < 0)
        return -error->code;
    struct writes found = {0};
    uint64_t end = (uint64_t)status.st_size;
    for (uint64_t at = size; at + size <= end;) {
        struct entry entry;
        if (pread(log, &entry, sizeof(entry), (off_t)at) != sizeof(entry))
            return error_system(error, errno, "cannot read the log of writes \"%s\"", path);
        uint64_t sectors = le64toh(entry.sectors), sector = le64toh(entry.sector);
        if (le64toh(entry.flags) & ~FLAGS || sectors > UINT32_MAX || sector > INT64_MAX / size)
            return error_set(error, EBADMSG, "the log of writes \"%s\" is damaged after %zu writes",
                             path, found.count);
        at += size;
        struct write write = {.at = sector * size,
                              .length = sectors * size,
                              .flags = (unsigned)le64toh(entry.flags),
                              .data = (off_t)at};
        at += has_data(&write) ? write.length : 0;
        if (at <= end) /* the last one may have been cut off */
            *ARENA_PUSH(arena, found.list, found.count) = write;
    }
    found.log = TAKE_FD(log);
    *writes = found;
    return 0;
}

void writes_close(const struct writes *writes)
{
    memory_close_fd(&writes->log);
}

static int copy(int log, off_t from, int image, uint64_t to, uint64_t length)
{
    char data[CHUNK];
    for (uint64_t done = 0; done < length;) {
        size_t part = length - done < CHUNK ? (size_t)(length - done) : CHUNK;
        ssize_t got = pread(log, data, part, from + (off_t)done);
        if (got <= 0)
            return got < 0 ? -errno : -EIO;
        if (pwrite(image, data, (size_t)got, (off_t)(to + done)) != got)
            return -EIO;
        done += (uint64_t)got;
    }
    return 0;
}

bool write_changes(const struct write *write)
{
    return write->length > 0 && !(write->flags & WRITE_MARK);
}

int writes_apply(const struct writes *writes, size_t number, uint64_t length, int image,
                 struct error *error)
{
    const struct write *write = &writes->list[number];
    int code = 0;
    if (length > write->length)
        length = write->length;
    if (!write_changes(write) || length == 0)
        return 0;
    if (has_data(write))
        code = copy(writes->log, write->data, image, write->at, length);
    else if (fallocate(image, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)write->at,
                       (off_t)length) < 0)
        code = -errno;
    return code < 0 ? error_system(error, -code, "cannot do write %zu again", number + 1) : 0;
}

const char *writes_tell(struct arena *arena, const struct writes *writes, size_t number)
{
    const struct write *write = &writes->list[number];
    const char *name = write->flags & WRITE_DISCARD ? "discard"
                       : write->flags & WRITE_MARK  ? "mark"
                       : write->length > 0          ? "write"
                                                    : "flush";
    const char *which = arena_printf(arena, "%s %zu of %zu", name, number + 1, writes->count);
    if (write->length == 0)
        return which;
    return arena_printf(arena, "%s, of %llu bytes at %llu", which,
                        (unsigned long long)write->length, (unsigned long long)write->at);
}
