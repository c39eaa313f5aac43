/* What entries name: kernels and images, or unified images that have both in them. */
#ifndef EBB_TOOL_BOOT_PAYLOAD_H
#define EBB_TOOL_BOOT_PAYLOAD_H

#include "generations/entry.h"

struct boot_payload {
    struct entry_file file;
    bool is_there;    /* whole, where it belongs; the rest says what to make it of */
    const char *data; /* NULL: it is a copy of `source` in `folder` */
    int folder;       /* -1: that of the boot partition */
    const char *source;
    const char *section; /* and of this alone, of a unified image; NULL: of all of it */
};

/* What it is made of. That is read if it has to be, and must be what its digest says; `read` is for
 * free(3). */
int boot_payload_read(int esp, const struct boot_payload *payload, char **read, const char **data,
                      struct error *error);

#endif
