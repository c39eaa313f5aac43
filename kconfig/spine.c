#include "kconfig/spine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The file itself stays the only copy of its text. */
__asm__(".pushsection .rodata\n"
        "spine_begin: .incbin \"kconfig/spine.config\"\n"
        "spine_end: .byte 0\n"
        ".popsection\n");
extern const char spine_begin[], spine_end[];

int spine_check(struct arena *arena, const char *wanted, struct option_gap **gaps, size_t *count,
                struct error *error)
{
    const struct options fragment = {"kconfig/spine.config", spine_begin,
                                     (size_t)(spine_end - spine_begin)};
    const char *const places[] = {"/boot/config-%s", "/lib/modules/%s/config",
                                  "/usr/lib/modules/%s/config"};
    const char *path = strchr(wanted, '/') ? wanted : NULL;
    for (size_t i = 0; !path && i < ARRAY_LENGTH(places); i++) {
        const char *prefix =
            arena_copy(arena, places[i], (size_t)(strchr(places[i], '%') - places[i]));
        const char *candidate =
            arena_printf(arena, "%s%s%s", prefix, wanted, strchr(places[i], '%') + 2);
        if (access(candidate, R_OK) == 0)
            path = candidate;
    }
    if (!path)
        return error_set(error, ENOENT,
                         "there is no configuration of the kernel \"%s\" in /boot or /lib/modules; "
                         "name its file, or /proc/config.gz for the running one",
                         wanted);
    struct options kernel;
    int code = options_read(arena, path, &kernel, error);
    return code < 0 ? code : options_check(arena, &fragment, &kernel, gaps, count, error);
}
