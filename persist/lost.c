#include "persist/lost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "persist/lost_search.h"

/* Puts what was found into the list. */
struct teller {
    struct lost *lost;
    ino_t *links; /* a table of the files with several names that were seen; 0 is a free place */
    size_t link_count, link_room;
};

/* Of what is lost in a folder. */
struct tally {
    bool parted, muted; /* as in struct look_folder, and of the folders in it */
    uint64_t size, files;
    struct timespec newest;
};

/* "/a/b" of a name in a folder; for free(3). */
static char *path_of(const struct look_folder *folder, const char *name)
{
    size_t length = strlen(name) + 1;
    for (const struct look_folder *at = folder; at->up; at = at->up)
        length += strlen(at->name) + 1;
    char *path = malloc(length + 1), *end = path + length;
    if (!path)
        memory_exhausted();
    *end = '\0';
    for (const char *part = name;; part = folder->name, folder = folder->up) {
        end -= strlen(part);
        memcpy(end, part, strlen(part));
        *--end = '/';
        if (!folder->up)
            return path;
    }
}

static void add_blind(struct lost *lost, const struct look_folder *folder, const char *name,
                      int code)
{
    if (code == ENOENT)
        return; /* it went meanwhile */
    lost->blind = reallocarray(lost->blind, lost->blind_count + 1, sizeof(*lost->blind));
    if (!lost->blind)
        memory_exhausted();
    lost->blind[lost->blind_count++] = (struct lost_blind){path_of(folder, name), code};
}

static size_t link_place(const struct teller *teller, ino_t number)
{
    size_t place = (size_t)(number * 0x9e3779b97f4a7c15U) & (teller->link_room - 1);
    while (teller->links[place] && teller->links[place] != number)
        place = (place + 1) & (teller->link_room - 1);
    return place;
}

/* Whether another name of this file was counted already; 0: it has no other. */
static bool is_counted(struct teller *teller, ino_t inode)
{
    if (!inode)
        return false;
    if (2 * teller->link_count >= teller->link_room) {
        size_t room = teller->link_room;
        ino_t *links = teller->links;
        teller->link_room = room ? 2 * room : 1024;
        teller->links = calloc(teller->link_room, sizeof(*teller->links));
        if (!teller->links)
            memory_exhausted();
        for (size_t i = 0; i < room; i++)
            if (links[i])
                teller->links[link_place(teller, links[i])] = links[i];
        free(links);
    }
    size_t place = link_place(teller, inode);
    if (teller->links[place])
        return true;
    teller->links[place] = inode;
    teller->link_count++;
    return false;
}

static void count(struct tally *tally, uint64_t size, uint64_t files, struct timespec time)
{
    tally->size += size;
    tally->files += files;
    if (time.tv_sec > tally->newest.tv_sec ||
        (time.tv_sec == tally->newest.tv_sec && time.tv_nsec > tally->newest.tv_nsec))
        tally->newest = time;
}

/* What is written about a folder once all in it is known. */
static void close_item(struct lost *lost, size_t place, const struct tally *tally, struct tally *up)
{
    struct lost_item *item = &lost->items[place];
    up->parted |= tally->parted;
    if (item->change == LOST_NEW && tally->muted && lost->count == place + 1)
        item->change = LOST_NOTHING; /* there is nothing but noise in it */
    if (item->change == LOST_NEW && !tally->parted) {
        lost_cut(lost, place + 1);
        item->children = 0;
        item->whole = true;
    } else if (item->change == LOST_NEW) {
        item->change = LOST_NOTHING; /* made for what is brought back, and so it will be again */
    }
    if (item->change == LOST_NOTHING && lost->count == place + 1) {
        lost_cut(lost, place);
        up->muted |= tally->muted;
        return;
    }
    item->size = tally->size;
    item->files = tally->files;
    item->change_time = tally->newest;
    count(up, tally->size, tally->files, tally->newest);
}

static void tell_inside(struct teller *teller, const struct look_folder *folder, size_t parent,
                        struct tally *tally);

static void tell_folder(struct teller *teller, const struct look_thing *thing, size_t parent,
                        struct tally *up)
{
    const struct look_folder *folder = thing->folder;
    struct tally tally = {0};
    if (folder->blind)
        add_blind(teller->lost, folder->up, folder->name, folder->blind);
    if (folder->strange) {
        up->parted = true;
        return;
    }
    struct lost_item item = thing->item;
    item.parent = parent;
    item.unseen = folder->unseen;
    if (item.change != LOST_NOTHING)
        tally.newest = item.change_time;
    size_t place = lost_add(teller->lost, &item, thing->name);
    tell_inside(teller, folder, place, &tally);
    close_item(teller->lost, place, &tally, up);
}

static void tell_file(struct teller *teller, const struct look_thing *thing, size_t parent,
                      struct tally *up)
{
    struct lost_item item = thing->item;
    item.parent = parent;
    if (is_counted(teller, thing->inode))
        item.size = 0;
    lost_add(teller->lost, &item, thing->name);
    count(up, item.size, item.files, item.change_time);
}

static void tell_inside(struct teller *teller, const struct look_folder *folder, size_t parent,
                        struct tally *tally)
{
    tally->parted |= folder->parted;
    tally->muted |= folder->muted;
    for (size_t i = 0; i < folder->count; i++) {
        const struct look_thing *thing = &folder->things[i];
        if (thing->blind)
            add_blind(teller->lost, folder, thing->name, thing->blind);
        else if (thing->folder)
            tell_folder(teller, thing, parent, tally);
        else
            tell_file(teller, thing, parent, tally);
    }
}

int lost_find(const struct lost_request *request, struct lost *lost, struct error *error)
{
    struct stat status;
    struct teller teller = {.lost = lost};
    struct tally tally = {0};
    *lost = (struct lost){0};
    auto_fd fd = openat(request->root.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot look into the root \"%s\"", request->root.name);
    if (fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot look at the root \"%s\"", request->root.name);
    struct lost_search *search = lost_search(request, TAKE_FD(fd), status.st_dev);
    const struct look_folder *top = lost_search_top(search);
    if (top->blind)
        add_blind(lost, top, top->name, top->blind);
    tell_inside(&teller, top, LOST_TOP, &tally);
    lost->size = tally.size;
    lost->files = tally.files;
    free(teller.links);
    lost_search_free(search);
    return 0;
}
