/* A trial: a generation that gets one boot, and has to be confirmed in it. What comes of it stands
 * in the record of boots, so that it survives whatever the trial does to the machine. */
#ifndef EBB_GENERATIONS_TRIAL_H
#define EBB_GENERATIONS_TRIAL_H

#include "generations/record.h"

/* At the beginning of a boot: a trial that nobody confirmed is over, its generation is bad, and
 * why stands in the text of its attempt. Returns whether there was one. */
bool trial_settle(struct record *record);
/* Whether this boot is one. `asked` is the generation that somebody asks for; 0: none. */
bool trial_is_due(const struct record *record, uint32_t asked);
/* Uses it up. */
void trial_begin(struct record *record);
/* The generation could not be entered, so its trial is over. */
void trial_fail(struct record *record, uint32_t generation);

#endif
