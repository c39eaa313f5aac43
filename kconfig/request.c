#include "kconfig/request.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "kconfig/load.h"

static const char setting[] = "/proc/sys/kernel/modprobe", ours[] = "/init";
static char before[256]; /* a path in the kernel has no more */

static void set(const char *path)
{
    auto_fd fd = open(setting, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || path_write_all(fd, path, strlen(path)) < 0)
        log_debug("\"%s\" cannot be written (ignoring: a kernel without modules)", setting);
}

void request_enable(void)
{
    auto_fd fd = open(setting, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, before, sizeof(before) - 1);
    before[length > 0 ? length : 0] = '\0';
    if (length > 0)
        set(ours);
}

void request_release(void)
{
    if (*before)
        set(before);
}

/* As the kernel calls it: modprobe -q -- NAME. */
int request_serve(int count, char **arguments)
{
    if (count != 4 || strcmp(arguments[1], "-q") != 0 || strcmp(arguments[2], "--") != 0)
        return -1;
    struct error error;
    struct modules *modules = NULL;
    log_to_kernel();
    int code = modules_open(&modules, &error);
    if (code == 0)
        code = modules_load(modules, arguments[3], &error);
    if (code < 0) /* it asks for much that nobody has */
        log_debug("the kernel asked for \"%s\": %s", arguments[3], error.text);
    modules_close(modules);
    return code < 0;
}
