/* Logs of writes, made by hand, and a small disk for them. */
#ifndef EBB_VM_TESTING_H
#define EBB_VM_TESTING_H

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/testdata/shell.h"

#define LOG_MAGIC 0x6a736677736872ULL
enum { SECTOR = 512, DISK = 16 * SECTOR };

UNUSED static void append(int log, const void *data, size_t length)
{
    static const char zeroes[SECTOR];
    assert_int_equal(lseek(log, 0, SEEK_END) % SECTOR, 0);
    assert_int_equal(write(log, data, length), length);
    size_t rest = (SECTOR - length % SECTOR) % SECTOR;
    assert_int_equal(write(log, zeroes, rest), rest);
}

UNUSED static void append_head(int log, uint64_t magic, uint64_t count)
{
    struct {
        uint64_t magic, version, count;
        uint32_t size;
    } head = {htole64(magic), htole64(1), htole64(count), htole32(SECTOR)};
    append(log, &head, 28);
}

/* As many sectors as `letters` has, each full of one. */
UNUSED static void append_write(int log, uint64_t sector, uint64_t sectors, uint64_t flags,
                                const char *letters)
{
    const uint64_t entry[] = {htole64(sector), htole64(sectors), htole64(flags), 0};
    append(log, entry, sizeof(entry));
    for (; *letters; letters++) {
        char data[SECTOR];
        memset(data, *letters, sizeof(data));
        append(log, data, sizeof(data));
    }
}

UNUSED static int make_log(void)
{
    (void)unlink("log");
    int log = open("log", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(log >= 0);
    return log;
}

UNUSED static int make_image(void)
{
    int image = open("image", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(image >= 0);
    char data[DISK];
    memset(data, '.', sizeof(data));
    assert_int_equal(write(image, data, sizeof(data)), sizeof(data));
    return image;
}

#endif
