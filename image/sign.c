#include "image/sign.h"

#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "image/pe.h"

/* Of the certificate table: each certificate begins with its length, revision and type. */
enum { CERTIFICATE_HEADER = 8, REVISION = 0x0200, SIGNED_DATA = 2, ALIGNMENT = 8 };

#define INDIRECT_DATA "1.3.6.1.4.1.311.2.1.4"

/* SpcIndirectDataContent in DER: "the SHA-256 of a PE image is", and the hash comes behind it. The
 * name of the image is there because the format has one. */
static const unsigned char content_start[] = {
    0x30, 0x68, 0x30, 0x33, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01,
    0x0f, 0x30, 0x25, 0x03, 0x01, 0x00, 0xa0, 0x20, 0xa2, 0x1e, 0x80, 0x1c, 0,    '<',  0,
    '<',  0,    '<',  0,    'O',  0,    'b',  0,    's',  0,    'o',  0,    'l',  0,    'e',
    0,    't',  0,    'e',  0,    '>',  0,    '>',  0,    '>',  0x30, 0x31, 0x30, 0x0d, 0x06,
    0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
};

enum {
    CONTENT_HEADER = 2, /* the tag and length of the whole, which are not hashed */
    CONTENT_SIZE = sizeof(content_start) + SHA256_DIGEST_LENGTH
};

struct signer {
    EVP_PKEY *key;
    X509 *certificate;
};

static void signer_cleanup(struct signer *signer)
{
    EVP_PKEY_free(signer->key);
    X509_free(signer->certificate);
    ERR_clear_error(); /* of what was refused; it was told already */
}

static void pkcs7_cleanup(PKCS7 **pkcs7)
{
    PKCS7_free(*pkcs7);
}

static void bio_cleanup(BIO **bio)
{
    BIO_free(*bio);
}

/* Instead of a question on the terminal. */
static int note_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer, (void)size, (void)writing; /* the signature is OpenSSL's */
    *(int *)asked = 1;
    return -1;
}

static BIO *open_file(const char *what, const char *path, struct error *error)
{
    errno = 0;
    BIO *bio = BIO_new_file(path, "r");
    if (!bio)
        error_system(error, errno ? errno : EIO, "cannot read the %s \"%s\"", what, path);
    return bio;
}

static int read_key(const char *path, EVP_PKEY **key, struct error *error)
{
    int encrypted = 0;
    AUTO(bio_cleanup) BIO *file = open_file("key", path, error);
    if (!file)
        return -error->code;
    *key = PEM_read_bio_PrivateKey(file, NULL, note_passphrase, &encrypted);
    if (encrypted)
        return error_set(error, ENOKEY,
                         "the key \"%s\" is encrypted; write it in the clear with `openssl pkey "
                         "-in %s -out /dev/shm/key`, sign with that, and remove it",
                         path, path);
    if (!*key)
        return error_set(error, EINVAL, "\"%s\" holds no private key in PEM format", path);
    if (EVP_PKEY_get_base_id(*key) != EVP_PKEY_RSA)
        return error_set(error, ENOTSUP,
                         "the key \"%s\" is no RSA key, and firmware knows no others", path);
    return 0;
}

static int read_signer(const char *key, const char *certificate, struct signer *signer,
                       struct error *error)
{
    if (read_key(key, &signer->key, error) < 0)
        return -error->code;
    AUTO(bio_cleanup) BIO *file = open_file("certificate", certificate, error);
    if (!file)
        return -error->code;
    signer->certificate = PEM_read_bio_X509(file, NULL, NULL, NULL);
    if (!signer->certificate)
        return error_set(error, EINVAL, "\"%s\" holds no certificate in PEM format", certificate);
    if (X509_check_private_key(signer->certificate, signer->key) != 1)
        return error_set(error, EINVAL,
                         "the key \"%s\" is not that of the certificate \"%s\"; name the two that "
                         "belong together",
                         key, certificate);
    return 0;
}

/* Firmware hashes the sections one by one, and so does not see what may lie between them. */
static bool is_dense(const struct pe *pe)
{
    uint64_t end = pe->headers_size;
    for (size_t i = 0; i < pe->count; i++) {
        if (pe->sections[i].room == 0)
            continue;
        if (pe->sections[i].offset != end)
            return false;
        end += pe->sections[i].room;
    }
    return end <= pe->length;
}

