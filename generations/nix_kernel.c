#include "generations/nix_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "generations/nix.h"

static const char by_loader[] = "choose its entry in the boot loader";

bool nix_kernel_fits(struct arena *arena, int volume, const struct generations *declared,
                     const struct generation *generation)
{
    struct utsname kernel;
    struct error ignored; /* what is wrong with a store is not for its modules to tell */
    const char *modules, *ours, *init = generation->init;
    const char *folder = arena_printf(arena, "%.*s/kernel-modules/lib/modules",
                                      (int)(strrchr(init, '/') - init), init);
    if (uname(&kernel) < 0 || nix_follow(arena, volume, declared, folder, &modules, &ignored) < 0 ||
        !modules)
        return true;
    return nix_follow(arena, volume, declared, arena_printf(arena, "%s/%s", folder, kernel.release),
                      &ours, &ignored) < 0 ||
           ours;
}

static int open_file(struct arena *arena, int volume, const struct generations *declared,
                     const char *what, const char *path, struct error *error)
{
    const char *found;
    if (!path)
        return error_set(error, ENOTSUP, "its system names no %s; %s", what, by_loader);
    int code = nix_follow(arena, volume, declared, path, &found, error);
    if (code < 0)
        return code;
    int fd = found ? path_open(volume, found, O_RDONLY | O_NONBLOCK | O_NOCTTY) : -ENOENT;
    return fd < 0 ? error_set(error, ENOTSUP, "cannot open its %s \"%s\": %s; %s", what, path,
                              strerror(-fd), by_loader)
                  : fd;
}

int nix_kernel_open(struct arena *arena, int volume, const struct generations *declared,
                    const struct generation *generation, int *kernel, int *image,
                    struct error *error)
{
    auto_fd first = open_file(arena, volume, declared, "kernel", generation->kernel, error);
    if (first < 0)
        return first;
    int second = open_file(arena, volume, declared, "initrd", generation->initrd, error);
    if (second < 0)
        return second;
    *kernel = TAKE_FD(first);
    *image = second;
    return 0;
}

const char *nix_kernel_parameters(struct arena *arena, const struct generation *generation)
{
    return arena_printf(arena, "init=%s %s", generation->init,
                        generation->parameters ? generation->parameters : "");
}

const char *nix_kernel_entry(struct arena *arena, const struct generation *generation)
{
    const char *variant = nix_variant(generation->choice);
    return arena_printf(arena, "nixos-generation-%u%s%s.conf", generation->number,
                        variant ? "-specialisation-" : "", variant ? variant + 1 : "");
}
