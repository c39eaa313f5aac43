#include "generations/tree.h"

#include <errno.h>
#include <fcntl.h>

#include "base/loop.h"
#include "base/memory.h"
#include "base/path.h"

/* What a mount gives cannot be listed, so it is opened anew. */
static int open_image(int file, const char *type, struct error *error)
{
    auto_fd mounted = loop_mount(file, type, error);
    if (mounted < 0)
        return error_prefix(error, "its image");
    int fd = openat(mounted, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? error_system(error, errno, "cannot open its image") : fd;
}

int tree_open(int folder, const char *path, const char *image, struct error *error)
{
    int flags = image ? O_NONBLOCK | O_NOCTTY : O_DIRECTORY;
    auto_fd tree = path_open(folder, path, O_RDONLY | flags);
    if (tree < 0)
        return error_system(error, -tree, "cannot open its tree");
    return image ? open_image(tree, image, error) : TAKE_FD(tree);
}
