/* The menu of generations, on all consoles: a letter chooses. */
#ifndef EBB_INIT_CHOOSE_H
#define EBB_INIT_CHOOSE_H

#include "base/console.h"
#include "plan/context.h"

/* For context->chooses. */
unsigned choose_generation(const struct context *context, unsigned usual, unsigned limit);
/* The same, where the consoles are listened to already. `usual` 0: there is only a way back. */
unsigned choose_by(const struct context *context, struct console_input *input, unsigned usual,
                   unsigned limit);

#endif
