/* What is said of a generation after it was made, and it never changes: one small file each beside
 * it, N.label and N.pin. */
#ifndef EBB_GENERATIONS_MARKS_H
#define EBB_GENERATIONS_MARKS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/memory.h"

/* Calls it so; "" takes the label away, that with which it was made, too. */
int mark_label(int store, unsigned number, const char *label, struct error *error);
/* NULL: nothing was said of it since it was made. */
const char *mark_label_of(struct arena *arena, int store, unsigned number);
int mark_pin(int store, unsigned number, bool pinned, struct error *error);
bool mark_is_pinned(int store, unsigned number);
/* When the number goes, or comes anew. */
int marks_remove(int store, unsigned number, struct error *error);

#endif
