#include "image/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/path.h"

/* Finds the file to be replaced. A rename would put an image where /dev/null was, or where a link
 * was, whose target would go on being booted. `*target` is for free(3), NULL: `output` itself. */
static int find_target(const char *output, char **target, struct error *error)
{
    struct stat status;
    if (lstat(output, &status) < 0)
        return 0; /* a new file, or path_write says what is wrong */
    bool link = S_ISLNK(status.st_mode);
    if (link && stat(output, &status) < 0)
        return error_system(error, errno,
                            "\"%s\" is a link that leads to no file; remove it, or name its target",
                            output);
    if (!S_ISREG(status.st_mode))
        return error_set(error, EEXIST, "\"%s\" is %s, which no image can replace; name a file",
                         output,
                         S_ISDIR(status.st_mode)    ? "a folder"
                         : S_ISFIFO(status.st_mode) ? "a pipe"
                         : S_ISSOCK(status.st_mode) ? "a socket"
                                                    : "a device");
    char *real = link ? realpath(output, NULL) : NULL;
    if (link && !real)
        return error_system(error, errno, "cannot follow the link \"%s\"", output);
    *target = real;
    return 0;
}

int output_write(const char *output, const void *data, size_t length, struct error *error)
{
    auto_string target = NULL;
    if (find_target(output, &target, error) < 0)
        return -error->code;
    /* 0600: an image may hold what not every user should read, and CVE-2024-23301 was that. */
    return path_write(AT_FDCWD, target ? target : output, data, length, 0600, error);
}
