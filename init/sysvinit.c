#include "init/sysvinit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "init/ending.h"
#include "mounts/sysfs.h"

enum { PATIENCE = 30 /* seconds; it answers at once */ };

static const char program[] = SHUTDOWN_ROOT "/shutdown";
static const char its_file[] = "/proc/1/exe";

/* What initctl(5) takes, as `telinit u` writes it; telinit itself is another name of the file that
 * is covered. */
struct request {
    int32_t magic, command, level, pause;
    char rest[368];
};

/* A pipe that is read by somebody: systemd and others have it, too, but not that name. */
static int open_control(void)
{
    char path[64] = "";
    if (readlink(its_file, path, sizeof(path) - 1) < 0)
        return -errno;
    const char *name = strrchr(path, '/');
    if (!name || strcmp(name, "/init") != 0)
        return -ENOENT;
    int fd = open("/run/initctl", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int leave_word(const char *word, struct error *error)
{
    auto_fd folder = open(SHUTDOWN_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return folder < 0 ? error_system(error, errno, "cannot open \"" SHUTDOWN_ROOT "\"")
                      : path_write(folder, SHUTDOWN_WORD, word, strlen(word), 0600, error);
}

/* It executes whatever has its own path. */
static int ask(int control, const char *word, struct error *error)
{
    static const struct request request = {.magic = 0x03091969, .command = 1, .level = 'U'};
    int code = leave_word(word, error);
    if (code < 0)
        return code;
    if (mount(program, its_file, NULL, MS_BIND, NULL) < 0)
        return error_system(error, errno, "cannot cover the file of init");
    code = path_write_all(control, &request, sizeof(request));
    return code < 0 ? error_system(error, -code, "cannot write to \"/run/initctl\"") : 0;
}

void sysvinit_replace(const char *word)
{
    struct error error;
    auto_fd control = open_control();
    if (control < 0)
        return;
    if (ask(control, word, &error) == 0) {
        for (unsigned left = PATIENCE; left > 0;)
            left = sleep(left);
        (void)error_set(&error, ETIMEDOUT, "it does not execute itself anew");
    }
    log_warning("init keeps what it holds: %s", error.text);
}

bool sysvinit_was_replaced(char *word, size_t size)
{
    return getpid() == 1 && sysfs_line(word, size, SHUTDOWN_ROOT "/" SHUTDOWN_WORD);
}
