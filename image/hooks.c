#include "image/hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "image/links.h"

/* What is put in, by its path there; `source` is where it is for us. */
struct thing {
    struct image *image;
    struct arena *arena;
    const char *path, *source;
};

static int add_thing(const struct thing *thing, struct error *error);

static int add_folder(const struct thing *thing, mode_t mode, struct error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(thing->source, &entries, NULL, alphasort);
    int code = count < 0 ? error_system(error, errno, "cannot read \"%s\"", thing->source)
                         : image_add_folder(thing->image, thing->path, mode, error);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const struct thing inner = {thing->image, thing->arena,
                                    arena_printf(thing->arena, "%s/%s", thing->path, name),
                                    arena_printf(thing->arena, "%s/%s", thing->source, name)};
        if (code == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            code = add_thing(&inner, error);
        free(entries[i]);
    }
    free(entries);
    return code;
}

/* Libraries, too, which a program may open by name: they need others. */
static bool needs_more(const char *source, mode_t mode)
{
    char begin[4] = "";
    auto_fd fd = open(source, O_RDONLY | O_CLOEXEC);
    bool all = fd >= 0 && read(fd, begin, sizeof(begin)) == sizeof(begin);
    return all &&
           (memcmp(begin, "\177ELF", 4) == 0 || (mode & 0111 && memcmp(begin, "#!", 2) == 0));
}

/* Links stay what they are: whoever names a folder gets it as it is. */
static int add_thing(const struct thing *thing, struct error *error)
{
    char target[PATH_MAX];
    struct stat status;
    if (lstat(thing->source, &status) < 0)
        return error_system(error, errno, "cannot read \"%s\"", thing->source);
    mode_t mode = status.st_mode & 0777; /* its owner means nothing in the image */
    if (S_ISDIR(status.st_mode))
        return add_folder(thing, mode, error);
    if (S_ISLNK(status.st_mode)) {
        ssize_t length = readlink(thing->source, target, sizeof(target) - 1);
        if (length < 0)
            return error_system(error, errno, "cannot read \"%s\"", thing->source);
        target[length] = '\0';
        return image_add_link(thing->image, thing->path, target, error);
    }
    if (!S_ISREG(status.st_mode))
        return error_set(error, EINVAL,
                         "\"%s\" is neither a file nor a folder; take it away from there",
                         thing->source);
    if (needs_more(thing->source, mode))
        return image_add_program(thing->image, thing->path,
                                 thing->source + strlen(image_root(thing->image)), error);
    return image_add_file(thing->image, thing->path, thing->source, mode, error);
}

/* Where a path of the system that the image is made from leads, for us. */
static int find_source(struct image *image, struct arena *arena, const char *path,
                       const char **source, struct error *error)
{
    char real[PATH_MAX];
    const char *folder = *image_root(image) ? image_root(image) : "/";
    auto_fd root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_system(error, errno, "cannot open \"%s\"", folder);
    int fd = root, code = links_resolve(path, links_on_disk, &fd, real, error);
    *source = arena_printf(arena, "%s%s", image_root(image), real);
    return code;
}

static int add_needs(struct image *image, struct arena *arena, const struct hook *hook,
                     struct error *error)
{
    for (const char *at = hook->needs; at && *at;) {
        const char *path = arena_copy(arena, at, strcspn(at, ","));
        struct thing thing = {image, arena, path, path};
        int code = find_source(image, arena, path, &thing.source, error);
        if (code == 0 && access(thing.source, F_OK) < 0)
            code = error_set(error, errno,
                             "\"%s\" needs \"%s\", which cannot be put into the image (%s); put "
                             "it there, or take it out of needs=",
                             hook->path, path, strerror(errno));
        else if (code == 0)
            code = add_thing(&thing, error);
        if (code < 0)
            return code;
        at += strlen(path);
        at += *at == ',';
    }
    return 0;
}

int hook_add(struct image *image, const struct hook *hook, struct error *error)
{
    struct stat status;
    auto_arena arena = arena_new();
    const char *source = hook->path;
    int code = find_source(image, arena, hook->path, &source, error);
    if (code < 0)
        return code;
    if (stat(source, &status) < 0)
        return error_set(error, errno,
                         "\"%s\" cannot be put into the image (%s); put the program there, or "
                         "remove the line",
                         hook->path, strerror(errno));
    if (!S_ISREG(status.st_mode) || !(status.st_mode & 0111))
        return error_set(error, EACCES,
                         "\"%s\" cannot be executed; make it a program with chmod +x", hook->path);
    code = image_add_program(image, hook->path, hook->path, error);
    return code < 0 ? code : add_needs(image, arena, hook, error);
}

void hooks_prove(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->hook_count; i++) {
        struct error error;
        auto_image image = image_new();
        image_set_root(image, "");
        if (hook_add(image, config->hooks[i], &error) < 0)
            report_error(report, config->hooks[i]->origin, "the hook cannot come into an image: %s",
                         error.text);
    }
}
