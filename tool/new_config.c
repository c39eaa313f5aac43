/* The configuration that a new generation carries. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/make.h"
#include "tool/new.h"
#include "tool/verb.h"

enum { CONFIG_LIMIT = 1 << 20 };

/* Its includes are files of the tree, and its users those of the tree: it is read in there. */
static _Noreturn void read_inside(int tree, int merged)
{
    FILE *out = fdopen(merged, "w");
    if (fchdir(tree) < 0 || chroot(".") < 0 || chdir("/") < 0 || !out) {
        fprintf(stderr, "ebb: cannot enter the new tree: %s\n", strerror(errno));
        _exit(EXIT_NO);
    }
    if (access("/etc/ebb/ebb.conf", F_OK) < 0)
        _exit(EXIT_DONE);
    struct config *config = verb_config(NULL, NULL);
    if (!config)
        _exit(EXIT_USAGE);
    config_print(config, out);
    _exit(fclose(out) == 0 ? EXIT_DONE : EXIT_NO);
}

/* That beside its tree, if it has one. */
static int take_over(const struct making *making, unsigned old, struct error *error)
{
    char name[16];
    snprintf(name, sizeof(name), "%u", old);
    auto_fd from = path_open(making->store, name, O_PATH | O_DIRECTORY);
    if (linkat(from, "ebb.conf", making->folder, "ebb.conf", 0) < 0 && errno != ENOENT)
        return error_system(error, errno, "cannot take over the ebb.conf of generation %u", old);
    return 0;
}

int new_config(const struct making *making, unsigned old, struct error *error)
{
    int status;
    size_t length;
    auto_string text = NULL;
    auto_fd merged = memfd_create("ebb.conf", MFD_CLOEXEC);
    if (merged < 0)
        return error_system(error, errno, "cannot make a file in memory");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        read_inside(making->tree, merged);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return error_system(error, errno, "cannot start a process");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_DONE)
        return error_set(error, EINVAL,
                         "the new generation's /etc/ebb/ebb.conf cannot be used; correct it in the "
                         "command, or before");
    if (lseek(merged, 0, SEEK_SET) < 0)
        return error_system(error, errno, "cannot read the merged configuration");
    int code = path_read_fd(merged, "ebb.conf", CONFIG_LIMIT, &text, &length, error);
    if (code < 0)
        return code;
    return length == 0 ? take_over(making, old, error)
                       : path_write(making->folder, "ebb.conf", text, length, 0644, error);
}
