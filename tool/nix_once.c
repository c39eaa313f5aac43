#include "tool/nix_once.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "generations/loader.h"
#include "generations/once.h"

static bool says(struct target root, const char *path, const char *word)
{
    struct error ignored; /* without the file nothing is known to be in the way */
    auto_string text = NULL;
    return path_read(root.fd, path, 1 << 16, &text, NULL, &ignored) == 0 && strstr(text, word);
}

/* What keeps PID 1 of the next boot from starting another kernel, or NULL. What a system sets
 * later, as NixOS does with kernel.kexec_load_disabled, is none of it. */
static const char *find_obstacle(struct target root)
{
    static const char lockdown[] = "sys/kernel/security/lockdown";
    auto_fd kexec = path_open(root.fd, "sys/kernel/kexec_loaded", O_PATH);
    if (kexec < 0)
        return "cannot start another one";
    if (says(root, lockdown, "[integrity]") || says(root, lockdown, "[confidentiality]"))
        return "is locked down, and starts no other one";
    return says(root, "proc/cmdline", "kernel.kexec_load_disabled=1")
               ? "was told by its parameters to start no other one"
               : NULL;
}

int nix_once(struct target root, const struct boot_entries *boot, const char *entry,
             bool *by_loader, struct error *error)
{
    auto_fd efivars = path_open(root.fd, LOADER_FOLDER, O_RDONLY | O_DIRECTORY);
    *by_loader = efivars >= 0 && (!entry || loader_has(efivars, entry)) &&
                 once_ask(-1, efivars, boot, NULL, entry, error) == 0;
    const char *obstacle = *by_loader || !entry ? NULL : find_obstacle(root);
    return obstacle
               ? error_set(error, ENOTSUP,
                           "that kernel %s, and the boot loader cannot be asked for \"%s\"; choose "
                           "this entry in its menu",
                           obstacle, entry)
               : 0;
}
