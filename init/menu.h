/* One key out of a few, pressed on any console. */
#ifndef EBB_INIT_MENU_H
#define EBB_INIT_MENU_H

#include <stdbool.h>

#include "base/console.h"

struct menu_row {
    char key;
    const char *text;
    bool hidden; /* not to be had now */
};

enum { MENU_LATE = -1, MENU_NEWS = -2, MENU_NOBODY = -3 };

/* Shows the rows, and returns the key of the one that was chosen; MENU_LATE after `milliseconds`
 * without a key (0: never), MENU_NEWS when `news` can be read (-1: nothing), MENU_NOBODY when no
 * console is left. `console` is where the key was pressed. */
int menu_choose(struct console_input *input, const struct menu_row *rows, unsigned milliseconds,
                int news, size_t *console);

#endif
