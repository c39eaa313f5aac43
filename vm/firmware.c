#include "vm/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "vm/machine.h"

enum { FILE_LIMIT = 1 << 30 };

#define LOADER_CONF "timeout 0\ndefault ebb.conf\n"
#define ENTRY "title Ebb\nlinux /EFI/ebb/vmlinuz\ninitrd /EFI/ebb/initramfs\noptions %s\n"

static int write_file(int folder, const char *path, const char *text, size_t length,
                      struct error *error)
{
    const char *name;
    auto_fd parent = -1;
    if (path_make_parent(folder, path, &parent, &name, error) < 0)
        return -error->code;
    return path_write(parent, name, text, length, 0644, error);
}

static int copy_file(const char *from, int folder, const char *to, struct error *error)
{
    auto_string text = NULL;
    size_t length;
    if (path_read(AT_FDCWD, from, FILE_LIMIT, &text, &length, error) < 0)
        return -error->code;
    return write_file(folder, to, text, length, error);
}

static int need(const char *path, const char *package, struct error *error)
{
    if (access(path, R_OK) == 0)
        return 0;
    return error_set(error, ENOENT, "there is no \"%s\"; install the package \"%s\"", path,
                     package);
}

/* The place where firmware looks for a loader on a disk that it does not know yet. */
static int install_loader(struct arena *arena, const struct arch *arch, int esp,
                          struct error *error)
{
    const char *from =
        arena_printf(arena, "/usr/lib/systemd/boot/efi/systemd-boot%s.efi", arch->efi);
    char *to = arena_printf(arena, "EFI/BOOT/BOOT%s.EFI", arch->efi);
    for (char *at = to; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    if (need(from, "systemd-boot-efi", error) < 0 || copy_file(from, esp, to, error) < 0)
        return -error->code;
    return write_file(esp, "loader/loader.conf", LOADER_CONF, strlen(LOADER_CONF), error);
}

static int install_entry(struct arena *arena, const struct arch *arch,
                         const struct vm_request *request, int esp, struct error *error)
{
    const char *entry =
        arena_printf(arena, ENTRY, command_parameters(arena, arch, request->append));
    int code = copy_file(request->kernel, esp, "EFI/ebb/vmlinuz", error);
    if (code == 0)
        code = copy_file(request->image, esp, "EFI/ebb/initramfs", error);
    return code < 0 ? code
                    : write_file(esp, "loader/entries/ebb.conf", entry, strlen(entry), error);
}

int firmware_make(struct arena *arena, const char *folder, struct vm_request *request,
                  const char **content, struct error *error)
{
    const struct arch *arch = arch_of_host();
    auto_fd home = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), esp = -1;
    if (home < 0)
        return error_system(error, errno, "cannot open the folder \"%s\"", folder);
    if (!arch)
        return error_set(error, ENOTSUP, "cannot tell which firmware fits this kind of machine");
    if (need(arch->firmware.code, arch->firmware_package, error) < 0 ||
        copy_file(arch->firmware.variables, home, "efi-variables", error) < 0 ||
        path_make_folder(home, "esp", &esp, error) < 0)
        return -error->code;
    *content = arena_printf(arena, "%s/esp", folder);
    request->firmware =
        (struct vm_firmware){arch->firmware.code, arena_printf(arena, "%s/efi-variables", folder)};
    int code = install_loader(arena, arch, esp, error);
    return code < 0 ? code : install_entry(arena, arch, request, esp, error);
}
