/* Decompression of what initramfs images and kernel modules come in: gzip, zstd, xz, lzma, lz4 and
 * bzip2, told apart by their magic as the kernel does it. */
#ifndef EBB_IMAGE_DECOMPRESS_H
#define EBB_IMAGE_DECOMPRESS_H

#include <stddef.h>

#include "base/error.h"

/* More than this is no initramfs, it is a bomb. */
#define DECOMPRESS_LIMIT ((size_t)1 << 30)

struct decompressed {
    char *data; /* for free(3) */
    size_t length;
    size_t used; /* bytes of the input, which may go on with something else */
};

/* "gzip", "zstd", "xz", "lzma", "lz4" or "bzip2"; NULL for everything else. */
const char *decompress_name(const void *data, size_t length);
/* Unpacks the one stream or frame at the beginning of `data`. Unlike other functions this one
 * fills `result` even when it fails: with all that came out before the damage. The code is
 * -ENODATA for input that is cut off and -EFBIG for a result beyond `limit`. */
int decompress(const void *data, size_t length, size_t limit, struct decompressed *result,
               struct error *error);

#endif
