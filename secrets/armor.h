/* The ASCII armor of age: base64 between two lines that say so. Exactly one text is taken for the
 * same bytes, but for white space around it and ends of lines. */
#ifndef EBB_SECRETS_ARMOR_H
#define EBB_SECRETS_ARMOR_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it begins so, after white space. */
bool armor_is(const char *text, size_t length);
/* The bytes, for free(3). Returns NULL, or what is wrong ("a line is too long"). */
const char *armor_remove(const char *text, size_t length, unsigned char **bytes, size_t *count);

#endif
