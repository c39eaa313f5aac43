/* Where Ebb's own other programs are: beside this one, as in a build folder, or in ../lib/ebb, as
 * installed below any prefix. */
#ifndef EBB_VM_PROGRAM_H
#define EBB_VM_PROGRAM_H

#include <stddef.h>

#include "base/error.h"

/* The absolute path of "ebb-init" or "ebb-agent". */
int program_find(const char *name, char *path, size_t size, struct error *error);

#endif
