/* The record of boots on the running system, for the verbs that read it or write into it. */
#ifndef EBB_TOOL_BOOTS_H
#define EBB_TOOL_BOOTS_H

#include "generations/record.h"
#include "tool/booted.h"
#include "tool/crash.h"

struct boots {
    const struct config *config;
    int volume, fd; /* the volume of the generations, and the record on it */
    struct record record;
    struct booted booted;
};

/* `file` is the configuration, NULL for the usual one. What is wrong is told. */
bool boots_open(struct arena *arena, const char *file, struct boots *boots);
void boots_close(struct boots *boots);

/* ebb why: whatever went wrong before this system was up, the newest first; EXIT_NO if something
 * did. `generation` is the booted one. */
int why_tell(const struct record *record, uint32_t generation, const struct crash *crash, bool all,
             FILE *out);
/* Makes the newest attempt good. */
int confirm_mark(struct record *record, uint32_t generation, struct error *error);
/* Gives this boot the reason why it is not confirmed. False: it is, or nothing is known of it. */
bool confirm_refuse(struct record *record, uint32_t generation, const char *fault);

#endif
