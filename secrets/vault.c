#include "secrets/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/path.h"

/* Names of folders may be listed by their owner alone: they tell what a machine does. */
enum { FOLDER = 0751 };
enum { RAMFS = 0x858458f6, TMPFS = 0x01021994 };

static const char unfinished[] = ".ebb-new";

/* What one of the two places consists of. */
struct vault {
    const char *folder, *link;
};

static const struct vault vaults[] = {
    {"secrets.d", "secrets"},
    {"secrets-for-users.d", "secrets-for-users"},
};

enum { NUMBER = 12 }; /* characters of a set's name */

/* A file system that is never swapped out, not attached yet; -errno. */
static int make_memory(void)
{
    static const struct {
        const char *type, *flag; /* which an older kernel does not know */
    } kinds[] = {{"tmpfs", "noswap"}, {"ramfs", NULL}};
    int code = -ENODEV;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        auto_fd context = fsopen(kinds[i].type, FSOPEN_CLOEXEC);
        const char *flag = kinds[i].flag;
        if (context >= 0 && fsconfig(context, FSCONFIG_SET_STRING, "mode", "0751", 0) == 0 &&
            (!flag || fsconfig(context, FSCONFIG_SET_FLAG, flag, NULL, 0) == 0) &&
            (!flag || fsconfig(context, FSCONFIG_SET_STRING, "size", "64m", 0) == 0) &&
            fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
            return fsmount(context, FSMOUNT_CLOEXEC,
                           MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        code = -errno;
    }
    return code;
}

static bool is_apart(int folder, int run)
{
    struct stat inner, outer;
    return fstat(folder, &inner) == 0 && fstat(run, &outer) == 0 && inner.st_dev != outer.st_dev;
}

static int mount_memory(int folder)
{
    auto_fd memory = make_memory();
    if (memory < 0)
        return memory;
    return move_mount(memory, "", folder, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
               ? -errno
               : 0;
}

int vault_memory(int run, const char *name, mode_t mode, struct error *error)
{
    struct statfs kind;
    if (mkdirat(run, name, mode) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/run/%s\"", name);
    auto_fd folder = path_open(run, name, O_RDONLY | O_DIRECTORY);
    if (folder >= 0 && !is_apart(folder, run)) {
        int code = mount_memory(folder);
        if (code < 0)
            return error_system(
                error, -code, "cannot mount memory that is never swapped out on \"/run/%s\"", name);
        close(TAKE_FD(folder));
        folder = path_open(run, name, O_RDONLY | O_DIRECTORY);
        if (folder >= 0 && fchmod(folder, mode) < 0)
            return error_system(error, errno, "cannot open \"/run/%s\"", name);
    }
    if (folder < 0 || fstatfs(folder, &kind) < 0)
        return error_system(error, folder < 0 ? -folder : errno, "cannot open \"/run/%s\"", name);
    if (kind.f_type != RAMFS && kind.f_type != TMPFS)
        return error_set(error, EINVAL, "\"/run/%s\" is not in memory; unmount it", name);
    return TAKE_FD(folder);
}

int vault_open(int run, unsigned set, bool early, struct error *error)
{
    const struct vault *vault = &vaults[early];
    char name[NUMBER];
    snprintf(name, sizeof(name), "%u", set);
    auto_fd folder = vault_memory(run, vault->folder, FOLDER, error);
    if (folder < 0)
        return folder;
    if (mkdirat(folder, name, FOLDER) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/run/%s/%s\"", vault->folder, name);
    auto_fd opened = path_open(folder, name, O_RDONLY | O_DIRECTORY);
    if (opened < 0 || fchmod(opened, FOLDER) < 0)
        return error_system(error, opened < 0 ? -opened : errno, "cannot open \"/run/%s/%s\"",
                            vault->folder, name);
    return TAKE_FD(opened);
}

int vault_remove(int run, unsigned set, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(vaults); i++) {
        char name[NUMBER];
        snprintf(name, sizeof(name), "%u", set);
        auto_fd folder = path_open(run, vaults[i].folder, O_PATH | O_DIRECTORY);
        int code = folder < 0 ? 0 : path_remove_at(folder, name);
        if (code < 0)
            return error_system(error, -code, "cannot remove \"/run/%s/%s\"", vaults[i].folder,
                                name);
    }
    return 0;
}

void vault_path(unsigned set, bool early, char path[VAULT_PATH])
{
    snprintf(path, VAULT_PATH, "/run/%s/%u", vaults[early].folder, set);
}

int vault_show(int run, unsigned set, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(vaults); i++) {
        char leads[VAULT_PATH];
        const struct vault *vault = &vaults[i];
        vault_path(set, i, leads);
        if (faccessat(run, leads + strlen("/run/"), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            continue; /* nothing is declared that would lie there */
        int code = path_link(run, vault->link, leads);
        if (code < 0)
            return error_system(error, -code, "cannot make the link \"/run/%s\"", vault->link);
    }
    return 0;
}

/* A set's number, 0 if the name is none. */
static unsigned number_of(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    return *name == '0' || name[digits] || digits > 9 ? 0 : (unsigned)strtoul(name, NULL, 10);
}

int vault_shown(int run, bool early, struct error *error)
{
    const struct vault *vault = &vaults[early];
    char leads[PATH_MAX], start[VAULT_PATH];
    ssize_t length = readlinkat(run, vault->link, leads, sizeof(leads) - 1);
    if (length < 0 && errno == ENOENT)
        return 0;
    leads[length < 0 ? 0 : length] = '\0';
    int known = snprintf(start, sizeof(start), "/run/%s/", vault->folder);
    bool inside = strncmp(leads, start, (size_t)known) == 0;
    unsigned set = inside ? number_of(leads + known) : 0;
    return set ? (int)set
               : error_set(error, EEXIST,
                           "\"/run/%s\" is there and leads to no set of secrets; remove it, unless "
                           "another program needs it",
                           vault->link);
}

/* The folder that the file lies in, made as far as it is missing; -errno. */
static int open_parent(int set, const char *name, const char **last)
{
    char part[NAME_MAX + 1];
    auto_fd folder = path_open(set, ".", O_PATH | O_DIRECTORY);
    for (size_t length; folder >= 0 && (length = strcspn(name, "/"), name[length]);
         name += length + 1) {
        snprintf(part, sizeof(part), "%.*s", (int)length, name);
        bool made = mkdirat(folder, part, FOLDER) == 0;
        if (made ? fchmodat(folder, part, FOLDER, 0) < 0 : errno != EEXIST)
            return -errno; /* the mode that was asked for was cut by the umask */
        auto_fd inner = path_open(folder, part, O_PATH | O_DIRECTORY);
        if (inner < 0)
            return inner;
        close(TAKE_FD(folder));
        folder = TAKE_FD(inner);
    }
    *last = name;
    return TAKE_FD(folder);
}

/* The mode is given after the owner, whose change would take bits away. */
static int fill(int fd, const struct vault_file *file, const struct secret *content)
{
    int code = path_write_all(fd, content->bytes, content->length);
    if (code == 0 && (fchown(fd, file->user, file->group) < 0 || fchmod(fd, file->mode) < 0))
        code = -errno;
    return code;
}

int vault_put(int set, const struct vault_file *file, const struct secret *content,
              struct error *error)
{
    const char *name = NULL;
    auto_fd parent = open_parent(set, file->name, &name);
    int code = parent < 0 ? parent : path_remove_at(parent, unfinished);
    auto_fd fd = code < 0 ? -1
                          : openat(parent, unfinished,
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (code == 0)
        code = fd < 0 ? -errno : fill(fd, file, content);
    if (code == 0 && name && renameat(parent, unfinished, parent, name) < 0)
        code = -errno;
    if (code < 0 && fd >= 0)
        (void)unlinkat(parent, unfinished, 0); /* the first failure is the one to report */
    return code < 0 ? error_system(error, -code, "cannot write the secret \"%s\"", file->name) : 0;
}

int vault_tell(int run, const char *text, struct error *error)
{
    auto_fd folder = vault_memory(run, vaults[0].folder, FOLDER, error);
    return folder < 0 ? folder
                      : path_write(folder, ".status.json", text, strlen(text), 0644, error);
}
