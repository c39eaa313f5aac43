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

/* Reads what it is made of, which must be what its digest says; `read` is for free(3). */
int boot_payload_read(int esp, const struct boot_payload *payload, char **read,
                      struct error *error);

#endif
