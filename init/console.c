#include "init/console.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

static bool exists;

void console_open(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    exists = fd >= 0;
    if (fd < 0)
        fd = open("/dev/null", O_RDWR);
    if (fd < 0)
        return; /* without devtmpfs there is nobody to tell */
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
        (void)dup2(fd, standard); /* the kernel gave PID 1 a console of its own before */
    if (fd > STDERR_FILENO)
        close(fd);
}

bool console_exists(void)
{
    return exists;
}

static void write_to(const char *device, const char *text, size_t length)
{
    auto_fd fd = open(device, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, text, length); /* the other consoles may still work */
}

void console_print(const char *format, ...)
{
    char text[2048], line[4096], names[512] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    size_t length = 0;
    for (const char *at = text; *at && length + 2 < sizeof(line); at++) {
        if (*at == '\n')
            line[length++] = '\r'; /* the real init may have left the line raw */
        line[length++] = *at;
    }
    auto_fd active = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
    ssize_t got = active >= 0 ? read(active, names, sizeof(names) - 1) : -1;
    names[got > 0 ? got : 0] = '\0';
    char *rest = names, *name = strtok_r(names, " \n", &rest);
    if (!name)
        write_to("/dev/console", line, length);
    for (; name; name = strtok_r(NULL, " \n", &rest)) {
        char device[300];
        snprintf(device, sizeof(device), "/dev/%s", name);
        write_to(device, line, length);
    }
}

bool console_enter(const char *question, unsigned milliseconds)
{
    (void)tcflush(STDIN_FILENO, TCIFLUSH); /* no terminal, nothing typed */
    console_print("%s", question);
    unsigned long start = clock_microseconds() / 1000;
    for (;;) {
        unsigned long waited = clock_microseconds() / 1000 - start;
        if (milliseconds && waited >= milliseconds)
            return false;
        struct pollfd wait = {.fd = exists ? STDIN_FILENO : -1, .events = POLLIN};
        int ready = poll(&wait, 1, milliseconds ? (int)(milliseconds - waited) : -1);
        char key;
        if (ready <= 0)
            continue;
        ssize_t got = read(STDIN_FILENO, &key, 1);
        if (got == 1 && (key == '\n' || key == '\r'))
            return true;
        if (got <= 0) { /* it hung up, such as an unplugged serial line */
            exists = false;
            if (!milliseconds)
                return false;
        }
    }
}
