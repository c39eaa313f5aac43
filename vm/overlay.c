#include "vm/overlay.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* The first clusters of the file: header, table of reference blocks, the one block there is, and
 * the first level of the map of the disk, which is all holes. */
enum { CLUSTER_BITS = 16, REFCOUNTS_AT = 1, BLOCK_AT = 2, MAP_AT = 3 };
#define CLUSTER (1LL << CLUSTER_BITS)

/* docs/interop/qcow2.txt of QEMU; numbers are big-endian. */
struct header {
    uint32_t magic, version;
    uint64_t backing_file_offset;
    uint32_t backing_file_size, cluster_bits;
    uint64_t size;
    uint32_t crypt_method, l1_size;
    uint64_t l1_table_offset, refcount_table_offset;
    uint32_t refcount_table_clusters, nb_snapshots;
    uint64_t snapshots_offset;
} __attribute__((packed));

static int make_file(struct error *error)
{
    const char *folder = getenv("TMPDIR");
    char path[] = "/var/tmp/ebb-changes-XXXXXX"; /* disks are too large for a /tmp in memory */
    int fd = open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot make a file in /var/tmp for a disk's changes");
    unlink(path);
    return fd;
}

int overlay_make(const char *image, struct error *error)
{
    struct stat status;
    if (stat(image, &status) < 0)
        return error_system(error, errno, "cannot look at the disk image \"%s\"", image);
    uint64_t reach = (uint64_t)CLUSTER * (CLUSTER / 8); /* of one entry of the first level */
    uint64_t entries = ((uint64_t)status.st_size + reach - 1) / reach;
    if (entries > CLUSTER / 8)
        return error_set(error, EFBIG, "the disk image \"%s\" is too large for a snapshot", image);
    const struct header header = {
        .magic = htobe32(0x514649fb), /* "QFI\xfb" */
        .version = htobe32(2),
        .cluster_bits = htobe32(CLUSTER_BITS),
        .size = htobe64((uint64_t)status.st_size),
        .l1_size = htobe32((uint32_t)entries),
        .l1_table_offset = htobe64(MAP_AT * CLUSTER),
        .refcount_table_offset = htobe64(REFCOUNTS_AT * CLUSTER),
        .refcount_table_clusters = htobe32(1),
    };
    uint64_t block = htobe64(BLOCK_AT * CLUSTER);
    uint16_t counts[MAP_AT + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        counts[i] = htobe16(1);
    auto_fd fd = make_file(error);
    if (fd < 0)
        return fd;
    if (ftruncate(fd, (MAP_AT + 1) * CLUSTER) < 0 ||
        pwrite(fd, &header, sizeof(header), 0) != sizeof(header) ||
        pwrite(fd, &block, sizeof(block), REFCOUNTS_AT * CLUSTER) != sizeof(block) ||
        pwrite(fd, counts, sizeof(counts), BLOCK_AT * CLUSTER) != sizeof(counts))
        return error_system(error, errno ? errno : ENOSPC, "cannot write a disk's changes");
    return TAKE_FD(fd);
}
