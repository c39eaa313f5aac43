/* Makes files of SOPS in YAML at run time, as sops would: for tests and measurements whose values
 * are not known before. The data key and who may open it are those of types.yaml, so that
 * secrets/testdata/sops/key.txt opens them. */
#ifndef EBB_SECRETS_SOPS_SEALING_H
#define EBB_SECRETS_SOPS_SEALING_H

#include "secrets/sops_testing.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#define SEALING_TIME "2026-01-01T00:00:00Z"

enum { SEALING_IV = 32, SEALING_TAG = 16 };

struct sealing {
    const char *key, *value; /* at the top of the file; a string that is not empty */
};

static void seal_base64(FILE *out, const char *name, const unsigned char *bytes, size_t length)
{
    auto_secret text = secret_new((length + 2) / 3 * 4);
    EVP_EncodeBlock(text.bytes, bytes, (int)length);
    fprintf(out, "%s:%s,", name, (const char *)text.bytes);
}

/* Writes ENC[…] of a text; `path` is what it is bound to. */
static void seal_value(FILE *out, const struct secret *key, const char *path, const char *text)
{
    unsigned char iv[SEALING_IV], tag[SEALING_TAG];
    auto_secret data = secret_new(strlen(text));
    int length;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_true(context && RAND_bytes(iv, sizeof(iv)) == 1 &&
                EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, sizeof(iv), NULL) == 1 &&
                EVP_EncryptInit_ex(context, NULL, NULL, key->bytes, iv) == 1 &&
                EVP_EncryptUpdate(context, NULL, &length, (const unsigned char *)path,
                                  (int)strlen(path)) == 1 &&
                EVP_EncryptUpdate(context, data.bytes, &length, (const unsigned char *)text,
                                  (int)data.length) == 1 &&
                EVP_EncryptFinal_ex(context, data.bytes + length, &length) == 1 &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) == 1);
    EVP_CIPHER_CTX_free(context);
    fputs("ENC[AES256_GCM,", out);
    seal_base64(out, "data", data.bytes, data.length);
    seal_base64(out, "iv", iv, sizeof(iv));
    seal_base64(out, "tag", tag, sizeof(tag));
    fputs("type:str]\n", out);
}

/* The MAC is sealed like a value: the hash of all values in the order of the file. */
static void seal_mac(FILE *out, const struct secret *key, const struct sealing *items, size_t count)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE + 1];
    unsigned length;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_true(context && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(EVP_DigestUpdate(context, items[i].value, strlen(items[i].value)), 1);
    assert_int_equal(EVP_DigestFinal_ex(context, hash, &length), 1);
    EVP_MD_CTX_free(context);
    for (size_t i = 0; i < length; i++)
        snprintf(text + 2 * i, 3, "%02X", hash[i]);
    fputs("    mac: ", out);
    seal_value(out, key, SEALING_TIME, text);
}

/* The text of the file, for free(3). */
UNUSED static char *seal_yaml(const struct sealing *items, size_t count)
{
    char path[TREE_LONGEST_KEY + 2], *text = NULL;
    size_t length;
    auto_secret key = {0};
    auto_secret model = read_ours("types.yaml", &key);
    const char *begin = strstr((const char *)model.bytes, "\nsops:\n"),
               *end = begin ? strstr(begin, "    lastmodified:") : NULL;
    FILE *out = open_memstream(&text, &length);
    assert_true(out && end);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s:", items[i].key);
        fprintf(out, "%s ", path);
        seal_value(out, &key, path, items[i].value);
    }
    fprintf(out, "%.*s    lastmodified: \"%s\"\n", (int)(end - begin - 1), begin + 1, SEALING_TIME);
    seal_mac(out, &key, items, count);
    fputs("    unencrypted_suffix: _unencrypted\n    version: 3.13.2\n", out);
    fclose(out);
    return text;
}

#endif
