/* A file of secrets as those see it who have no key: whether it can be read, the names in it, and
 * whom it is for. Read by what reads it in a boot. */
#ifndef EBB_SECRETS_LOOK_H
#define EBB_SECRETS_LOOK_H

#include "secrets/header.h"
#include "secrets/recipient.h"
#include "secrets/sops_values.h"

struct look {
    const char *name; /* of the file, for messages */
    bool is_age;
    struct header header;     /* of an age file */
    struct metadata metadata; /* of another */
    struct sops sops;         /* of another; its encrypted values are as they stand in the file */
};

enum look_answer { LOOK_YES, LOOK_NO, LOOK_UNKNOWN };

int look_open(const char *name, const struct secret *text, struct look *look, struct error *error);
void look_close(struct look *look);
#define auto_look AUTO(look_close) struct look

/* Whether who has the keys of the recipients, which may be none, can decrypt it; LOOK_NO fills the
 * error. An age file does not tell for which X25519 keys it is. */
enum look_answer look_is_for(const struct look *look, const struct recipients *recipients,
                             struct error *error);

#endif
