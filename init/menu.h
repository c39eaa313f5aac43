/* One key out of a few, pressed on any console. */
#ifndef EBB_INIT_MENU_H
#define EBB_INIT_MENU_H

#include <stdbool.h>

#include "base/console.h"

struct menu_row {
    char key;         /* lower case, and the other is as good; '\n' is Enter */
    const char *text; /* NULL: the caller has shown it */
    bool hidden;      /* not to be had now */
};

struct menu {
    struct console_input *input;
    const struct menu_row *rows; /* up to one without a key */
    unsigned limit;              /* milliseconds without a key; 0: none */
    unsigned patience;           /* the limit once a key was pressed; 0: the same */
    const char *late;            /* what happens then, such as "rebooting" */
    int news;                    /* somebody else's descriptor; -1: none */
    unsigned pause;              /* milliseconds until news are looked for anyway; 0: never */
    size_t console;              /* where the key was pressed */
    unsigned long since;         /* the last key, or the last menu_show */
};

enum { MENU_LATE = -1, MENU_NEWS = -2, MENU_NOBODY = -3 };

/* Shows the rows on all consoles; the limit counts from now. */
void menu_show(struct menu *menu);
/* Returns the key of a row; MENU_LATE when the limit is over, MENU_NEWS when there may be some,
 * MENU_NOBODY when every console has hung up. A key that means nothing shows the rows again. */
int menu_wait(struct menu *menu);

#endif
