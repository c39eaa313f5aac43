/* The nearest known word, for messages about unknown ones. */
#ifndef EBB_PLAN_SUGGEST_H
#define EBB_PLAN_SUGGEST_H

#include <stddef.h>

/* One of `count` words that `word` was probably meant to be, or NULL if none is near. */
const char *suggest(const char *word, const char *const *known, size_t count);

#endif
