#include "init/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { PAGE = 22, COLUMNS = 80, RECORD = 8192 };

/* True: go on with the next page. */
static bool wait_for_key(struct console_input *input, unsigned limit)
{
    unsigned long start = clock_milliseconds();
    for (;;) {
        struct console_key key;
        struct pollfd waits[CONSOLE_MAX];
        int code = console_key(input, &key);
        unsigned long waited = clock_milliseconds() - start;
        if (code == 0)
            return key.kind != CONSOLE_ESCAPE && !(key.kind == CONSOLE_BYTE && key.byte == 'q');
        if (code == -ENODEV || (limit && waited >= limit))
            return false;
        (void)poll(waits, console_pollfds(input, waits, CONSOLE_MAX),
                   limit ? (int)(limit - waited) : -1); /* the key and the clock say */
    }
}

/* "6,123,4567890,-;ebb: begin\n KEY=VALUE\n" */
const char *journal_text(char *record)
{
    char *text = strchr(record, ';');
    if (!text)
        return NULL;
    text++;
    text[strcspn(text, "\n")] = '\0';
    bool is_urgent = (strtoul(record, NULL, 10) & 7) <= LOG_LEVEL_WARNING;
    return is_urgent || strncmp(text, "ebb: ", 5) == 0 ? text : NULL;
}

/* The next line that matters here, or NULL. */
static const char *next_line(int log, char record[RECORD])
{
    const char *text = NULL;
    while (!text) {
        ssize_t length = read(log, record, RECORD - 1);
        if (length < 0 && errno == EPIPE)
            continue; /* it was overwritten meanwhile */
        if (length <= 0)
            return NULL;
        record[length] = '\0';
        text = journal_text(record);
    }
    return text;
}

void journal_keep(const char *path)
{
    char record[RECORD];
    unsigned long microseconds;
    auto_fd log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    auto_fd copy = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = log >= 0 && copy >= 0;
    for (const char *text; good && (text = next_line(log, record));)
        good = sscanf(record, "%*u,%*u,%lu", &microseconds) == 1 &&
               dprintf(copy, "[%5lu.%06lu] %s\n", microseconds / 1000000, microseconds % 1000000,
                       text) > 0;
    if (!good)
        log_warning("ignoring that the log cannot be kept in \"%s\": %s", path, strerror(errno));
}

void journal_show(struct console_input *input, unsigned limit)
{
    auto_fd log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    size_t rows = 0;
    char record[RECORD];
    if (log < 0)
        console_print("the kernel log cannot be read: %s\n", strerror(errno));
    for (const char *text; log >= 0 && (text = next_line(log, record));) {
        size_t needed = strlen(text) / COLUMNS + 1;
        if (rows > 0 && rows + needed > PAGE) {
            console_print("-- any key for more, q to end --\n");
            if (!wait_for_key(input, limit))
                return;
            rows = 0;
        }
        rows += needed;
        console_print("%s\n", text);
    }
    console_print("-- end of the log --\n");
}
