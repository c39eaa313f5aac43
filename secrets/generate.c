#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/console.h"
#include "base/log.h"
#include "base/path.h"
#include "secrets/bech32.h"
#include "secrets/keys.h"

/* As age-keygen writes it. */
static void print_key(const struct key *key, const char *recipient, struct secret *text)
{
    auto_string identity = bech32_encode("age-secret-key-", key->bytes);
    for (char *at = identity; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    *text = secret_new(strlen(identity) + strlen(recipient) + strlen("# public key: \n\n"));
    snprintf((char *)text->bytes, text->length + 1, "# public key: %s\n%s\n", recipient, identity);
    explicit_bzero(identity, strlen(identity));
}

int keys_generate(const struct secrets_key *key, int volume, struct error *error)
{
    auto_key scalar;
    unsigned char public[KEY_SIZE];
    const char *name;
    auto_fd folder = -1;
    if (getrandom(scalar.bytes, KEY_SIZE, 0) != KEY_SIZE)
        return error_system(error, errno, "cannot make a key: the kernel has no random bytes");
    key_x25519_public(scalar.bytes, public);
    auto_string recipient = bech32_encode("age", public);
    auto_secret text = {0};
    print_key(&scalar, recipient, &text);
    int code = path_make_parent(volume, key->place.path, &folder, &name, error);
    if (code == 0)
        code = path_write(folder, name, text.bytes, text.length, 0600, error);
    if (code < 0)
        return error_prefix(error, "cannot make the key \"%s:%s\"", key->place.volume_name,
                            key->place.path);
    log_info("made the key \"%s:%s\", whose recipient is %s", key->place.volume_name,
             key->place.path, recipient);
    console_print("ebb: this machine has a new key for its secrets; encrypt them to its recipient, "
                  "and start again:\n    %s\n",
                  recipient);
    return 0;
}
