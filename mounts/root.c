#include "mounts/root.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/log.h"
#include "mounts/image.h"
#include "mounts/layer.h"
#include "mounts/subvolume.h"

void root_check(const struct config *config, struct report *report)
{
    if (!(config->root.mode & 0111))
        report_error(report, config->root.origin,
                     "nobody could enter a root of mode %04o; write mode=0755", config->root.mode);
}

void root_plan(const struct config *config, const struct generation *generation, struct plan *plan)
{
    struct step *step = plan_add(plan, STEP_ROOT, config->root.origin);
    step->root = &config->root;
    step->generation = generation;
    step->target = "/";
    if (config->root.kind == ROOT_OVERLAY || config->generations.kind == STORE_NIX)
        return;
    step = plan_add(plan, STEP_TREE, config->generations.origin);
    step->root = &config->root;
    step->generation = generation;
}

void root_sentence(const struct step *step, FILE *stream)
{
    const struct root *root = step->root;
    if (root->kind == ROOT_OVERLAY) {
        fputs("make the root: ", stream);
        generation_print(step->generation, stream);
        fprintf(stream, " below a layer in memory, size=%s", root->size);
    } else if (root->kind == ROOT_SUBVOLUME) {
        subvolume_sentence(step, stream);
    } else {
        fprintf(stream, "make the root: tmpfs, size=%s, mode=%04o", root->size,
                (unsigned)root->mode);
    }
}

void tree_sentence(const struct step *step, FILE *stream)
{
    fputs("lay out ", stream);
    generation_print(step->generation, stream);
    fputs(": programs read-only, the rest copied", stream);
}

/* A root that may grow beyond the memory would end in a kernel that kills what it can. A percentage
 * never does. */
static int check_memory(const struct root *root, struct error *error)
{
    char *unit;
    struct sysinfo memory;
    unsigned long long size = strtoull(root->size, &unit, 10);
    for (const char *units = "kmg"; *units && *unit && *unit != '%'; units++) {
        size *= 1024;
        if (*units == tolower((unsigned char)*unit))
            break;
    }
    if (*unit == '%' || sysinfo(&memory) < 0)
        return 0;
    unsigned long long total = (unsigned long long)memory.totalram * memory.mem_unit;
    if (size <= total)
        return 0;
    return error_set(
        error, ENOMEM,
        "`root` may grow to size=%s, but this machine has %llu MiB of memory; give it a "
        "smaller size=, such as 50%%",
        root->size, total >> 20);
}

