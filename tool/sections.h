/* What `ebb image` sees of a unified kernel image: its sections, and the initramfs that is one of
 * them. */
#ifndef EBB_TOOL_SECTIONS_H
#define EBB_TOOL_SECTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* Narrows the image `name` to its initramfs. One that is no unified kernel image stays as it is. */
int sections_initramfs(const char *name, const char **data, size_t *length, struct error *error);
/* Writes a line for each section: its name, its size, and the words of those that have some. */
int sections_list(const char *name, const char *data, size_t length, bool json, bool terminal,
                  FILE *out, struct error *error);

#endif
