#include "generations/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"

/* That of the interface. */
#define VENDOR "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
/* Non-volatile, for the loader and for the system. */
enum { ATTRIBUTES = 7, ATTRIBUTES_SIZE = 4, VARIABLE_SIZE = ATTRIBUTES_SIZE + 2 * LOADER_TEXT };

struct variable {
    char file[100];
    unsigned char bytes[VARIABLE_SIZE]; /* attributes, and the value */
    size_t length;                      /* of the value */
};

static void name_file(struct variable *variable, const char *name)
{
    snprintf(variable->file, sizeof(variable->file), "%s-" VENDOR, name);
}

/* -ENOENT, and no error: it is not set. */
static int read_variable(int efivars, const char *name, struct variable *variable,
                         struct error *error)
{
    name_file(variable, name);
    auto_fd fd = openat(efivars, variable->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    ssize_t got = fd < 0 ? -1 : read(fd, variable->bytes, sizeof(variable->bytes));
    if (got < 0)
        return error_system(error, errno, "cannot read the EFI variable %s", name);
    if (got < ATTRIBUTES_SIZE)
        return -ENOENT; /* efivarfs shows so what is being deleted */
    variable->length = (size_t)got - ATTRIBUTES_SIZE;
    return 0;
}

int loader_features(int efivars, uint64_t *features, struct error *error)
{
    struct variable variable;
    int code = read_variable(efivars, "LoaderFeatures", &variable, error);
    if (code == -ENOENT || (code == 0 && variable.length != sizeof(*features)))
        return error_set(error, ENOENT,
                         "the boot loader does not say what it can do; use one that "
                         "does, such as systemd-boot");
    if (code == 0)
        memcpy(features, variable.bytes + ATTRIBUTES_SIZE, sizeof(*features));
    return code;
}

int loader_read(int efivars, const char *name, char text[static LOADER_TEXT], struct error *error)
{
    struct variable variable;
    int code = read_variable(efivars, name, &variable, error);
    if (code < 0)
        return code;
    const unsigned char *at = variable.bytes + ATTRIBUTES_SIZE;
    size_t length = 0;
    for (; length < variable.length / 2 && length + 1 < LOADER_TEXT; length++, at += 2)
        text[length] = at[1] || at[0] > '~' ? '?' : at[0] ? (char)at[0] : '\n';
    while (length > 0 && text[length - 1] == '\n')
        length--; /* the final NUL */
    text[length] = '\0';
    return 0;
}

bool loader_has(int efivars, const char *entry)
{
    char text[LOADER_TEXT], *rest = text;
    struct error ignored;
    if (loader_read(efivars, "LoaderEntries", text, &ignored) < 0)
        return false;
    for (const char *line; (line = strsep(&rest, "\n"));)
        if (strcasecmp(line, entry) == 0)
            return true;
    return false;
}

/* efivarfs protects what exists, so that `rm -rf` does not harm a machine. */
static void unprotect(int efivars, const char *file)
{
    int flags;
    auto_fd fd = openat(efivars, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_IMMUTABLE_FL))
        return;
    flags &= ~FS_IMMUTABLE_FL;
    (void)ioctl(fd, FS_IOC_SETFLAGS, &flags); /* what follows fails then, and says so */
}

int loader_set_one_shot(int efivars, const char *entry, struct error *error)
{
    static const char name[] = "LoaderEntryOneShot";
    struct variable variable = {.bytes = {ATTRIBUTES}};
    size_t length = strlen(entry) + 1;
    if (length > LOADER_TEXT)
        return error_system(error, ENAMETOOLONG, "cannot set the EFI variable %s", name);
    for (size_t i = 0; i < length; i++)
        variable.bytes[ATTRIBUTES_SIZE + 2 * i] = (unsigned char)entry[i];
    name_file(&variable, name);
    unprotect(efivars, variable.file);
    auto_fd fd = openat(efivars, variable.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    /* The kernel takes a variable as a whole, by one write. */
    ssize_t size = (ssize_t)(ATTRIBUTES_SIZE + 2 * length);
    if (fd < 0 || write(fd, variable.bytes, (size_t)size) != size)
        return error_system(error, errno, "cannot set the EFI variable %s", name);
    return 0;
}

int loader_clear(int efivars, const char *name, struct error *error)
{
    struct variable variable;
    name_file(&variable, name);
    unprotect(efivars, variable.file);
    return unlinkat(efivars, variable.file, 0) < 0 && errno != ENOENT
               ? error_system(error, errno, "cannot unset the EFI variable %s", name)
               : 0;
}
