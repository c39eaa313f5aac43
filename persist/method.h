/* By which method an entry comes back: what cannot be, and what would not survive the programs that
 * are known to write it. */
#ifndef EBB_PERSIST_METHOD_H
#define EBB_PERSIST_METHOD_H

#include "plan/config.h"

/* The program that replaces the file `target` by a rename, as far as is known; or NULL. */
const char *method_writer(const char *target);
void method_check(const struct persist_entry *entry, struct report *report);

#endif
