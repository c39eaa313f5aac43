/* What stands on a serial line between the kernel's own lines, which come at any moment. */
#include <string.h>

#include "vm/machine.h"

/* "[   12.345678] " */
static bool is_kernel_line(const char *text)
{
    size_t number = *text == '[' ? 1 + strspn(text + 1, " 0123456789.") : 0;
    return number > 1 && strncmp(text + number, "] ", 2) == 0;
}

const char *vm_screen(const struct vm *vm, struct arena *arena)
{
    const char *serial = vm_serial_of_boot(vm);
    char *screen = arena_alloc(arena, strlen(serial) + 1), *to = screen;
    /* The kernel's lines are whole, but they stand in the middle of what others were writing. */
    for (const char *at = serial; *at; at++) {
        if (is_kernel_line(at))
            at += strcspn(at, "\n");
        else if (*at != '\r')
            *to++ = *at;
        if (!*at)
            break;
    }
    return screen;
}

/* Where `text` ends if it begins at `at`, whatever the kernel says in the middle of it; or NULL. */
static const char *end_of(const char *at, const char *text)
{
    while (*text) {
        if (*text != '[' && is_kernel_line(at)) {
            at += strcspn(at, "\n");
            at += *at == '\n';
        } else if (*at == '\r' && *text != '\r') {
            at++;
        } else if (*at++ != *text++) {
            return NULL;
        }
    }
    return at;
}

const char *screen_find(const char *serial, const char *text)
{
    for (const char *at = serial; *at; at++) {
        const char *end = *at == *text || is_kernel_line(at) ? end_of(at, text) : NULL;
        if (end)
            return end;
    }
    return NULL;
}
