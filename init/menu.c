#include "init/menu.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"

static const struct menu_row *find(const struct menu_row *rows, const struct console_key *pressed)
{
    char key = '\0';
    if (pressed->kind == CONSOLE_BYTE)
        key = (char)tolower((unsigned char)pressed->byte);
    else if (pressed->kind == CONSOLE_ENTER)
        key = '\n';
    for (; rows->key; rows++)
        if (!rows->hidden && rows->key == key)
            return rows;
    return NULL;
}

void menu_show(struct menu *menu)
{
    char text[512];
    int length = 0, size = (int)sizeof(text); /* far more than a few rows need */
    for (const struct menu_row *row = menu->rows; row->key && length < size; row++)
        if (!row->hidden && row->text)
            length += snprintf(text + length, (size_t)(size - length), "%s%.*s %s",
                               length ? "   " : "", row->key == '\n' ? 5 : 1,
                               row->key == '\n' ? "Enter" : &row->key, row->text);
    if (length < size)
        length += snprintf(text + length, (size_t)(size - length), "\n");
    if (menu->limit && length < size)
        snprintf(text + length, (size_t)(size - length), "%s in %u s unless a key is pressed\n",
                 menu->late, (menu->limit + 999) / 1000);
    for (size_t i = 0; i < CONSOLE_MAX; i++)
        console_write(menu->input, i, text);
    menu->since = clock_milliseconds();
}

/* The row that was chosen, NULL if no key was one; *nobody: every console has hung up. */
static const struct menu_row *take_keys(struct menu *menu, bool *any, bool *nobody)
{
    struct console_key key;
    int code;
    while ((code = console_key(menu->input, &key)) == 0) {
        const struct menu_row *row = find(menu->rows, &key);
        *any = true;
        menu->console = key.console;
        if (row)
            return row;
    }
    *nobody = code == -ENODEV;
    return NULL;
}

int menu_wait(struct menu *menu)
{
    for (;;) {
        struct pollfd waits[CONSOLE_MAX + 1] = {{.fd = menu->news, .events = POLLIN}};
        size_t count = 1 + console_pollfds(menu->input, waits + 1, CONSOLE_MAX);
        unsigned long waited = clock_milliseconds() - menu->since;
        bool any = false, nobody = false;
        int patience = menu->pause ? (int)menu->pause : -1;
        if (menu->limit && waited >= menu->limit)
            return MENU_LATE;
        if (menu->limit && (patience < 0 || menu->limit - waited < menu->pause))
            patience = (int)(menu->limit - waited);
        int ready = poll(waits, count, patience);
        const struct menu_row *row = take_keys(menu, &any, &nobody);
        if (row)
            return row->key;
        if (nobody)
            return MENU_NOBODY;
        if (any) { /* somebody is there, and has time */
            if (menu->limit && menu->patience)
                menu->limit = menu->patience;
            menu_show(menu);
        }
        if (waits[0].revents || (ready == 0 && menu->pause))
            return MENU_NEWS;
    }
}
