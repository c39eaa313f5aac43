#include "base/locked.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Whole pages of its own: a lock holds for pages, and munlock would free a neighbour's, too. */
int locked_new(size_t size, void **memory, struct error *error)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return error_system(error, errno, "cannot get %zu bytes for a secret", size);
    if (mlock(pages, size) < 0 || madvise(pages, size, MADV_DONTDUMP) < 0) {
        int code = errno;
        munmap(pages, size);
        return error_system(error, code, "cannot lock %zu bytes for a secret in memory", size);
    }
    *memory = pages;
    return 0;
}

void locked_free(void *memory, size_t size)
{
    if (!memory)
        return;
    explicit_bzero(memory, size);
    munmap(memory, size);
}
