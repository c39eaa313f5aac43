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

void journal_show(struct console_input *input, unsigned limit)
{
    auto_fd log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    size_t rows = 0;
    if (log < 0)
        console_print("the kernel log cannot be read: %s\n", strerror(errno));
    while (log >= 0) {
        char record[RECORD];
        ssize_t length = read(log, record, sizeof(record) - 1);
        if (length < 0 && errno == EPIPE)
            continue; /* it was overwritten meanwhile */
        if (length <= 0)
            break;
        record[length] = '\0';
        const char *text = journal_text(record);
        if (!text)
            continue;
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
