/* A trial on the running system: prepared, armed, and how much time is left. */
#ifndef EBB_TOOL_TRIAL_H
#define EBB_TOOL_TRIAL_H

#include <stdbool.h>

#include "tool/boots.h"

enum { TRIAL_DEFAULT = 15 * 60, TRIAL_LEAST = 1 };

/* What people write behind --for and `ebb extend`; 0, and a line on standard error: it is no such
 * thing. */
unsigned trial_seconds(const char *text);
/* The generation that an unconfirmed trial of another one goes back to: that which was good last,
 * or the booted one; it can be entered, and the boot loader boots by itself what leads to it.
 * -ENOENT: there is none. */
int trial_way_back(struct arena *arena, const struct boots *boots, const char *config,
                   uint32_t tried, uint32_t *back, struct error *error);
/* What would make a generation fail at once; `has_kernel`: the kernel that runs has its modules
 * there, as far as is known. */
int trial_check_tree(struct arena *arena, const struct boots *boots,
                     const struct generation *generation, bool *has_kernel, struct error *error);
/* Writes it down, and reads it again: what the disk does not keep, no boot will know. */
int trial_write(struct boots *boots, const struct record_trial *trial, struct error *error);
/* Keeps what persists as it is now. */
void trial_keep_state(const struct boots *boots);
/* The boot loader is not to boot an entry once that an earlier `ebb try` has asked for. */
void trial_take_back(const struct boots *boots, const char *config);
/* What could keep the machine from coming back is told. */
void trial_warn(const struct boots *boots);

struct trial_left {
    unsigned generation; /* 0: none is tried */
    bool live;
    unsigned seconds;
};
/* What the guard of this system says. False: nothing is on trial. */
bool trial_read(struct target root, struct trial_left *left);

#endif
