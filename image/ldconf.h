/* /etc/ld.so.conf: folders with libraries that no program and no loader knows by itself. */
#ifndef EBB_IMAGE_LDCONF_H
#define EBB_IMAGE_LDCONF_H

#include <stddef.h>

#include "base/memory.h"

/* The folders in their order, those of included files too. No file, no folders: musl and NixOS
 * have none. */
void ldconf_read(struct arena *arena, int root, const char ***folders, size_t *count);

#endif
