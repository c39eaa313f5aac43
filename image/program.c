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
    struct arena *arena;
    int root;
};

/* Where a file of that system is for us. */
static const char *here(const struct walk *walk, const char *path)
{
    return arena_printf(walk->arena, "%s%s", image_root(walk->image), path);
}

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
    int code = plain_mode(here(walk, file->source), &mode, error);
    if (code < 0)
        return code;
    if (strcmp(file->path, file->source) == 0) {
        code = links_resolve(file->path, link_on_the_way, walk, path, error);
        return code < 0 ? code : image_add_file(walk->image, path, here(walk, path), mode, error);
    }
    code = links_resolve(file->path, NULL, NULL, path, error);
    return code < 0 ? code
                    : image_add_file(walk->image, path, here(walk, file->source), mode, error);
}

/* Without links. A relative path can only be of the running system. */
static int find_real(const struct walk *walk, const char *source, char real[PATH_MAX],
                     struct error *error)
{
    if (*image_root(walk->image)) {
        int root = walk->root, code = links_resolve(source, links_on_disk, &root, real, error);
        if (code < 0 || faccessat(root, real + 1, R_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return code;
    } else if (realpath(source, real)) {
        return 0;
    }
    return error_system(error, errno, "cannot read the program \"%s%s\"", image_root(walk->image),
                        source);
}

int image_add_program(struct image *image, const char *path, const char *source,
                      struct error *error)
{
    const char *folder = *image_root(image) ? image_root(image) : "/";
    char real[PATH_MAX];
    auto_fd root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_system(error, errno, "cannot open \"%s\"", folder);
    auto_arena arena = arena_new();
    struct walk walk = {image, arena, root};
    int code = find_real(&walk, source, real, error);
    if (code == 0)
        code = image_add_file(image, path, here(&walk, real), 0755, error);
    if (code < 0)
        return code;
    const struct needed_file *files = NULL;
    size_t count = 0;
    code = closure_find(arena, root, path, real, &files, &count, error);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = add_needed(&walk, &files[i], error);
    return code;
}
