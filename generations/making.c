#include "generations/making.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/copy.h"
#include "base/memory.h"
#include "base/path.h"
#include "generations/facts.h"
#include "generations/inside.h"
#include "generations/tree.h"

static const char work[] = "work", workplace[] = "workplace";

/* Mounts a folder over itself, without what is mounted in it: links cannot be made between mounts,
 * and what hangs in a tree is none of it. */
static int mount_alone(int parent, const char *name, int *folder, struct error *error)
{
    auto_fd mount = open_tree(parent, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0 || move_mount(mount, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_system(error, errno, "cannot mount a folder of the generations");
    *folder = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder < 0 ? error_system(error, errno, "cannot open a folder of the generations") : 0;
}

static int open_own(int folder, const char *name, int *fd, struct error *error)
{
    *fd = path_open(folder, name, O_RDONLY | O_DIRECTORY);
    return *fd < 0 ? error_system(error, -*fd, "cannot open \"%s\" of the generations", name) : 0;
}

static int take_snapshot(struct making *making, struct error *error)
{
    making->is_whole = true;
    int code = unlinkat(making->folder, "tree", AT_REMOVEDIR) < 0 ? -errno : 0;
    if (code == 0)
        code = btrfs_make(making->folder, "tree", making->from);
    if (code < 0)
        return error_system(error, -code, "cannot make a snapshot of the tree");
    code = open_own(making->folder, "tree", &making->tree, error);
    return code < 0 ? code : mount_alone(making->folder, "tree", &making->workplace, error);
}

/* What is written need not reach the disk before the generation has its number: hence volatile. */
static int lay_over(struct making *making, struct error *error)
{
    char options[256], place[64];
    auto_fd working = -1, top = -1;
    int code = open_own(making->folder, "tree", &making->tree, error);
    if (code == 0)
        code = copy_open_attributes(making->from, making->tree, error);
    if (code == 0 &&
        (mkdirat(making->folder, work, 0700) < 0 || mkdirat(making->folder, workplace, 0700) < 0))
        code = error_system(error, errno, "cannot make the folders of an overlay");
    if (code == 0)
        code = open_own(making->folder, work, &working, error);
    if (code == 0)
        code = open_own(making->folder, workplace, &top, error);
    if (code < 0)
        return code;
    snprintf(options, sizeof(options),
             "lowerdir=/proc/self/fd/%d,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,"
             "redirect_dir=off,metacopy=off,index=off,volatile",
             making->from, making->tree, working);
    snprintf(place, sizeof(place), "/proc/self/fd/%d", top);
    if (mount("overlay", place, "overlay", 0, options) < 0)
        return error_system(error, errno, "cannot lay an overlay over the tree%s",
                            errno == ENODEV ? ", for the kernel has none; load the module overlay"
                                            : "");
    return open_own(making->folder, workplace, &making->workplace, error);
}

/* The tree of an image comes out of it whole: there is nothing on this volume to link to. */
static int unpack(struct making *making, struct error *error)
{
    making->is_whole = true;
    int code = open_own(making->folder, "tree", &making->tree, error);
    if (code == 0)
        code = copy_tree(making->from, making->tree, error);
    return code < 0 ? error_prefix(error, "unpacking the image of the tree")
                    : mount_alone(making->folder, "tree", &making->workplace, error);
}

static int open_from(struct making *making, unsigned number, const char **image,
                     struct error *error)
{
    auto_arena arena = arena_new();
    const char *path = facts_tree(arena, making->store, number, image);
    making->from = tree_open(making->store, path, *image, error);
    return making->from < 0 ? error_prefix(error, "generation %u", number) : 0;
}

int making_begin(int store, const struct generation_facts *facts, struct making *making,
                 struct error *error)
{
    const char *image = NULL;
    struct btrfs_subvolume subvolume;
    *making = (struct making){.store = -1, .folder = -1, .from = -1, .tree = -1, .workplace = -1};
    int code = mount_alone(store, ".", &making->store, error);
    if (code == 0)
        code = open_from(making, facts->parent, &image, error);
    if (code == 0)
        code = generation_prepare(making->store, facts, &making->folder, error);
    if (code < 0)
        return code;
    if (image)
        return unpack(making, error);
    return btrfs_look(making->from, &subvolume) == 0 ? take_snapshot(making, error)
                                                     : lay_over(making, error);
}

static void leave(struct making *making)
{
    char path[64];
    if (making->workplace < 0)
        return;
    close(making->workplace); /* the last one who holds it */
    making->workplace = -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", making->folder,
             making->is_whole ? "tree" : workplace);
    (void)umount2(path, MNT_DETACH); /* nobody else sees it, whatever becomes of it */
}

int making_run(struct making *making, const struct generation_facts *facts, int stop,
               struct error *error)
{
    const struct inside inside = {making->workplace, facts->command, stop};
    int code = inside_run(&inside, error);
    leave(making);
    return code;
}

int making_seal(const struct making *making, struct copy_progress *progress, int stop,
                struct error *error)
{
    const struct layer layer = {making->from, making->tree, progress, stop};
    int code = making->is_whole ? 0 : layer_fill(&layer, error);
    if (code < 0 || making->is_whole)
        return code;
    code = path_remove_at(making->folder, work);
    if (code == 0)
        code = path_remove_at(making->folder, workplace);
    return code < 0 ? error_system(error, -code, "cannot remove the folders of the overlay") : 0;
}

void making_close(struct making *making)
{
    char path[64];
    leave(making);
    memory_close_fd(&making->tree);
    memory_close_fd(&making->from);
    memory_close_fd(&making->folder);
    if (making->store < 0)
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", making->store);
    (void)umount2(path, MNT_DETACH); /* as above */
    close(making->store);
}
