#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { CHUNK_SIZE = 64 * 1024, ALIGNMENT = 16 };

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct chunk *newest;
};

void memory_close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

void memory_free_string(char **string)
{
    free(*string);
}

void memory_close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

void memory_close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

int memory_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

void memory_exhausted(void)
{
    log_error("out of memory");
    abort();
}

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        memory_exhausted();
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *chunk = arena->newest, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

void arena_cleanup(struct arena **arena)
{
    arena_free(*arena);
}

static struct chunk *chunk_new(struct arena *arena, size_t size)
{
    struct chunk *chunk =
        size > SIZE_MAX - sizeof(*chunk) ? NULL : calloc(1, sizeof(*chunk) + size);
    if (!chunk)
        memory_exhausted();
    chunk->size = size;
    chunk->next = arena->newest;
    arena->newest = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT)
        memory_exhausted();
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct chunk *chunk = arena->newest;
    if (!chunk || chunk->size - chunk->used < size)
        chunk = chunk_new(arena, size > CHUNK_SIZE ? size : CHUNK_SIZE);
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memory;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_string(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        memory_exhausted();
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_size)
{
    if (count & (count - 1)) /* not at a power of two: there is room */
        return array;
    size_t capacity = count ? count * 2 : 1;
    if (capacity > SIZE_MAX / element_size)
        memory_exhausted();
    void *moved = arena_alloc(arena, capacity * element_size);
    if (count)
        memcpy(moved, array, count * element_size);
    return moved;
}
