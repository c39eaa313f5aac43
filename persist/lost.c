#include "persist/lost.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "persist/compare.h"

/* A path has at most this many folders; deeper ones have no name that a program could use. */
enum { DEEPEST = PATH_MAX / 2 };

/* A folder on the way down. */
struct frame {
    const struct frame *up; /* NULL in "/" */
    const char *name;
    int fd, tree; /* -1: the generation does not have this folder */
    size_t item;
    unsigned depth;
    struct cover_range covered, wanted;
    struct noise_range noise;
    bool inside;   /* of what is wanted */
    bool is_noise; /* it is some, or lies in some */
    bool parted;   /* something in it is not lost */
    bool muted;    /* some noise in it was left out */
    /* of what is lost in it */
    uint64_t size, files;
    struct timespec newest;
};

struct walk {
    const struct lost_request *request;
    struct lost *lost;
    dev_t device;
    ino_t *links; /* a table of the files with several names that were seen; 0 is a free place */
    size_t link_count, link_room;
};

/* "/a/b" of a name in a folder on the way; for free(3). */
static char *path_of(const struct frame *frame, const char *name)
{
    size_t length = strlen(name) + 1;
    for (const struct frame *at = frame; at->up; at = at->up)
        length += strlen(at->name) + 1;
    char *path = malloc(length + 1), *end = path + length;
    if (!path)
        memory_exhausted();
    *end = '\0';
    for (const char *part = name;; part = frame->name, frame = frame->up) {
        end -= strlen(part);
        memcpy(end, part, strlen(part));
        *--end = '/';
        if (!frame->up)
            return path;
    }
}

static void add_blind(struct walk *walk, const struct frame *frame, const char *name, int code)
{
    struct lost *lost = walk->lost;
    if (code == ENOENT)
        return; /* it went meanwhile */
    lost->blind = reallocarray(lost->blind, lost->blind_count + 1, sizeof(*lost->blind));
    if (!lost->blind)
        memory_exhausted();
    lost->blind[lost->blind_count++] = (struct lost_blind){path_of(frame, name), code};
}

static size_t link_place(const struct walk *walk, ino_t number)
{
    size_t place = (size_t)(number * 0x9e3779b97f4a7c15U) & (walk->link_room - 1);
    while (walk->links[place] && walk->links[place] != number)
        place = (place + 1) & (walk->link_room - 1);
    return place;
}

/* Whether another name of this file was counted already. */
static bool is_counted(struct walk *walk, const struct stat *status)
{
    if (status->st_nlink < 2)
        return false;
    if (2 * walk->link_count >= walk->link_room) {
        size_t room = walk->link_room;
        ino_t *links = walk->links;
        walk->link_room = room ? 2 * room : 1024;
        walk->links = calloc(walk->link_room, sizeof(*walk->links));
        if (!walk->links)
            memory_exhausted();
        for (size_t i = 0; i < room; i++)
            if (links[i])
                walk->links[link_place(walk, links[i])] = links[i];
        free(links);
    }
    size_t place = link_place(walk, status->st_ino);
    if (walk->links[place])
        return true;
    walk->links[place] = status->st_ino;
    walk->link_count++;
    return false;
}

