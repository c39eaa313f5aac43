#include "image/decompress.h"

#include <bzlib.h>
#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/memory.h"

enum {
    LZ4_LEGACY_BLOCK = 8 << 20, /* what every block but the last unpacks to */
    CHUNK_SIZE = LZ4_LEGACY_BLOCK,
};
#define LZ4_LEGACY_MAGIC 0x184c2102u
#define XZ_MEMORY ((uint64_t)256 << 20) /* xz -9 takes 65 MiB */

struct stream {
    const unsigned char *input;
    size_t length, used;
    FILE *output;
    size_t produced, limit;
    unsigned char *chunk; /* CHUNK_SIZE bytes on their way to `output` */
};

static int emit(struct stream *stream, size_t length)
{
    if (length > stream->limit - stream->produced)
        return -EFBIG;
    if (fwrite(stream->chunk, 1, length, stream->output) != length)
        memory_exhausted();
    stream->produced += length;
    return 0;
}

static int unpack_gzip(struct stream *stream)
{
    z_stream z = {.next_in = (unsigned char *)stream->input, .avail_in = (unsigned)stream->length};
    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK) /* 16: a gzip header */
        memory_exhausted();
    int code = 0;
    for (int status = Z_OK; code == 0 && status != Z_STREAM_END;) {
        z.next_out = stream->chunk;
        z.avail_out = CHUNK_SIZE;
        status = inflate(&z, Z_NO_FLUSH);
        code = emit(stream, CHUNK_SIZE - z.avail_out);
        if (code == 0 && status == Z_BUF_ERROR)
            code = -ENODATA;
        else if (code == 0 && status != Z_OK && status != Z_STREAM_END)
            code = -EBADMSG;
    }
    stream->used = stream->length - z.avail_in;
    inflateEnd(&z);
    return code;
}

static int unpack_zstd(struct stream *stream)
{
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    if (!zstd)
        memory_exhausted();
    ZSTD_inBuffer input = {stream->input, stream->length, 0};
    int code = 0;
    for (size_t left = 1; code == 0 && left > 0;) {
        ZSTD_outBuffer output = {stream->chunk, CHUNK_SIZE, 0};
        left = ZSTD_decompressStream(zstd, &output, &input);
        code = emit(stream, output.pos);
        if (code == 0 && ZSTD_isError(left))
            code = -EBADMSG;
        else if (code == 0 && left > 0 && input.pos == input.size && output.pos < output.size)
            code = -ENODATA;
    }
    stream->used = input.pos;
    ZSTD_freeDCtx(zstd);
    return code;
}

static int run_lzma(struct stream *stream, lzma_stream *lzma)
{
    lzma->next_in = stream->input;
    lzma->avail_in = stream->length;
    int code = 0;
    for (lzma_ret status = LZMA_OK; code == 0 && status != LZMA_STREAM_END;) {
        lzma->next_out = stream->chunk;
        lzma->avail_out = CHUNK_SIZE;
        status = lzma_code(lzma, LZMA_FINISH);
        code = emit(stream, CHUNK_SIZE - lzma->avail_out);
        if (code == 0 && status == LZMA_BUF_ERROR)
            code = -ENODATA;
        else if (code == 0 && status == LZMA_MEMLIMIT_ERROR)
            code = -ENOMEM;
        else if (code == 0 && status != LZMA_OK && status != LZMA_STREAM_END)
            code = -EBADMSG;
    }
    stream->used = stream->length - lzma->avail_in;
    lzma_end(lzma);
    return code;
}

static int unpack_xz(struct stream *stream)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&lzma, XZ_MEMORY, 0) != LZMA_OK)
        memory_exhausted();
    return run_lzma(stream, &lzma);
}

static int unpack_lzma(struct stream *stream)
{
    lzma_stream lzma = LZMA_STREAM_INIT;
    if (lzma_alone_decoder(&lzma, XZ_MEMORY) != LZMA_OK)
        memory_exhausted();
    return run_lzma(stream, &lzma);
}

static int unpack_bzip2(struct stream *stream)
{
    bz_stream bzip2 = {.next_in = (char *)stream->input, .avail_in = (unsigned)stream->length};
    if (BZ2_bzDecompressInit(&bzip2, 0, 0) != BZ_OK)
        memory_exhausted();
    int code = 0;
    for (int status = BZ_OK; code == 0 && status != BZ_STREAM_END;) {
        bzip2.next_out = (char *)stream->chunk;
        bzip2.avail_out = CHUNK_SIZE;
        status = BZ2_bzDecompress(&bzip2);
        code = emit(stream, CHUNK_SIZE - bzip2.avail_out);
        if (code == 0 && status != BZ_OK && status != BZ_STREAM_END)
            code = -EBADMSG;
        else if (code == 0 && status == BZ_OK && bzip2.avail_in == 0 && bzip2.avail_out > 0)
            code = -ENODATA;
    }
    stream->used = stream->length - bzip2.avail_in;
    BZ2_bzDecompressEnd(&bzip2);
    return code;
}

