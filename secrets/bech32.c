#include "secrets/bech32.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHECKSUM = 6,                         /* characters */
    DIGITS = (KEY_SIZE * 8 + 4) / 5,      /* of five bits each, that a key takes */
    SPARE = DIGITS * 5 - KEY_SIZE * 8,    /* bits of the last digit that are zero */
    LONGEST = 32 + 1 + DIGITS + CHECKSUM, /* characters, with a prefix of 32 */
};

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t checksum_add(uint32_t sum, uint32_t digit)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ digit;
    for (size_t i = 0; i < 5; i++)
        sum ^= generator[i] & -(top >> i & 1);
    return sum;
}

static uint32_t checksum_begin(const char *prefix)
{
    uint32_t sum = 1;
    for (const char *c = prefix; *c; c++)
        sum = checksum_add(sum, (uint32_t)*c >> 5);
    sum = checksum_add(sum, 0);
    for (const char *c = prefix; *c; c++)
        sum = checksum_add(sum, *c & 31);
    return sum;
}

/* 32: it is none. All characters are looked at, whichever it is. */
static uint32_t digit_of(char character)
{
    uint32_t digit = 32;
    for (uint32_t i = 0; i < 32; i++)
        digit ^= (digit ^ i) & -(uint32_t)(alphabet[i] == character);
    return digit;
}

/* In lower case; false: it has letters of both cases. */
static bool lower(const char *text, size_t length, char *lowered)
{
    bool has_upper = false, has_lower = false;
    for (size_t i = 0; i < length; i++) {
        bool upper = text[i] >= 'A' && text[i] <= 'Z';
        has_upper |= upper;
        has_lower |= text[i] >= 'a' && text[i] <= 'z';
        lowered[i] = (char)(text[i] + ('a' - 'A') * upper);
    }
    return !has_upper || !has_lower;
}

bool bech32_decode(const char *prefix, const char *text, size_t length, struct key *key)
{
    size_t begin = strlen(prefix) + 1;
    char lowered[LONGEST] = {0};
    struct key decoded = {{0}};
    uint32_t sum = checksum_begin(prefix), held = 0, bits = 0, wrong = 0;
    if (length != begin + DIGITS + CHECKSUM || length > sizeof(lowered))
        return false;
    bool right = lower(text, length, lowered) && memcmp(lowered, prefix, begin - 1) == 0 &&
                 lowered[begin - 1] == '1';
    for (size_t i = 0, written = 0; i < DIGITS + CHECKSUM; i++) {
        uint32_t digit = digit_of(lowered[begin + i]);
        wrong |= digit & 32;
        sum = checksum_add(sum, digit & 31);
        held = (held << 5 | (digit & 31)) & 0xfff;
        bits += 5;
        if (i < DIGITS && bits >= 8) {
            bits -= 8;
            decoded.bytes[written++] = (unsigned char)(held >> bits);
        }
        if (i == DIGITS - 1)
            wrong |= held & ((1U << SPARE) - 1);
    }
    right = right && !wrong && sum == 1;
    if (right)
        *key = decoded;
    explicit_bzero(lowered, sizeof(lowered));
    key_wipe(&decoded);
    return right;
}

char *bech32_encode(const char *prefix, const unsigned char key[KEY_SIZE])
{
    size_t length = strlen(prefix);
    char *text = calloc(1, length + 1 + DIGITS + CHECKSUM + 1), *at = text;
    if (!text)
        memory_exhausted();
    at = stpcpy(at, prefix);
    *at++ = '1';
    uint32_t sum = checksum_begin(prefix);
    for (size_t bit = 0; bit < (size_t)KEY_SIZE * 8; bit += 5) {
        uint32_t pair = (uint32_t)key[bit / 8] << 8;
        if (bit / 8 + 1 < KEY_SIZE)
            pair |= key[bit / 8 + 1];
        uint32_t digit = pair >> (11 - bit % 8) & 31;
        sum = checksum_add(sum, digit);
        *at++ = alphabet[digit];
    }
    for (int i = 0; i < CHECKSUM; i++)
        sum = checksum_add(sum, 0);
    sum ^= 1;
    for (int i = 0; i < CHECKSUM; i++)
        *at++ = alphabet[sum >> 5 * (CHECKSUM - 1 - i) & 31];
    return text;
}
