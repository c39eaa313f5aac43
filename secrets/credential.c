#include "secrets/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "secrets/vault.h"

enum { LARGEST = 1 << 20 }; /* that systemd takes */

/* The mount is of the folder above, so that systemd can remove this one once it is empty. */
static const char folder[] = "credentials", ours[] = "@initrd", store[] = "credstore";

const char *credential_objection(const char *name)
{
    if (strlen(name) > NAME_MAX)
        return "is longer than 255 bytes";
    for (const char *at = name; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '/' || *at == ':')
            return "is not made of printable ASCII characters without \"/\" and \":\"";
    return NULL;
}

static int open_within(int parent, const char *name, struct error *error)
{
    if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make the folder \"%s\" of credentials", name);
    int opened = path_open(parent, name, O_RDONLY | O_DIRECTORY);
    return opened < 0
               ? error_system(error, -opened, "cannot open the folder \"%s\" of credentials", name)
               : opened;
}

int credential_link(int run, const struct secret_entry *secret, struct error *error)
{
    char leads[PATH_MAX];
    auto_fd links = open_within(run, store, error);
    if (links < 0)
        return links;
    snprintf(leads, sizeof(leads), "/run/%s/%s", secret->early ? "secrets-for-users" : "secrets",
             secret->name);
    int code = path_link(links, secret->credential, leads);
    return code < 0
               ? error_system(error, -code, "cannot make the credential \"%s\"", secret->credential)
               : 0;
}

int credential_give(int run, const struct secret_entry *secret, const struct secret *value,
                    struct error *error)
{
    const struct vault_file file = {secret->credential, 0, 0, 0400};
    if (value->length > LARGEST)
        return error_set(error, EFBIG,
                         "the credential \"%s\" is larger than 1 MiB, which systemd does not take",
                         secret->credential);
    auto_fd memory = vault_memory(run, folder, 0755, error);
    if (memory < 0)
        return memory;
    auto_fd set = open_within(memory, ours, error);
    int code = set < 0 ? set : vault_put(set, &file, value, error);
    return code < 0 ? code : credential_link(run, secret, error);
}

int credentials_discard(int run, struct error *error)
{
    auto_fd memory = path_open(run, folder, O_PATH | O_DIRECTORY);
    int code = memory < 0 ? 0 : path_remove_at(memory, ours);
    if (code == 0)
        code = path_remove_at(run, store);
    return code < 0 ? error_system(error, -code, "cannot remove credentials") : 0;
}
