#include "secrets/cipher.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "secrets/base64.h"

enum { FIELD_ROOM = 96, TAG = 16 };

struct slice {
    const char *at, *end;
};

static size_t size_of(struct slice slice)
{
    return (size_t)(slice.end - slice.at);
}

/* Takes what is before `mark` off the rest. */
static bool take(struct slice *rest, const char *mark, struct slice *taken)
{
    const char *found = memmem(rest->at, size_of(*rest), mark, strlen(mark));
    if (!found)
        return false;
    *taken = (struct slice){rest->at, found};
    rest->at = found + strlen(mark);
    return true;
}

/* False: it is no base64, nothing, or more than there is room for. */
static bool decode(struct slice text, unsigned char *bytes, size_t room, size_t *length)
{
    return base64_room(size_of(text)) <= room &&
           base64_decode(BASE64_PADDED, text.at, size_of(text), bytes, length) && *length > 0;
}

static bool is_type(struct slice type)
{
    static const char *const types[] = {"str", "int", "float", "bool", "time", "bytes"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (size_of(type) == strlen(types[i]) && memcmp(type.at, types[i], size_of(type)) == 0)
            return true;
    return false;
}

static void free_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

struct sealed {
    unsigned char iv[FIELD_ROOM], tag[FIELD_ROOM];
    size_t iv_length, tag_length;
};

/* The initial vectors of SOPS are longer than the 12 bytes that are usual. */
static int open_sealed(const unsigned char *key, struct sealed *sealed, const char *path,
                       const struct secret *data, struct secret *plain)
{
    AUTO(free_context) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    struct secret opened = secret_new(data->length);
    int length = 0, rest = 0;
    bool good =
        context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, (int)sealed->iv_length, NULL) == 1 &&
        EVP_DecryptInit_ex(context, NULL, NULL, key, sealed->iv) == 1 &&
        EVP_DecryptUpdate(context, NULL, &length, (const unsigned char *)path, (int)strlen(path)) ==
            1 &&
        EVP_DecryptUpdate(context, opened.bytes, &length, data->bytes, (int)data->length) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, sealed->tag) == 1 &&
        EVP_DecryptFinal_ex(context, opened.bytes + length, &rest) == 1;
    if (!good) {
        secret_free(&opened);
        return -EBADMSG;
    }
    *plain = opened;
    return 0;
}

static bool parse(const char *text, size_t length, struct sealed *sealed,
                  struct secret *sealed_data)
{
    struct slice rest = {text, text + length}, data, iv, tag, type, begin;
    if (!take(&rest, "ENC[AES256_GCM,data:", &begin) || size_of(begin) > 0 ||
        !take(&rest, ",iv:", &data) || !take(&rest, ",tag:", &iv) || !take(&rest, ",type:", &tag) ||
        !take(&rest, "]", &type) || !is_type(type))
        return false;
    bool carriage_return = size_of(rest) == 1 && *rest.at == '\r'; /* of an editor on Windows */
    if (size_of(rest) > 0 && !carriage_return)
        return false;
    *sealed_data = secret_new(base64_room(size_of(data)));
    return decode(data, sealed_data->bytes, sealed_data->length, &sealed_data->length) &&
           decode(iv, sealed->iv, sizeof(sealed->iv), &sealed->iv_length) &&
           decode(tag, sealed->tag, sizeof(sealed->tag), &sealed->tag_length) &&
           sealed->tag_length == TAG;
}

bool cipher_is(const char *text, size_t length)
{
    struct sealed sealed;
    auto_secret data = {0};
    return parse(text, length, &sealed, &data);
}

int cipher_open(const unsigned char *key, const char *text, size_t length, const char *path,
                struct secret *plain)
{
    struct sealed sealed;
    auto_secret data = {0};
    return parse(text, length, &sealed, &data) ? open_sealed(key, &sealed, path, &data, plain)
                                               : -EINVAL;
}
