#include "base/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/locked.h"
#include "base/memory.h"

/* An escape sequence that a serial line or a network brings in pieces takes no longer between its
 * first two bytes, and nobody types Escape and "[" that fast. */
enum { ESCAPE_MILLISECONDS = 50, ESCAPE_BYTE = 0x1b };

/* How far an escape sequence has come. */
enum escape {
    ESCAPE_NONE,
    ESCAPE_BEGUN, /* the Escape key, or the first byte of a sequence */
    ESCAPE_CSI,   /* after ESC [ */
    ESCAPE_REST,  /* up to and with a letter */
    ESCAPE_LAST,  /* one more byte, whatever it is: ESC [ [ A is F1 of a virtual terminal */
};

struct source {
    int fd; /* -1 once it has hung up */
    struct termios before;
    enum escape escape;
    int kept; /* a byte that was read, but belongs to the next key; -1 if there is none */
};

/* In locked memory, since what was typed may be a passphrase. */
struct console_input {
    size_t count;
    size_t
        next; /* whose turn it is, so that a noisy line does not keep the others from being read */
    struct source sources[CONSOLE_MAX];
};

struct names {
    size_t count;
    char devices[CONSOLE_MAX][64];
};

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

static void find_active(struct names *names)
{
    char text[512] = "";
    auto_fd active = open("/sys/class/tty/console/active", O_RDONLY | O_CLOEXEC);
    ssize_t got = active >= 0 ? read(active, text, sizeof(text) - 1) : -1;
    text[got > 0 ? got : 0] = '\0';
    names->count = 0;
    for (char *rest = text, *name; names->count < CONSOLE_MAX;) {
        name = strtok_r(rest, " \n", &rest);
        if (!name)
            break;
        char *device = names->devices[names->count++];
        snprintf(device, sizeof(names->devices[0]), "/dev/%s", name);
    }
    if (names->count == 0)
        strcpy(names->devices[names->count++], "/dev/console");
}

static void write_text(int fd, const char *text)
{
    char line[4096];
    size_t length = 0;
    for (const char *at = text; *at && length + 2 < sizeof(line); at++) {
        if (*at == '\n')
            line[length++] = '\r'; /* the real init may have left the line raw */
        line[length++] = *at;
    }
    (void)!write(fd, line, length); /* the other consoles may still work */
}

void console_print(const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct names names;
    find_active(&names);
    for (size_t i = 0; i < names.count; i++) {
        auto_fd fd = open(names.devices[i], O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            write_text(fd, text);
    }
}

/* Output stays as it is: children write to the same terminal. A line that does not drain must not
 * stop PID 1, so nothing here waits for it. */
static bool make_raw(int fd, struct termios *before)
{
    if (tcgetattr(fd, before) < 0)
        return false;
    struct termios raw = *before;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON | IXOFF | BRKINT | PARMRK);
    raw.c_cc[VMIN] = 1; /* with 0, having nothing to read looks like a terminal that hung up */
    raw.c_cc[VTIME] = 0;
    return tcsetattr(fd, TCSANOW, &raw) == 0 && tcflush(fd, TCIFLUSH) == 0;
}

int console_listen_on(const char *const *devices, size_t count, struct console_input **input,
                      struct error *error)
{
    void *memory;
    int code = locked_new(sizeof(**input), &memory, error);
    if (code < 0)
        return code;
    struct console_input *opened = memory;
    for (size_t i = 0; i < count && opened->count < CONSOLE_MAX; i++) {
        struct source *source = &opened->sources[opened->count];
        auto_fd fd = open(devices[i], O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || !make_raw(fd, &source->before))
            continue;
        source->fd = TAKE_FD(fd);
        source->kept = -1;
        opened->count++;
    }
    if (opened->count == 0) {
        locked_free(opened, sizeof(*opened));
        return error_set(error, ENODEV, "no console can be read");
    }
    *input = opened;
    return 0;
}

int console_listen(struct console_input **input, struct error *error)
{
    static const char *const standard[] = {"/dev/console"};
    struct names names;
    const char *devices[CONSOLE_MAX];
    find_active(&names);
    for (size_t i = 0; i < names.count; i++)
        devices[i] = names.devices[i];
    return console_listen_on(devices, names.count, input, error) < 0
               ? console_listen_on(standard, 1, input, error)
               : 0;
}

void console_input_free(struct console_input *input)
{
    /* Backwards, so that a terminal that is there under two names ends as the first found it. */
    for (size_t i = input ? input->count : 0; i > 0; i--) {
        struct source *source = &input->sources[i - 1];
        if (source->fd < 0)
            continue;
        (void)tcsetattr(source->fd, TCSANOW, &source->before); /* it may have hung up just now */
        close(source->fd);
    }
    locked_free(input, sizeof(*input));
}

size_t console_pollfds(const struct console_input *input, struct pollfd *fds, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < input->count && count < room; i++)
        if (input->sources[i].fd >= 0)
            fds[count++] = (struct pollfd){.fd = input->sources[i].fd, .events = POLLIN};
    return count;
}

