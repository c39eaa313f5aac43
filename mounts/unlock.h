/* One key tried on one container, in a child of its own: deriving a key takes seconds and a
 * gigabyte, meanwhile PID 1 goes on, and the memory of the key goes with the child. */
#ifndef EBB_MOUNTS_UNLOCK_H
#define EBB_MOUNTS_UNLOCK_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "plan/config.h"

/* A key file may be a whole photograph. */
#define UNLOCK_KEY_MAX ((size_t)8 << 20)

struct unlock_request {
    const struct volume *volume;
    const char *device;        /* of the container */
    const char *key_device;    /* where the key file lies; NULL: in the image */
    const char *header_device; /* the same of the header */
    const char *passphrase;    /* NULL: by the key file */
    size_t length;
};

/* The name in /dev/mapper. */
const char *unlock_name(const struct volume *volume);
/* Starts a child. `report` can be read once it has ended. */
int unlock_start(const struct unlock_request *request, pid_t *child, int *report,
                 struct error *error);
/* What the child did, once `report` can be read; closes it, and the child is gone. -EPERM: it was
 * not the right key; -ENOMEM: there is too little memory to say. */
int unlock_result(pid_t child, int report, struct error *error);

#endif
