/* The compressor of an image: one zstd frame, made piece by piece in memory.
 *
 * One thread, so that the same input gives the same bytes on every machine; the window stays at
 * 8 MiB, which every kernel's initramfs decoder accepts. */
#ifndef EBB_IMAGE_COMPRESS_H
#define EBB_IMAGE_COMPRESS_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

struct compressor;

struct compressor *compressor_new(int level);
void compressor_free(struct compressor *compressor); /* accepts NULL */
void compressor_cleanup(struct compressor **compressor);
#define auto_compressor AUTO(compressor_cleanup) struct compressor *

/* A failure is kept for compressor_finish(), so that writers need not look after every piece. */
void compressor_write(struct compressor *compressor, const void *data, size_t length);
/* Ends the frame. The result belongs to the compressor. */
int compressor_finish(struct compressor *compressor, const char **data, size_t *length,
                      struct error *error);

#endif
