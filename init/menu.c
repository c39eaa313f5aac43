#include "init/menu.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>

#include "base/clock.h"

static const struct menu_row *find(const struct menu_row *rows, char key)
{
    for (; rows->key; rows++)
        if (!rows->hidden && rows->key == tolower((unsigned char)key))
            return rows;
    return NULL;
}

static void show(const struct menu_row *rows)
{
    const char *glue = "";
    for (; rows->key; rows++) {
        if (rows->hidden)
            continue;
        console_print("%s%c %s", glue, rows->key, rows->text);
        glue = "   ";
    }
    console_print("\n");
}

/* The row that was chosen, NULL if no key was one; *nobody: every console has hung up. */
static const struct menu_row *take_keys(struct console_input *input, const struct menu_row *rows,
                                        size_t *console, bool *any, bool *nobody)
{
    struct console_key key;
    int code;
    while ((code = console_key(input, &key)) == 0) {
        const struct menu_row *row = key.kind == CONSOLE_BYTE ? find(rows, key.byte) : NULL;
        *any = true;
        *console = key.console;
        if (row)
            return row;
    }
    *nobody = code == -ENODEV;
    return NULL;
}

int menu_choose(struct console_input *input, const struct menu_row *rows, unsigned milliseconds,
                int news, size_t *console)
{
    unsigned long start = clock_milliseconds();
    show(rows);
    for (;;) {
        struct pollfd waits[CONSOLE_MAX + 1] = {{.fd = news, .events = POLLIN}};
        size_t count = 1 + console_pollfds(input, waits + 1, CONSOLE_MAX);
        unsigned long waited = clock_milliseconds() - start;
        bool any = false, nobody = false;
        if (milliseconds && waited >= milliseconds)
            return MENU_LATE;
        (void)poll(waits, count, milliseconds ? (int)(milliseconds - waited) : -1); /* see below */
        if (waits[0].revents)
            return MENU_NEWS;
        const struct menu_row *row = take_keys(input, rows, console, &any, &nobody);
        if (row)
            return row->key;
        if (nobody)
            return MENU_NOBODY;
        if (any) { /* somebody is there, and has time */
            start = clock_milliseconds();
            show(rows);
        }
    }
}