int console_fd(const struct console_input *input, size_t console)
{
    return console < input->count ? input->sources[console].fd : -1;
}

void console_write(const struct console_input *input, size_t console, const char *text)
{
    int fd = console_fd(input, console);
    if (fd >= 0)
        write_text(fd, text);
}

/* Whether the byte belongs to an escape sequence. A control character or one that is not ASCII
 * cannot: then the sequence was broken off. */
static bool swallow(struct source *source, unsigned char byte)
{
    if (byte == ESCAPE_BYTE) {
        source->escape = ESCAPE_BEGUN;
        return true;
    }
    enum escape before = source->escape;
    source->escape = ESCAPE_NONE;
    if (before == ESCAPE_NONE || byte < 0x20 || byte >= 0x7f)
        return false;
    if (before == ESCAPE_BEGUN)
        source->escape = byte == '[' ? ESCAPE_CSI : ESCAPE_REST;
    else if (before == ESCAPE_CSI && byte == '[')
        source->escape = ESCAPE_LAST;
    else if (before != ESCAPE_LAST && byte < 0x40) /* a parameter, as in ESC [ 1 5 ~ */
        source->escape = ESCAPE_REST;
    return true;
}

static enum console_kind kind_of(unsigned char byte)
{
    switch (byte) {
    case '\r':
    case '\n':
        return CONSOLE_ENTER;
    case '\b':
    case 0x7f:
        return CONSOLE_BACKSPACE;
    case 'U' & 0x1f:
        return CONSOLE_CLEAR;
    case '\t':
        return CONSOLE_TAB;
    default:
        return byte < 0x20 ? CONSOLE_CONTROL : CONSOLE_BYTE;
    }
}

/* The next byte, which is read alone: what is typed after an Enter must stay in the terminal, where
 * poll(2) sees it, and where the next question discards it. */
static int take_byte(struct source *source, unsigned char *byte)
{
    if (source->kept >= 0) {
        *byte = (unsigned char)source->kept;
        source->kept = -1;
        return 0;
    }
    if (source->fd < 0)
        return -ENODEV;
    ssize_t got = read(source->fd, byte, 1);
    if (got == 1)
        return 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return -EAGAIN;
    close(source->fd); /* it hung up, such as an unplugged serial line */
    source->fd = -1;
    source->escape = ESCAPE_NONE;
    return -ENODEV;
}

static int next_key(struct source *source, struct console_key *key)
{
    for (;;) {
        struct pollfd more = {.fd = source->fd, .events = POLLIN};
        bool alone = source->escape == ESCAPE_BEGUN && poll(&more, 1, ESCAPE_MILLISECONDS) <= 0;
        unsigned char byte = 0;
        int code = alone ? 0 : take_byte(source, &byte);
        if (code < 0)
            return code;
        if (source->escape == ESCAPE_BEGUN && (alone || (byte != '[' && byte != 'O'))) {
            source->escape = ESCAPE_NONE;
            source->kept = alone ? -1 : byte;
            key->kind = CONSOLE_ESCAPE;
            return 0;
        }
        if (swallow(source, byte))
            continue;
        key->kind = kind_of(byte);
        key->byte = (char)byte;
        return 0;
    }
}

int console_key(struct console_input *input, struct console_key *key)
{
    size_t gone = 0;
    for (size_t i = 0; i < input->count; i++) {
        size_t number = (input->next + i) % input->count;
        struct console_key pressed = {.console = number};
        int code = next_key(&input->sources[number], &pressed);
        if (code == 0) {
            input->next = number + 1;
            *key = pressed;
            return 0;
        }
        gone += code == -ENODEV;
    }
    return gone == input->count ? -ENODEV : -EAGAIN;
}

/* 1: Enter was pressed, 0: not yet, -ENODEV: nobody can press it any more. */
static int entered(struct console_input *input)
{
    struct console_key key;
    int code;
    while ((code = console_key(input, &key)) == 0)
        if (key.kind == CONSOLE_ENTER)
            return 1;
    return code == -ENODEV ? code : 0;
}

bool console_enter(const char *question, unsigned milliseconds)
{
    struct console_input *input = NULL;
    struct error error; /* nobody could read it: without a console only the clock answers */
    int state = console_listen(&input, &error) < 0 ? -ENODEV : 0;
    console_print("%s", question);
    unsigned long start = clock_microseconds() / 1000;
    while (state != 1 && (milliseconds || state == 0)) {
        unsigned long waited = clock_microseconds() / 1000 - start;
        if (milliseconds && waited >= milliseconds)
            break;
        struct pollfd fds[CONSOLE_MAX];
        size_t count = input ? console_pollfds(input, fds, CONSOLE_MAX) : 0;
        int rest = milliseconds ? (int)(milliseconds - waited) : -1;
        (void)poll(fds, count, rest); /* the clock and the keys are asked anyway */
        if (input)
            state = entered(input);
    }
    console_input_free(input);
    return state == 1;
}
