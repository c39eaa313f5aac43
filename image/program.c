/* Programs in an image: what they need, at the places where they will look for it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/closure.h"
#include "image/image.h"
#include "image/links.h"

struct walk {
    struct image *image;
    int root;
};

/* Every link on the way to a file goes into the image too. */
static int link_on_the_way(void *context, const char *path, char target[PATH_MAX],
                           struct error *error)
{
    struct walk *walk = context;
    int found = links_on_disk(&walk->root, path, target, error);
    if (found <= 0)
        return found;
    int code = image_add_link(walk->image, path, target, error);
    return code < 0 ? code : 1;
}

/* Owners and special bits of the building machine mean nothing in the image. */
static int plain_mode(const char *source, mode_t *mode, struct error *error)
{
    struct stat status;
    if (stat(source, &status) < 0)
        return error_system(error, errno, "cannot read \"%s\"", source);
    *mode = status.st_mode & 0111 ? 0755 : 0644;
    return 0;
}

static int add_needed(struct walk *walk, const struct needed_file *file, struct error *error)
{
    char path[PATH_MAX];
    mode_t mode = 0;
    int code = plain_mode(file->source, &mode, error);
    if (code < 0)
        return code;
    if (strcmp(file->path, file->source) == 0) {
        code = links_resolve(file->path, link_on_the_way, walk, path, error);
        return code < 0 ? code : image_add_file(walk->image, path, path, mode, error);
    }
    code = links_resolve(file->path, NULL, NULL, path, error);
    return code < 0 ? code : image_add_file(walk->image, path, file->source, mode, error);
}

int image_add_program(struct image *image, const char *path, const char *source,
                      struct error *error)
{
    auto_string real = realpath(source, NULL);
    if (!real)
        return error_system(error, errno, "cannot read the program \"%s\"", source);
    auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_system(error, errno, "cannot open \"/\"");
    int code = image_add_file(image, path, real, 0755, error);
    if (code < 0)
        return code;
    auto_arena arena = arena_new();
    const struct needed_file *files = NULL;
    size_t count = 0;
    code = closure_find(arena, root, path, real, &files, &count, error);
    struct walk walk = {image, root};
    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_needed(&walk, &files[i], error);
    return code;
}
