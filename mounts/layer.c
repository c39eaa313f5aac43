#include "mounts/layer.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/memory.h"

bool layer_is_possible(void)
{
    auto_fd fd = fsopen("overlay", FSOPEN_CLOEXEC);
    return fd >= 0;
}

/* A value of an overlay's option list: the kernel splits at commas and colons. */
static void escape(char *out, size_t size, const char *text)
{
    size_t at = 0;
    for (; *text && at + 3 < size; text++) {
        if (strchr(",:\\", *text))
            out[at++] = '\\';
        out[at++] = *text;
    }
    out[at] = '\0';
}

int layer_lay(const char *below, const char *memory, const char *place, const char *source,
              unsigned long flags, struct error *error)
{
    char upper[600], work[600], escaped[PATH_MAX], options[2 * PATH_MAX];
    snprintf(upper, sizeof(upper), "%s/upper", memory);
    snprintf(work, sizeof(work), "%s/work", memory);
    if (mkdir(upper, 0755) < 0 || mkdir(work, 0700) < 0)
        return error_system(error, errno, "cannot make the layers in \"%s\"", memory);
    escape(escaped, sizeof(escaped), below);
    snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", escaped, upper, work);
    if (mkdir(place, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    if (mount(source, place, "overlay", flags, options) < 0)
        return error_system(error, errno, "cannot lay an overlay over \"%s\"", below);
    return 0;
}
