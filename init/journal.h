/* The log of this boot, for somebody at a console. */
#ifndef EBB_INIT_JOURNAL_H
#define EBB_INIT_JOURNAL_H

#include "base/console.h"

/* Shows what Ebb said, and of the kernel's own lines the warnings and errors, page by page. */
void journal_show(struct console_input *input);

#endif
