/* What the ELF headers of a program or library say about the files it needs to run. */
#ifndef EBB_IMAGE_ELF_H
#define EBB_IMAGE_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct elf {
    unsigned class;   /* 32 or 64 */
    unsigned machine; /* EM_* */
    const char *interpreter;
    const char *soname;
    const char *rpath, *runpath; /* separated by ":"; NULL if there is none */
    const char **needed;
    size_t needed_count;
};

/* Reads the headers of the file `name`, of either byte order. Strings go to the arena. */
int elf_read(struct arena *arena, const char *name, const void *data, size_t length,
             struct elf *elf, struct error *error);
/* Whether something begins like an ELF file. */
int elf_looks_like_one(const void *data, size_t length);

#endif
