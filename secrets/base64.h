/* Base64 with the alphabet of RFC 4648, section 4, as one text for the same bytes: no white space,
 * no bits that say nothing, padding either there or not. Takes as long for one text as for another
 * of that length. */
#ifndef EBB_SECRETS_BASE64_H
#define EBB_SECRETS_BASE64_H

#include <stdbool.h>
#include <stddef.h>

enum base64 { BASE64_PADDED, BASE64_BARE };

/* How many bytes `length` characters can stand for at most. */
size_t base64_room(size_t length);
/* Writes to `bytes`, which has base64_room(). False: the text is not base64. */
bool base64_decode(enum base64 kind, const char *text, size_t length, unsigned char *bytes,
                   size_t *count);

#endif
