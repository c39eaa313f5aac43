/* Where decrypted secrets lie in the running system: /run/secrets.d/1/NAME, with /run/secrets a
 * link to the folder of the newest set, as sops-nix has it; and the same of /run/secrets-for-users.
 *
 * The file systems are never swapped out: tmpfs with noswap, which kernels have from 6.4 on, or
 * else ramfs. /run itself may be swapped, and holds but the links. */
#ifndef EBB_SECRETS_VAULT_H
#define EBB_SECRETS_VAULT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "secrets/secret.h"

enum { VAULT_PATH = 48 };

/* How the file of a secret is to be. */
struct vault_file {
    const char *name; /* clean and relative */
    uid_t user;
    gid_t group;
    mode_t mode;
};

/* Opens the folder of a set below `run`, the folder that is to be /run; what is missing is mounted
 * and made. */
int vault_open(int run, unsigned set, bool early, struct error *error);
/* Opens a folder below `run` with a file system that is never swapped out, which is mounted if it
 * is missing. */
int vault_memory(int run, const char *folder, mode_t mode, struct error *error);
/* Puts a file there, whole or not at all. */
int vault_put(int set, const struct vault_file *file, const struct secret *content,
              struct error *error);
/* Removes a set, as far as it is there. */
int vault_remove(int run, unsigned set, struct error *error);
/* Lets the links lead to a set, as far as it was opened. */
int vault_show(int run, unsigned set, struct error *error);
/* The number of the set that the link leads to, 0 if there is no link; -errno: it is none of ours.
 */
int vault_shown(int run, bool early, struct error *error);
/* "/run/secrets.d/2". */
void vault_path(unsigned set, bool early, char path[VAULT_PATH]);
/* Writes the file in /run/secrets.d that tells of all secrets, readable for everybody. */
int vault_tell(int run, const char *text, struct error *error);

#endif
