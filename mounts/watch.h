/* The way of all volumes from "declared" to "can be mounted", side by side in one loop: each is
 * found, unlocked, made whole. A step of the plan waits for one of them, and the others go on
 * meanwhile, so that the key of one is derived while another one spins up.
 *
 * Everything is waited for by events of the kernel; only a medium that could not be read is looked
 * at again by the clock. No limit counts while a person is asked or a key is derived. */
#ifndef EBB_MOUNTS_WATCH_H
#define EBB_MOUNTS_WATCH_H

#include "mounts/blocks.h"
#include "plan/context.h"

enum volume_stage {
    VOLUME_AWAITED,
    VOLUME_FOUND, /* its device is there */
    VOLUME_OPEN,  /* state->device can be read: it was never locked, or was unlocked */
    VOLUME_WHOLE, /* nothing that it lies on is missing */
};

/* The child that tries one key on one container. */
struct attempt {
    pid_t child; /* 0: none */
    int report;  /* it writes a struct error when it is done */
    bool is_key; /* the key file, not a passphrase */
};

struct progress {
    enum volume_stage stage;
    char device[300];       /* that was found: of a container, the container */
    struct error error;     /* it cannot come further */
    unsigned long waited;   /* ms of the step that waits for it */
    struct attempt attempt; /* to unlock it */
    unsigned tried;         /* how many of the passphrases */
    unsigned wrong;         /* how many of those typed for it */
    bool key_failed;
};

struct watch {
    struct context *context;
    struct blocks *blocks;
    int events;                /* of the kernel; -1: none, so look again and again */
    unsigned long begun;       /* when it began, in ms */
    unsigned long stirred;     /* when anything last happened to a device; 0: never */
    unsigned long read_again;  /* when the unreadable was last looked at */
    unsigned assembled;        /* blocks->changes when members of groups were last looked for */
    struct progress *volumes;  /* by volume->number */
    struct passphrases *typed; /* NULL until somebody is asked */
    unsigned typed_count;      /* in this boot: a number is never used again, even if wiped */
    bool one_by_one;           /* memory does not suffice for two keys at once */
};

/* Goes on with all volumes until this one has come that far. */
int watch_until(struct context *context, const struct volume *volume, enum volume_stage stage,
                struct error *error);
/* Forgets failures, and which devices were found, so that what failed may be tried anew. */
void watch_retry(struct context *context);
/* For who waits for a person meanwhile: a descriptor that can be read when devices change, -1 for
 * none; and whether what the volume was waiting for has come since. Nobody is asked. */
int watch_events(struct context *context);
bool watch_came(struct context *context, const struct volume *volume);
/* The block devices that are there by now. */
const struct blocks *watch_blocks(struct context *context);
/* A line per block device with its tags. */
void watch_print(struct context *context, FILE *stream);
/* Wipes all passphrases; what is open stays open. */
void watch_wipe(struct context *context);
/* Wipes all passphrases and forgets the devices: the volumes are up. */
void watch_close(struct context *context);

#endif
