#include "mounts/sysfs.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

size_t sysfs_bytes(void *bytes, size_t size, const char *path)
{
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, size);
    return length < 0 ? 0 : (size_t)length;
}

bool sysfs_line(char *line, size_t size, const char *format, ...)
{
    char path[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    line[sysfs_bytes(line, size - 1, path)] = '\0';
    size_t length = strcspn(line, "\n");
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        length--;
    line[length] = '\0';
    return length > 0;
}
