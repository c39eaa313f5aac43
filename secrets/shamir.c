#include "secrets/shamir.h"

/* In GF(2^8) of AES. No branch and no table depends on the factors, which are secret. */
static unsigned char multiply(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (int bit = 7; bit >= 0; bit--) {
        product = (product << 1) ^ (0x11b & (0U - (product >> 7 & 1U)));
        product ^= a & (0U - (b >> bit & 1));
    }
    return (unsigned char)product;
}

/* a^254, which is 1/a. */
static unsigned char invert(unsigned char a)
{
    unsigned char result = 1;
    for (int bit = 7; bit >= 0; bit--) {
        result = multiply(result, result);
        if (254 >> bit & 1)
            result = multiply(result, a);
    }
    return result;
}

static unsigned char number_of(const struct secret *share)
{
    return share->bytes[share->length - 1];
}

static bool fit(const struct secret *shares, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (shares[i].length < 2 || shares[i].length != shares[0].length ||
            number_of(&shares[i]) == 0)
            return false;
        for (size_t j = 0; j < i; j++)
            if (number_of(&shares[i]) == number_of(&shares[j]))
                return false;
    }
    return count > 0;
}

/* How much a share counts where the polynomial's argument is 0. */
static unsigned char weight(const struct secret *shares, size_t count, size_t share)
{
    unsigned char above = 1, below = 1, x = number_of(&shares[share]);
    for (size_t i = 0; i < count; i++) {
        unsigned char other = number_of(&shares[i]);
        if (i == share)
            continue;
        above = multiply(above, other);
        below = multiply(below, (unsigned)other ^ x);
    }
    return multiply(above, invert(below));
}

bool shamir_combine(const struct secret *shares, size_t count, struct secret *whole)
{
    if (!fit(shares, count))
        return false;
    struct secret sum = secret_new(shares[0].length - 1);
    for (size_t i = 0; i < count; i++) {
        unsigned char factor = weight(shares, count, i);
        for (size_t byte = 0; byte < sum.length; byte++)
            sum.bytes[byte] ^= multiply(shares[i].bytes[byte], factor);
    }
    *whole = sum;
    return true;
}
