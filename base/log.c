#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int kernel_log = -1;
static enum log_level threshold = LOG_LEVEL_INFO;

static void set_limit(const char *value)
{
    int limit = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC);
    if (limit < 0)
        return;
    (void)!write(limit, value,
                 strlen(value)); /* a kernel that was told `printk.devkmsg=` refuses */
    close(limit);
}

void log_to_kernel(void)
{
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    kernel_log = fd;
    /* The kernel drops lines of a chatty writer by default; a boot has few, and each matters. */
    set_limit("on\n");
}

void log_release(void)
{
    set_limit("ratelimit\n");
}

void log_close_others(void)
{
    bool to_kernel = kernel_log >= 0;
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* what stays open is only kept longer */
    kernel_log = to_kernel ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC) : -1;
}

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > threshold)
        return;
    /* The kernel cuts a record at about 1000 bytes; one write is one record. */
    char line[900];
    int length = kernel_log >= 0 ? snprintf(line, sizeof(line), "<%d>ebb: ", (int)level)
                                 : snprintf(line, sizeof(line), "ebb: ");
    va_list arguments;
    va_start(arguments, format);
    int rest = vsnprintf(line + length, sizeof(line) - (size_t)length - 1, format, arguments);
    va_end(arguments);
    if (rest < 0)
        return;
    length += rest;
    if ((size_t)length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    (void)!write(kernel_log >= 0 ? kernel_log : STDERR_FILENO, line,
                 (size_t)length); /* no log to tell it */
}
