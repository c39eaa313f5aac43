/* The header of an age file: who it is for, and a MAC that only they can verify. */
#ifndef EBB_SECRETS_HEADER_H
#define EBB_SECRETS_HEADER_H

#include "secrets/stanza.h"

struct header {
    struct stanza *stanzas;
    size_t count;
    size_t authenticated; /* bytes that the MAC is of */
    size_t length;        /* the payload begins behind them */
    unsigned char mac[KEY_SIZE];
};

/* Whether it is the header of some version of age. */
bool header_is(const void *file, size_t length);
/* Returns NULL, or what is wrong. */
const char *header_parse(const void *file, size_t length, struct header *header);
void header_free(struct header *header);
#define auto_header AUTO(header_free) struct header

#endif
