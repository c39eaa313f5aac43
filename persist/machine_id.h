/* /etc/machine-id is known by name: systemd wants a real file there before it starts, neither a
 * link nor a bind mount, or it takes every boot for the first one. So it is copied, and on the very
 * first boot made up and kept. */
#ifndef EBB_PERSIST_MACHINE_ID_H
#define EBB_PERSIST_MACHINE_ID_H

#include "plan/context.h"

bool machine_id_is(const struct persist_entry *entry);
void machine_id_sentence(const struct step *step, FILE *stream);
int machine_id_apply(const struct step *step, struct context *context, struct error *error);

#endif
