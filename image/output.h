/* Where an image goes: it replaces `output` as a whole, mode 0600; of a link the file it leads to;
 * what is there and no file is refused. */
#ifndef EBB_IMAGE_OUTPUT_H
#define EBB_IMAGE_OUTPUT_H

#include <stddef.h>

#include "base/error.h"

int output_write(const char *output, const void *data, size_t length, struct error *error);

#endif
