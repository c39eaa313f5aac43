#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A caller that passes 0 still failed; it must not look like success. */
static int store(struct error *error, int code)
{
    error->code = code > 0 ? code : EIO;
    return -error->code;
}

int error_set(struct error *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return store(error, code);
}

int error_system(struct error *error, int code, const char *format, ...)
{
    char sentence[sizeof(error->text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    snprintf(error->text, sizeof(error->text), "%.400s: %s", sentence, strerror(code));
    return store(error, code);
}

int error_prefix(struct error *error, const char *format, ...)
{
    char prefix[sizeof(error->text)], sentence[sizeof(error->text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);
    memcpy(sentence, error->text, sizeof(sentence));
    snprintf(error->text, sizeof(error->text), "%.200s: %.300s", prefix, sentence);
    return -error->code;
}
