/* Public keys that files are encrypted to: "age1…", and ed25519 keys of OpenSSH. Such a key is two
 * recipients: its own, as age has it, and the X25519 key that ssh-to-age makes of it. */
#ifndef EBB_SECRETS_RECIPIENT_H
#define EBB_SECRETS_RECIPIENT_H

#include "secrets/identity.h"

enum recipient_kind { RECIPIENT_X25519, RECIPIENT_SSH_ED25519 };

struct recipient {
    enum recipient_kind kind;
    unsigned char point[KEY_SIZE];
};

struct recipients {
    struct arena *arena;
    struct recipient *items;
    size_t count;
};

/* Whether a line has a recipient in it, alone or as in authorized_keys and known_hosts. */
bool recipient_parse(const char *line, size_t length, struct recipient *recipient);
/* What ssh-to-age makes of an SSH key. False: nothing, for it is no key. */
bool recipient_convert(const struct recipient *ssh, struct recipient *x25519);
/* For free(3). */
char *recipient_text(const struct recipient *recipient);
bool recipient_is(const struct recipient *one, const struct recipient *other);
bool recipients_have(const struct recipients *recipients, const struct recipient *recipient);

/* Both append what is not there yet, and of an SSH key both recipients. */
void recipients_add(struct recipients *recipients, const struct recipient *recipient);
void recipients_add_identities(struct recipients *recipients, const struct identities *identities);
/* Appends what the lines of a text say. False: none of them has a recipient. */
bool recipients_read(struct recipients *recipients, const char *text, size_t length);

#endif
