#include "image/compress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { WINDOW_LOG = 23 };

struct compressor {
    ZSTD_CCtx *zstd;
    FILE *stream; /* grows `frame` */
    char *frame;
    size_t length;
    size_t failure; /* the first error code of libzstd */
    size_t room;
    char piece[];
};

struct compressor *compressor_new(int level)
{
    size_t room = ZSTD_CStreamOutSize();
    struct compressor *compressor = calloc(1, sizeof(*compressor) + room);
    if (!compressor)
        memory_exhausted();
    compressor->room = room;
    compressor->zstd = ZSTD_createCCtx();
    compressor->stream = open_memstream(&compressor->frame, &compressor->length);
    if (!compressor->zstd || !compressor->stream)
        memory_exhausted();
    const struct {
        ZSTD_cParameter name;
        int value;
    } parameters[] = {
        {ZSTD_c_compressionLevel, level}, {ZSTD_c_windowLog, WINDOW_LOG}, {ZSTD_c_checksumFlag, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(parameters); i++) {
        size_t code =
            ZSTD_CCtx_setParameter(compressor->zstd, parameters[i].name, parameters[i].value);
        if (ZSTD_isError(code) && !compressor->failure)
            compressor->failure = code;
    }
    return compressor;
}

void compressor_free(struct compressor *compressor)
{
    if (!compressor)
        return;
    ZSTD_freeCCtx(compressor->zstd);
    fclose(compressor->stream);
    free(compressor->frame);
    free(compressor);
}

void compressor_cleanup(struct compressor **compressor)
{
    compressor_free(*compressor);
}

static void run(struct compressor *compressor, const void *data, size_t length,
                ZSTD_EndDirective directive)
{
    ZSTD_inBuffer input = {data, length, 0};
    size_t left = 1;
    while (!compressor->failure && (directive == ZSTD_e_end ? left > 0 : input.pos < length)) {
        ZSTD_outBuffer output = {compressor->piece, compressor->room, 0};
        left = ZSTD_compressStream2(compressor->zstd, &output, &input, directive);
        if (ZSTD_isError(left))
            compressor->failure = left;
        else if (fwrite(compressor->piece, 1, output.pos, compressor->stream) != output.pos)
            memory_exhausted();
    }
}

void compressor_write(struct compressor *compressor, const void *data, size_t length)
{
    run(compressor, data, length, ZSTD_e_continue);
}

int compressor_finish(struct compressor *compressor, const char **data, size_t *length,
                      struct error *error)
{
    run(compressor, NULL, 0, ZSTD_e_end);
    if (compressor->failure)
        return error_set(error, EIO, "cannot compress the image: %s",
                         ZSTD_getErrorName(compressor->failure));
    if (fflush(compressor->stream) != 0)
        memory_exhausted();
    *data = compressor->frame;
    *length = compressor->length;
    return 0;
}