static uint32_t little_endian(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The legacy format has no end mark: like the kernel, take the end of the input or a block of no
 * length (the padding before the next archive), and pass over a repeated magic. */
static int unpack_lz4_legacy(struct stream *stream)
{
    for (stream->used = 4; stream->length - stream->used >= 4;) {
        const unsigned char *at = stream->input + stream->used;
        uint32_t size = little_endian(at);
        if (size == 0)
            return 0;
        if (size == LZ4_LEGACY_MAGIC) {
            stream->used += 4;
            continue;
        }
        if (size > (uint32_t)LZ4_compressBound(LZ4_LEGACY_BLOCK))
            return -EBADMSG;
        if (size > stream->length - stream->used - 4)
            return -ENODATA;
        int length = LZ4_decompress_safe((const char *)at + 4, (char *)stream->chunk, (int)size,
                                         LZ4_LEGACY_BLOCK);
        int code = length < 0 ? -EBADMSG : emit(stream, (size_t)length);
        if (code < 0)
            return code;
        stream->used += 4 + size;
    }
    for (size_t i = stream->used; i < stream->length; i++)
        if (stream->input[i])
            return -ENODATA;
    return 0;
}

static int unpack_lz4_frame(struct stream *stream)
{
    LZ4F_dctx *lz4 = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)))
        memory_exhausted();
    int code = 0;
    for (size_t left = 1; code == 0 && left > 0;) {
        size_t taken = stream->length - stream->used, made = CHUNK_SIZE;
        left =
            LZ4F_decompress(lz4, stream->chunk, &made, stream->input + stream->used, &taken, NULL);
        if (LZ4F_isError(left)) {
            code = -EBADMSG;
            break;
        }
        stream->used += taken;
        code = emit(stream, made);
        if (code == 0 && left > 0 && taken == 0 && made == 0)
            code = -ENODATA;
    }
    LZ4F_freeDecompressionContext(lz4);
    return code;
}

static const struct format {
    const char *name;
    const char *magic;
    size_t magic_length;
    int (*unpack)(struct stream *stream);
} formats[] = {
    {"gzip", "\x1f\x8b", 2, unpack_gzip},
    {"zstd", "\x28\xb5\x2f\xfd", 4, unpack_zstd},
    {"xz", "\xfd\x37zXZ", 5, unpack_xz},
    {"lzma", "\x5d\x00\x00", 3, unpack_lzma},
    {"lz4", "\x02\x21\x4c\x18", 4, unpack_lz4_legacy},
    {"lz4", "\x04\x22\x4d\x18", 4, unpack_lz4_frame},
    {"bzip2", "BZh", 3, unpack_bzip2},
};

static const struct format *recognize(const void *data, size_t length)
{
    for (const struct format *format = formats; format < formats + ARRAY_LENGTH(formats); format++)
        if (length >= format->magic_length &&
            memcmp(data, format->magic, format->magic_length) == 0)
            return format;
    return NULL;
}

const char *decompress_name(const void *data, size_t length)
{
    const struct format *format = recognize(data, length);
    return format ? format->name : NULL;
}

static int explain(int code, const char *name, const struct stream *stream, struct error *error)
{
    switch (code) {
    case 0:
        return 0;
    case -ENODATA:
        return error_set(error, ENODATA, "the %s data is cut off", name);
    case -EFBIG:
        return error_set(error, EFBIG, "the %s data holds more than %zu bytes", name,
                         stream->limit);
    case -ENOMEM:
        return error_set(error, ENOMEM, "unpacking the %s data takes more than %u MiB of memory",
                         name, (unsigned)(XZ_MEMORY >> 20));
    default:
        return error_set(error, EBADMSG, "the %s data is damaged near its byte %zu", name,
                         stream->used);
    }
}

int decompress(const void *data, size_t length, size_t limit, struct decompressed *result,
               struct error *error)
{
    *result = (struct decompressed){0};
    const struct format *format = recognize(data, length);
    if (!format)
        return error_set(error, EBADMSG, "the data is compressed in no known way");
    if (length > UINT_MAX) /* zlib and libbz2 count in 32 bits */
        return error_set(error, EFBIG, "the %s data is larger than 4 GiB", format->name);
    struct stream stream = {.input = data, .length = length, .limit = limit};
    stream.output = open_memstream(&result->data, &result->length);
    stream.chunk = malloc(CHUNK_SIZE);
    if (!stream.output || !stream.chunk)
        memory_exhausted();
    int code = format->unpack(&stream);
    if (fclose(stream.output) != 0)
        memory_exhausted();
    free(stream.chunk);
    result->used = stream.used;
    return explain(code, format->name, &stream, error);
}
