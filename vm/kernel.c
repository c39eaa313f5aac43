#include "vm/kernel.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/path.h"
#include "base/version.h"

/* Of a bzImage: Documentation/arch/x86/boot.rst, "kernel_version". */
enum { MAGIC_AT = 0x202, VERSION_AT = 0x20e, VERSION_BASE = 0x200 };

static const char *find_path(struct arena *arena, const char *version)
{
    const char *const places[] = {arena_printf(arena, "/boot/vmlinuz-%s", version),
                                  arena_printf(arena, "/lib/modules/%s/vmlinuz", version)};
    return path_first(places, ARRAY_LENGTH(places));
}

static const char *version_inside(struct arena *arena, const char *path)
{
    char magic[4] = "", text[256] = "";
    uint16_t offset = 0;
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, magic, 4, MAGIC_AT) != 4 || memcmp(magic, "HdrS", 4) != 0 ||
        pread(fd, &offset, sizeof(offset), VERSION_AT) != sizeof(offset) ||
        pread(fd, text, sizeof(text) - 1, VERSION_BASE + le16toh(offset)) <= 0)
        return NULL;
    size_t length = strcspn(text, " ");
    return length ? arena_copy(arena, text, length) : NULL;
}

static int take_path(struct arena *arena, const char *path, struct kernel *kernel,
                     struct error *error)
{
    if (access(path, R_OK) < 0)
        return error_system(error, errno, "cannot read the kernel \"%s\"", path);
    const char *version = version_inside(arena, path), *name = strrchr(path, '/') + 1;
    const char *dash = strchr(name, '-');
    if (!version && dash)
        version = arena_string(arena, dash + 1);
    if (!version)
        return error_set(error, EINVAL,
                         "cannot tell the version of the kernel \"%s\"; name it vmlinuz-VERSION",
                         path);
    *kernel = (struct kernel){arena_string(arena, path), version};
    return 0;
}

/* The newest that has both modules and an image. */
static bool find_newest(struct arena *arena, struct kernel *kernel)
{
    auto_dir folder = opendir("/lib/modules");
    const char *newest = NULL;
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && find_path(arena, entry->d_name) &&
            (!newest || version_compare(entry->d_name, newest) > 0))
            newest = arena_string(arena, entry->d_name);
    if (newest)
        *kernel = (struct kernel){find_path(arena, newest), newest};
    return newest != NULL;
}

int kernel_find(struct arena *arena, const char *wanted, struct kernel *kernel, struct error *error)
{
    if (wanted && strchr(wanted, '/'))
        return take_path(arena, wanted, kernel, error);
    struct utsname running;
    if (uname(&running) < 0)
        return error_system(error, errno, "cannot tell the running kernel");
    const char *version = wanted ? wanted : running.release;
    const char *path = find_path(arena, version);
    if (path) {
        *kernel = (struct kernel){path, arena_string(arena, version)};
        return 0;
    }
    if (wanted)
        return error_set(error, ENOENT,
                         "there is no kernel \"%s\" in /boot or /lib/modules; name its path",
                         wanted);
    if (!find_newest(arena, kernel))
        return error_set(error, ENOENT,
                         "no kernel is installed in /boot; install the package "
                         "\"linux-image-amd64\", or name one with --kernel");
    return 0;
}
