/* One sentence about one object, written by whoever knows the object.
 *
 * Functions return 0 or -errno and fill a struct error; callers add a prefix at most, and only
 * boot.c, the tool's verbs and apply print it. Fixed size, so that failing never allocates. */
#ifndef EBB_BASE_ERROR_H
#define EBB_BASE_ERROR_H

struct error {
    int code; /* a positive errno, 0 while nothing went wrong */
    char text[512];
};

/* All three return -code, so that a failing function ends in `return error_set(...)`. */
int error_set(struct error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ": " and the words of errno behind the sentence. */
int error_system(struct error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts words before a sentence that is already there, to say on whose behalf it failed. */
int error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
