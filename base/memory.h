/* Ownership: cleanup by attribute, hand-over by macro, and arenas for what lives as long as a
 * configuration or a plan.
 *
 * Running out of memory is not an error that callers handle: a machine that cannot spare a few
 * kilobytes for its configuration cannot boot, so memory_exhausted() ends the program, and in
 * PID 1 the fault handler takes it from there. */
#ifndef EBB_BASE_MEMORY_H
#define EBB_BASE_MEMORY_H

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>

#define AUTO(destructor) __attribute__((cleanup(destructor)))
#define auto_fd AUTO(memory_close_fd) int
#define auto_string AUTO(memory_free_string) char *
#define auto_file AUTO(memory_close_file) FILE *
#define auto_dir AUTO(memory_close_dir) DIR *

/* Moves a descriptor or a pointer out of a variable that would clean it up. */
#define TAKE_FD(fd) memory_take_fd(&(fd))
#define TAKE_PTR(pointer)                                                                          \
    ({                                                                                             \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

void memory_close_fd(const int *fd);
void memory_free_string(char **string);
void memory_close_file(FILE **file);
void memory_close_dir(DIR **dir);
int memory_take_fd(int *fd);
_Noreturn void memory_exhausted(void);

/* Everything allocated from an arena is zeroed, is never NULL, and goes when the arena goes. */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *arena); /* accepts NULL */
void arena_cleanup(struct arena **arena);
#define auto_arena AUTO(arena_cleanup) struct arena *

void *arena_alloc(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *text, size_t length); /* adds the final NUL */
char *arena_string(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for one more element in an array that only grows: returns the array, moved if it had to
 * be. The capacity is not stored: it is the next power of two of the count. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_size);
#define ARENA_PUSH(arena, array, count)                                                            \
    ((array) = arena_grow((arena), (array), (count), sizeof(*(array))), &(array)[(count)++])

#endif