/* LOST_…, or -errno. */
static int change_of(const struct frame *frame, const char *name, const struct stat *status)
{
    struct stat origin;
    if (frame->tree < 0)
        return LOST_NEW;
    if (fstatat(frame->tree, name, &origin, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? LOST_NEW : -errno;
    int code = compare_things(frame->fd, status, frame->tree, &origin, name);
    return code == 1 ? LOST_CHANGED : code;
}

static void count(struct frame *frame, uint64_t size, uint64_t files, struct timespec time)
{
    frame->size += size;
    frame->files += files;
    if (time.tv_sec > frame->newest.tv_sec ||
        (time.tv_sec == frame->newest.tv_sec && time.tv_nsec > frame->newest.tv_nsec))
        frame->newest = time;
}

static void walk_folder(struct walk *walk, struct frame *frame);

/* What is written about a folder once all in it is known. */
static void close_item(struct walk *walk, struct frame *up, const struct frame *frame)
{
    struct lost *lost = walk->lost;
    struct lost_item *item = &lost->items[frame->item];
    if (item->change == LOST_NEW && frame->muted && lost->count == frame->item + 1)
        item->change = LOST_NOTHING; /* there is nothing but noise in it */
    if (item->change == LOST_NEW && !frame->parted) {
        lost_cut(lost, frame->item + 1);
        item->children = 0;
        item->whole = true;
    } else if (item->change == LOST_NEW) {
        item->change = LOST_NOTHING; /* made for what is brought back, and so it will be again */
    }
    if (item->change == LOST_NOTHING && lost->count == frame->item + 1) {
        lost_cut(lost, frame->item);
        up->parted |= frame->parted;
        up->muted |= frame->muted;
        return;
    }
    item->size = frame->size;
    item->files = frame->files;
    item->change_time = frame->newest;
    up->parted |= frame->parted;
    count(up, frame->size, frame->files, frame->newest);
}

/* `frame` is filled but for its descriptors. */
static void enter(struct walk *walk, struct frame *up, struct frame *frame,
                  const struct lost_item *item)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct stat status;
    bool has_origin = up->tree >= 0 && item->change != LOST_NEW &&
                      fstatat(up->tree, frame->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISDIR(status.st_mode);
    auto_fd tree = has_origin ? openat(up->tree, frame->name, flags) : -1;
    if (has_origin && tree < 0) { /* without it, nothing in there could be told from new */
        add_blind(walk, up, frame->name, errno);
        up->parted = true;
        return;
    }
    frame->tree = tree;
    frame->item = lost_add(walk->lost, item, frame->name);
    if (item->change == LOST_CHANGED && !has_origin)
        walk->lost->items[frame->item].change = LOST_NEW; /* it was no folder */
    frame->fd = frame->depth < DEEPEST ? openat(up->fd, frame->name, flags) : -1;
    walk->lost->items[frame->item].unseen = frame->fd < 0;
    if (frame->fd < 0)
        add_blind(walk, up, frame->name, frame->depth < DEEPEST ? errno : ENAMETOOLONG);
    else
        walk_folder(walk, frame);
    close_item(walk, up, frame);
}

static void visit_folder(struct walk *walk, struct frame *up, struct frame *frame,
                         const struct stat *status, enum lost_change change)
{
    struct noise *noise = walk->request->noise;
    const struct lost_item item = {.parent = up->item,
                                   .mode = status->st_mode,
                                   .change = change,
                                   .noise = frame->is_noise,
                                   .change_time = status->st_mtim};
    if (change != LOST_NOTHING)
        frame->newest = status->st_mtim;
    if (noise)
        frame->noise = noise_enter(noise, up->noise, frame->name);
    enter(walk, up, frame, &item);
    if (noise)
        noise_leave(noise, frame->noise);
}

static bool is_kernels(const struct frame *frame, const char *name)
{
    char path[NAME_MAX + 2];
    if (frame->up)
        return false;
    snprintf(path, sizeof(path), "/%s", name);
    return path_kernel_folder(path) || strcmp(name, "lost+found") == 0;
}

/* What is to be left out whatever its state is; fills what a folder's frame inherits. */
static bool is_left_out(struct walk *walk, struct frame *up, struct frame *frame)
{
    const struct lost_request *request = walk->request;
    if (!up->inside) {
        frame->inside = cover_enter(&request->wanted, up->wanted, frame->name, &frame->wanted);
        if (!frame->inside && frame->wanted.begin == frame->wanted.end) {
            up->parted = true;
            return true;
        }
    }
    if (is_kernels(up, frame->name))
        return true;
    if (cover_enter(&request->covered, up->covered, frame->name, &frame->covered)) {
        up->parted = true;
        return true;
    }
    if (!frame->is_noise && request->noise)
        frame->is_noise = noise_matches(request->noise, up->noise, frame->name);
    bool is_muted = frame->is_noise && !request->with_noise;
    up->muted |= is_muted;
    return is_muted;
}

static void visit(struct walk *walk, struct frame *up, const char *name)
{
    struct stat status;
    struct frame frame = {.up = up,
                          .name = name,
                          .depth = up->depth + 1,
                          .inside = up->inside,
                          .is_noise = up->is_noise};
    if (is_left_out(walk, up, &frame))
        return;
    if (fstatat(up->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
        add_blind(walk, up, name, errno);
        return;
    }
    if (status.st_dev != walk->device) {
        up->parted = true;
        return;
    }
    if (walk->request->is_layer && S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0))
        return;
    if (!frame.inside && !S_ISDIR(status.st_mode))
        return; /* a path is wanted that would lie below it */
    int change = change_of(up, name, &status);
    if (change < 0) {
        add_blind(walk, up, name, -change);
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        visit_folder(walk, up, &frame, &status, frame.inside ? change : LOST_NOTHING);
        return;
    }
    if (change == LOST_NOTHING)
        return;
    bool has_size = S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
    uint64_t size = has_size && !is_counted(walk, &status) ? (uint64_t)status.st_size : 0;
    const struct lost_item item = {.parent = up->item,
                                   .mode = status.st_mode,
                                   .change = (enum lost_change)change,
                                   .noise = frame.is_noise,
                                   .size = size,
                                   .files = 1,
                                   .change_time = status.st_mtim};
    lost_add(walk->lost, &item, name);
    count(up, size, 1, status.st_mtim);
}

/* Takes over the folder's own descriptor. */
static void walk_folder(struct walk *walk, struct frame *frame)
{
    auto_dir folder = fdopendir(frame->fd);
    if (!folder) {
        add_blind(walk, frame->up ? frame->up : frame, frame->name, errno);
        close(frame->fd);
        return;
    }
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        const char *name = entry->d_name;
        if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
            continue;
        visit(walk, frame, name);
    }
    if (errno)
        add_blind(walk, frame->up ? frame->up : frame, frame->name, errno);
}

int lost_find(const struct lost_request *request, struct lost *lost, struct error *error)
{
    struct stat status;
    struct frame top = {.name = "",
                        .tree = request->tree,
                        .item = LOST_TOP,
                        .covered = cover_all(&request->covered),
                        .wanted = cover_all(&request->wanted),
                        .inside = request->wanted.count == 0};
    *lost = (struct lost){0};
    top.fd = openat(request->root.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top.fd < 0)
        return error_system(error, errno, "cannot look into the root \"%s\"", request->root.name);
    if (fstat(top.fd, &status) < 0) {
        int code = errno;
        close(top.fd);
        return error_system(error, code, "cannot look at the root \"%s\"", request->root.name);
    }
    struct walk *walk = calloc(1, sizeof(*walk));
    if (!walk)
        memory_exhausted();
    walk->request = request;
    walk->lost = lost;
    walk->device = status.st_dev;
    if (request->noise)
        top.noise = noise_begin(request->noise);
    walk_folder(walk, &top);
    lost_sort(lost);
    lost->size = top.size;
    lost->files = top.files;
    free(walk->links);
    free(walk);
    return 0;
}
