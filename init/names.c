/* Functions that libraries would call for what Ebb never asks of them; these stand in their place,
 * so that the real ones stay out of PID 1. */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>

/* libmount can turn user names into numbers, for options that are never passed to it. Through
 * glibc's name services that would load shared libraries at run time, which a static program must
 * not; and PID 1 is 90 KB smaller. */
int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
               struct passwd **result)
{
    (void)name, (void)entry, (void)buffer, (void)size; /* no name is known */
    *result = NULL;
    return ENOENT;
}

int getpwuid_r(uid_t user, struct passwd *entry, char *buffer, size_t size, struct passwd **result)
{
    (void)user, (void)entry, (void)buffer, (void)size; /* no number is known */
    *result = NULL;
    return ENOENT;
}

int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size,
               struct group **result)
{
    (void)name, (void)entry, (void)buffer, (void)size; /* no name is known */
    *result = NULL;
    return ENOENT;
}

/* libcrypto's X448 and Ed448, which no age file uses, bring 30 KB of tables that no compressor
 * makes smaller. Here both fail. */
#define LEFT_OUT(name)                                                                             \
    int name(void);                                                                                \
    int name(void)                                                                                 \
    {                                                                                              \
        return 0;                                                                                  \
    }
LEFT_OUT(ossl_x448)
LEFT_OUT(ossl_x448_public_from_private)
LEFT_OUT(ossl_ed448_sign)
LEFT_OUT(ossl_ed448_verify)
LEFT_OUT(ossl_ed448_public_from_private)
