/* A child that decrypts one file, so that nothing a file contains can hurt PID 1: its memory is
 * locked and in no core dump, its time and memory are limited, and before it looks at the file it
 * gives up all system calls but those that memory takes. It has the keys, and PID 1 never sees
 * them; what it decrypted comes back in memory that both share. */
#ifndef EBB_SECRETS_WORKER_H
#define EBB_SECRETS_WORKER_H

#include "plan/config.h"
#include "secrets/fault.h"
#include "secrets/secret.h"

/* Files that are open, or were read already, by the names that messages give them. */
struct worker_file {
    const char *name;
    int fd;
    const struct secret *text; /* NULL: what is in the file */
};

struct worker_job {
    struct worker_file file;
    const char *sha256; /* that it must have, or NULL */
    const struct worker_file *keys;
    size_t key_count;
    const struct secret *passphrase;          /* another key, or NULL */
    const struct secret_entry *const *wanted; /* of that file */
    size_t count;
};

struct worker_answer {
    enum fault fault;
    const char *reason;  /* a sentence; NULL: it was had */
    struct secret value; /* in the shared memory, which worker_end wipes */
};

struct worker_result {
    struct worker_answer *answers; /* by the place in `wanted` */
    void *shared;
    size_t size;
};

/* Fails only if there is no child; a child that fails is a fault of every secret. */
int worker_run(struct arena *arena, const struct worker_job *job, struct worker_result *result,
               struct error *error);
void worker_end(struct worker_result *result);
/* Gives up, for good, all system calls but those that memory takes: all others fail with EPERM. */
int worker_confine(void);

#endif
