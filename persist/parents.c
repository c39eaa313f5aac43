#include "persist/parents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "persist/late.h"
#include "persist/make.h"

/* A walk along `path`; what of it the running system sees begins at `seen`. */
struct walk {
    const struct persist_entry *entry;
    struct context *context;
    const char *path;
    size_t seen;
    bool
        tells; /* of the topmost folder of a home that is made, which the running system will see */
};

/* What the folder becomes to which the first `length` bytes lead. */
static void choose(struct walk *walk, size_t length, struct made *made)
{
    char place[PATH_MAX] = "";
    const struct home *home = walk->entry->home;
    struct owner owner;
    if (length > walk->seen)
        snprintf(place, sizeof(place), "%.*s", (int)(length - walk->seen), walk->path + walk->seen);
    *made = (struct made){0, 0, (int)path_folder_mode(place), false};
    if (!home || !path_is_within(place, home->path))
        return;
    owner_of_home(home, walk->context, &owner);
    *made = (struct made){owner.user, owner.group, 0700, false};
    if (!owner.late_user || !walk->tells)
        return;
    late_home(place, &owner, walk->context);
    walk->tells = false;
}

/* Within another store's subvolume, one more would be in no snapshot of that. */
static bool is_outermost(const struct walk *walk)
{
    const struct config *config = walk->context->config;
    const struct place *store = walk->entry->store;
    for (size_t i = 0; i < config->declaration_count; i++) {
        const struct place *other = config->declarations[i]->object;
        if (config->declarations[i]->kind == DECLARED_STORE && other->volume == store->volume &&
            path_is_within(store->path, other->path) && strcmp(store->path, other->path) != 0)
            return false;
    }
    return true;
}

/* Opens the next folder, of which `length` bytes of the path are the end. */
static int enter(struct walk *walk, int parent, const char *name, size_t length,
                 struct error *error)
{
    struct made made;
    int fd = path_enter(parent, name, walk->path, error);
    if (fd != -ENOENT)
        return fd;
    fd = length == walk->seen && is_outermost(walk) ? make_begin_store(parent)
                                                    : make_begin(parent, PERSIST_DIR);
    if (fd < 0)
        return error_system(error, -fd, "cannot make the folder \"%s\"", walk->path);
    choose(walk, length, &made);
    int code = make_end(parent, fd, name, &made);
    close(fd);
    if (code < 0)
        return error_system(error, -code, "cannot make the folder \"%s\"", walk->path);
    fd = path_enter(parent, name, walk->path, error);
    return fd == -ENOENT ? error_system(error, ENOENT, "cannot open the folder \"%s\"", walk->path)
                         : fd;
}

int parents_open(const struct persist_entry *entry, struct context *context, int folder,
                 const char *path, int *parent, const char **name, struct error *error)
{
    struct walk walk = {entry, context, path, strlen(path) - strlen(entry->target),
                        folder == context->root.fd};
    size_t end = (size_t)(strrchr(path, '/') - path);
    auto_fd fd = path_open(folder, ".", O_PATH | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the folder above \"%s\"", path);
    for (size_t at = 1, next; at < end; at = next + 1) {
        char part[NAME_MAX + 1];
        next = at + strcspn(path + at, "/");
        snprintf(part, sizeof(part), "%.*s", (int)(next - at), path + at);
        int inner = enter(&walk, fd, part, next, error);
        if (inner < 0)
            return inner;
        close(fd);
        fd = inner;
    }
    *parent = TAKE_FD(fd);
    *name = path + end + 1;
    return 0;
}
