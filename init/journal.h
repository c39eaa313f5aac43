/* The log of this boot, for somebody at a console, and for who asks later. */
#ifndef EBB_INIT_JOURNAL_H
#define EBB_INIT_JOURNAL_H

#include "base/console.h"

/* Shows what Ebb said, and of the kernel's own lines the warnings and errors, page by page. Ends
 * early if nobody wants the next page within `limit` milliseconds (0: waits for ever). */
void journal_show(struct console_input *input, unsigned limit);

/* Writes the same lines to a file, each behind its time. What goes wrong is logged. */
void journal_keep(const char *path);

/* The text in a record of /dev/kmsg, which is cut apart; NULL if it does not matter here. */
const char *journal_text(char *record);

#endif
