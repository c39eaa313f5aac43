/* A fault in PID 1 itself. What is left of the program cannot be relied on, so it is executed anew,
 * for the rescue alone; a second fault ends as declared, without a person. */
#ifndef EBB_INIT_FAULT_H
#define EBB_INIT_FAULT_H

#include <stdbool.h>

#include "base/error.h"
#include "plan/config.h"

/* From now on faults are caught; in a child of PID 1 they end the child, as usual. */
void fault_catch(void);
/* What is done about a fault from now on. */
void fault_policy(const struct rescue *policy);

/* Whether this program was executed because of a fault in the one before: then `error` tells which,
 * and `policy` is what that one had. */
bool fault_was_caught(int count, char **arguments, struct rescue *policy, struct error *error);

#endif