/* All of the program but what a signature changes: the checksum, and where the certificates are. */
static bool hash_program(const struct pe *pe, unsigned char hash[SHA256_DIGEST_LENGTH])
{
    size_t checksum = pe->optional + PE_CHECKSUM, table = pe_certificates(pe);
    size_t first = checksum + 4, second = table + PE_DIRECTORY;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, pe->data, checksum) == 1 &&
                EVP_DigestUpdate(context, pe->data + first, table - first) == 1 &&
                EVP_DigestUpdate(context, pe->data + second, pe->length - second) == 1 &&
                EVP_DigestFinal_ex(context, hash, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

static bool set_content(PKCS7 *pkcs7, int type, const unsigned char content[CONTENT_SIZE])
{
    ASN1_TYPE *value = ASN1_TYPE_new();
    ASN1_STRING *text = ASN1_STRING_new();
    if (!value || !text || ASN1_STRING_set(text, content, CONTENT_SIZE) != 1) {
        ASN1_TYPE_free(value);
        ASN1_STRING_free(text);
        return false;
    }
    ASN1_TYPE_set(value, V_ASN1_SEQUENCE, text);
    return PKCS7_set0_type_other(pkcs7->d.sign->contents, type, value) == 1;
}

/* By hand, for PKCS7_sign would add the time, and hash the content as if it were an octet string.
 */
static PKCS7 *make_signature(const struct signer *signer, const unsigned char *content)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    int type = OBJ_txt2nid(INDIRECT_DATA);
    if (type == NID_undef)
        type = OBJ_create(INDIRECT_DATA, "spcIndirectData", "spcIndirectData");
    AUTO(pkcs7_cleanup) PKCS7 *pkcs7 = PKCS7_new();
    if (type == NID_undef || !pkcs7 || PKCS7_set_type(pkcs7, NID_pkcs7_signed) != 1)
        return NULL;
    PKCS7_SIGNER_INFO *info =
        PKCS7_add_signature(pkcs7, signer->certificate, signer->key, EVP_sha256());
    bool made = info && PKCS7_add_certificate(pkcs7, signer->certificate) == 1 &&
                set_content(pkcs7, type, content) &&
                EVP_Digest(content + CONTENT_HEADER, CONTENT_SIZE - CONTENT_HEADER, hash, NULL,
                           EVP_sha256(), NULL) == 1 &&
                PKCS7_add_signed_attribute(info, NID_pkcs9_contentType, V_ASN1_OBJECT,
                                           OBJ_nid2obj(type)) == 1 &&
                PKCS7_add1_attrib_digest(info, hash, sizeof(hash)) == 1 &&
                PKCS7_SIGNER_INFO_sign(info) == 1;
    return made ? TAKE_PTR(pkcs7) : NULL;
}

/* The program with the certificate table behind it. */
static int append(struct arena *arena, const struct pe *pe, PKCS7 *signature, const void **data,
                  size_t *length, struct error *error)
{
    int size = i2d_PKCS7(signature, NULL);
    if (size <= 0)
        return error_set(error, EINVAL, "cannot write the signature");
    size_t table_size = (CERTIFICATE_HEADER + (size_t)size + ALIGNMENT - 1) & ~(ALIGNMENT - 1UL);
    unsigned char *file = arena_alloc(arena, pe->length + table_size);
    unsigned char *table = file + pe->length, *at = table + CERTIFICATE_HEADER;
    memcpy(file, pe->data, pe->length);
    pe_put(table, (uint32_t)(CERTIFICATE_HEADER + size), 4);
    pe_put(table + 4, REVISION, 2);
    pe_put(table + 6, SIGNED_DATA, 2);
    i2d_PKCS7(signature, &at);
    pe_put(file + pe_certificates(pe), (uint32_t)pe->length, 4);
    pe_put(file + pe_certificates(pe) + 4, (uint32_t)table_size, 4);
    *data = file;
    *length = pe->length + table_size;
    return 0;
}

int sign_program(struct arena *arena, const char *key, const char *certificate, const void **data,
                 size_t *length, struct error *error)
{
    struct pe pe;
    unsigned char content[CONTENT_SIZE];
    AUTO(signer_cleanup) struct signer signer = {0};
    if (pe_read(arena, "the program to sign", *data, *length, &pe, error) < 0 ||
        read_signer(key, certificate, &signer, error) < 0)
        return -error->code;
    if (!pe_certificates(&pe) || !is_dense(&pe) || pe.length % ALIGNMENT)
        return error_set(error, ENOTSUP,
                         "what is to be signed has no place for a signature; name another stub "
                         "with --stub");
    memcpy(content, content_start, sizeof(content_start));
    if (!hash_program(&pe, content + sizeof(content_start)))
        return error_set(error, ENOMEM, "cannot hash what is to be signed");
    AUTO(pkcs7_cleanup) PKCS7 *signature = make_signature(&signer, content);
    if (!signature)
        return error_set(error, EINVAL, "OpenSSL cannot sign with the key \"%s\": %s", key,
                         ERR_reason_error_string(ERR_peek_last_error()));
    return append(arena, &pe, signature, data, length, error);
}
