/* Keys of OpenSSH below their base64, where most inputs would end. Odd ones begin behind the part
 * that no chance would find. */

#include "secrets/openssh.h"
#include "secrets/fuzz/fuzz.h"

#include <openssl/evp.h>
#include <string.h>

static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char end[] = "\n-----END OPENSSH PRIVATE KEY-----\n";

/* Name, cipher, derivation of a key and its options, number of keys, and length of the first. */
static const char head[] = "openssh-key-v1\0\0\0\0\4none\0\0\0\4none\0\0\0\0\0\0\0\1\0\0\0\x33";
enum { NAME = 15, HEAD = sizeof(head) - 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_key seed = {{0}};
    unsigned char public[KEY_SIZE];
    bool behind = size && (data[0] & 1);
    size_t before = behind ? HEAD + OPENSSH_WIRE : NAME;
    auto_secret whole = secret_new(before + size);
    auto_secret text = secret_new(strlen(begin) + (whole.length + 2) / 3 * 4 + strlen(end));
    memcpy(whole.bytes, head, behind ? HEAD : NAME);
    if (behind) {
        key_ed25519_public(seed.bytes, public);
        openssh_wire(public, whole.bytes + HEAD);
    }
    if (size > 1)
        memcpy(whole.bytes + before, data + 1, size - 1);
    whole.length -= size > 0;
    char *at = stpcpy((char *)text.bytes, begin);
    at += EVP_EncodeBlock((unsigned char *)at, whole.bytes, (int)whole.length);
    memcpy(at, end, strlen(end));
    HOLDS(openssh_is((char *)text.bytes, text.length));
    (void)openssh_parse((char *)text.bytes, text.length, &seed, public); /* either is right */
    return 0;
}