static int mount_tmpfs(const char *place, const struct root *root, struct error *error)
{
    char options[256];
    if (check_memory(root, error) < 0)
        return -error->code;
    snprintf(options, sizeof(options), "size=%s,nr_inodes=%s,mode=%04o", root->size, root->inodes,
             (unsigned)root->mode);
    if (mkdir(place, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    if (mount("root", place, "tmpfs", MS_STRICTATIME, options) < 0)
        return error_system(error, errno,
                            "cannot mount the root as tmpfs with \"%s\"; correct `root`", options);
    return 0;
}

/* The chosen generation's tree; refuses one that symbolic links lead out of the volume. */
static int open_tree_of(const struct generation *generation, const struct context *context,
                        struct error *error)
{
    const struct volume *volume = context->config->generations.place.volume;
    int fd = generation->image ? path_open(context->tree, ".", O_RDONLY | O_DIRECTORY)
                               : path_open(context_volume(context, volume)->fd, generation->tree,
                                           O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the tree \"%s:%s\" of generation %u",
                            volume->name, generation->tree, generation->number);
    return fd;
}

static int mount_overlay(const struct step *step, const struct context *context,
                         struct error *error)
{
    const struct volume *volume = context->config->generations.place.volume;
    char layer[256];
    auto_fd tree = open_tree_of(step->generation, context, error);
    if (tree < 0)
        return tree;
    snprintf(layer, sizeof(layer), "%s/.layer", context->volumes);
    const char *lower = step->generation->image
                            ? image_place(context)
                            : arena_printf(context->arena, "%s/%s%s", context->volumes,
                                           volume->name, step->generation->tree);
    int code = mount_tmpfs(layer, step->root, error);
    if (code == 0)
        code = layer_lay(lower, layer, context->root.name, "root", 0, error);
    if (code == 0 && chmod(context->root.name, (mode_t)step->root->mode) < 0)
        code = error_system(error, errno, "cannot change the mode of the new root");
    return code;
}

/* Places that every init expects. Most trees have them; a thin one may not. */
static int make_mount_points(int root, const struct generation *generation, struct error *error)
{
    static const struct {
        const char *name;
        mode_t mode;
    } folders[] = {{"proc", 0555}, {"sys", 0555}, {"dev", 0755}, {"run", 0755}, {"tmp", 01777}};
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        struct stat status;
        if (mkdirat(root, folders[i].name, folders[i].mode) == 0)
            (void)fchmodat(root, folders[i].name, folders[i].mode, 0); /* mkdir obeyed the umask */
        else if (errno != EEXIST)
            return error_system(error, errno, "cannot make \"/%s\" in the new root",
                                folders[i].name);
        else if (fstatat(root, folders[i].name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
                 !S_ISDIR(status.st_mode))
            return error_set(error, ENOTDIR,
                             "\"/%s\" of generation %u is not a folder, which it must be to be "
                             "mounted on; boot another generation with ebb.generation=",
                             folders[i].name, generation->number);
    }
    return 0;
}

int root_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = 0;
    switch ((enum root_kind)step->root->kind) {
    case ROOT_TMPFS:
        code = mount_tmpfs(context->root.name, step->root, error);
        break;
    case ROOT_OVERLAY:
        code = mount_overlay(step, context, error);
        break;
    case ROOT_SUBVOLUME:
        code = subvolume_mount(step->root, context, error);
        break;
    }
    if (code < 0)
        return code;
    context->root.fd = open(context->root.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (context->root.fd < 0)
        return error_system(error, errno, "cannot open the new root");
    return make_mount_points(context->root.fd, step->generation, error);
}

/* How a name at the top of a tree comes into a root in memory. */
enum layout { LAYOUT_BIND, LAYOUT_COPY, LAYOUT_SKIP };

static enum layout layout_of(const char *name)
{
    static const char *const programs[] = {"usr", "bin", "sbin", "opt", "boot", "nix", "gnu"};
    static const char *const kernels[] = {"proc", "sys", "dev", "run", "tmp", "lost+found"};
    for (size_t i = 0; i < ARRAY_LENGTH(programs); i++)
        if (strcmp(name, programs[i]) == 0)
            return LAYOUT_BIND;
    for (size_t i = 0; i < ARRAY_LENGTH(kernels); i++)
        if (strcmp(name, kernels[i]) == 0)
            return LAYOUT_SKIP;
    return strncmp(name, "lib", 3) == 0 ? LAYOUT_BIND : LAYOUT_COPY;
}

static int bind_read_only(int tree, int root, const char *name, struct error *error)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    auto_fd copy = open_tree(tree, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (copy < 0)
        return error_system(error, errno, "cannot bind \"%s\" of the generation", name);
    if (mkdirat(root, name, 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/%s\" in the new root", name);
    if (mount_setattr(copy, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0 ||
        move_mount(copy, "", root, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot bind \"%s\" of the generation", name);
    return 0;
}

static int copy_into(const struct step *step, int tree, int root, const char *name,
                     struct error *error)
{
    int code = copy_named(tree, root, name, error);
    if (code == -EEXIST && step->root->blank.volume)
        return error_prefix(error, "laying out \"/%s\" over the blank snapshot \"%s:%s\"", name,
                            step->root->blank.volume_name, step->root->blank.path);
    if (code == -ENOSPC && step->root->kind == ROOT_TMPFS)
        return error_set(error, ENOSPC,
                         "\"/%s\" of generation %u does not fit into the root of size=%s and "
                         "inodes=%s; give `root tmpfs` more, or use `root overlay`",
                         name, step->generation->number, step->root->size, step->root->inodes);
    if (code == -ENOSPC && step->root->kind == ROOT_SUBVOLUME)
        return error_set(error, ENOSPC,
                         "\"/%s\" of generation %u does not fit on the volume \"%s\", which is "
                         "full; delete old roots on it, and give `root` a shorter keep=",
                         name, step->generation->number, step->root->place.volume_name);
    return code < 0 ? error_prefix(error, "laying out \"/%s\"", name) : 0;
}

int tree_apply(const struct step *step, struct context *context, struct error *error)
{
    int tree = open_tree_of(step->generation, context, error);
    if (tree < 0)
        return tree;
    auto_dir folder = fdopendir(tree);
    if (!folder)
        return error_system(error, errno, "cannot list the tree of generation %u",
                            step->generation->number);
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        const char *name = entry->d_name;
        struct stat status;
        int code = 0;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || layout_of(name) == LAYOUT_SKIP)
            continue;
        if (fstatat(tree, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            return error_system(error, errno, "cannot look at \"/%s\" of the generation", name);
        if (S_ISDIR(status.st_mode) && layout_of(name) == LAYOUT_BIND)
            code = bind_read_only(tree, context->root.fd, name, error);
        else if (!context->root_kept ||
                 fstatat(context->root.fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            code = copy_into(step, tree, context->root.fd, name, error);
        if (code < 0)
            return code;
    }
    return errno ? error_system(error, errno, "cannot list the tree of generation %u",
                                step->generation->number)
                 : 0;
}

/* The folder of the tree that an overlay has below it, or of the image behind a loop device. */
static int open_lower(const struct context *context)
{
    const struct generation *generation = context->generation;
    const struct volume *volume = context->config->generations.place.volume;
    if (!generation->image)
        return context_tree(context);
    const char *folder = arena_copy(context->arena, generation->tree,
                                    (size_t)(strrchr(generation->tree, '/') - generation->tree));
    return path_open(context_volume(context, volume)->fd, folder, O_PATH | O_DIRECTORY);
}

/* The overlay holds the file system of its lower layer, and a loop device that of its file, which
 * no mount shows: it would never become read-only, and the next boot would have to recover it as
 * after a power cut. What is mounted in /run/initramfs is left by systemd until its last step,
 * which makes the file system of every mount read-only. */
void root_show_lower(const struct context *context)
{
    static const char place[] = "/run/initramfs/lower";
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (context->config->root.kind != ROOT_OVERLAY && !context->generation->image)
        return;
    auto_fd lower = open_lower(context);
    auto_fd copy = open_tree(lower, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    (void)mkdir("/run/initramfs", 0755); /* a hook may have made it */
    (void)mkdir(place, 0700);            /* what is missing is told below */
    if (copy < 0 || mount_setattr(copy, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0 ||
        move_mount(copy, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        log_warning("ignoring that the volume of the generation will need recovery at the next "
                    "boot: its folder cannot be shown on \"%s\": %s",
                    place, strerror(errno));
}

void root_discard(struct context *context)
{
    char layer[256];
    if (context->root.fd >= 0)
        close(TAKE_FD(context->root.fd));
    context->init = NULL;
    context->late_count = 0;
    (void)umount2(context->root.name, MNT_DETACH); /* it may not have been mounted yet */
    snprintf(layer, sizeof(layer), "%s/.layer", context->volumes);
    (void)umount2(layer, MNT_DETACH); /* only an overlay has one */
    image_discard(context);
}
