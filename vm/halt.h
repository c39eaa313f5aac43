/* The clean end of a guest, whatever its init is: systemd is asked; any other system is brought
 * down by us, because there is no word that all of them understand. */
#ifndef EBB_VM_HALT_H
#define EBB_VM_HALT_H

#include "vm/serve.h"

/* Comes back only if the guest has been asked to end and will do so by itself. */
void halt_guest(const struct guest *guest, enum wish wish);

#endif
