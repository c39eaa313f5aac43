/* What must hold of a disk at every moment, for the checker of power cuts. */
#ifndef EBB_QEMU_TESTS_JUDGES_H
#define EBB_QEMU_TESTS_JUDGES_H

#include "vm/fat.h"

/* A file that entries name, and the size that is right for it. */
struct payload {
    const char *path;
    uint32_t size;
};

struct esp {
    struct arena *arena;
    struct payload *payloads;
    size_t count;
};

/* Takes the sizes of all that the entries of a whole partition name. */
int judge_learn(struct esp *esp, const char *image, struct error *error);
/* At least one of the entries has all files that it names, with a size that was learnt. `esp` is a
 * struct esp. */
int judge_entries(const char *image, void *esp, struct error *error);
/* The record of boots can be read, and has been written to. */
int judge_record(const char *image, void *nothing, struct error *error);

#endif
