/* The hash of a password, as crypt(5) tells it: `$METHOD$` comes first. PID 1 knows the methods
 * that deps/libcrypt builds. */
#ifndef EBB_PLAN_HASH_H
#define EBB_PLAN_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define HASH_METHODS "yescrypt, scrypt, bcrypt, sha512crypt, sha256crypt or md5crypt"

/* Whether PID 1 can compare a password with it. */
bool hash_is_known(const char *hash);
/* How much of it tells the method, and nothing of the password. */
size_t hash_method_length(const char *hash);

#endif
