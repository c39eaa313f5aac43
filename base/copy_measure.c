#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/copying.h"
#include "base/memory.h"

/* A walk over what would be copied. */
struct measure {
    const struct copy_choice *choice;
    struct copy_size *size;
    uint64_t mount;
    void *links; /* a tsearch tree of struct link: inodes with several names that were counted */
    char path[PATH_MAX];
};

static void add(struct measure *measure, const struct stat *status)
{
    bool is_known = false;
    if (!S_ISDIR(status->st_mode)) {
        measure->size->files++;
        measure->size->bytes += S_ISREG(status->st_mode) ? (uint64_t)status->st_size : 0;
        is_known = status->st_nlink > 1 && copy_find_link(&measure->links, status);
        if (status->st_nlink > 1 && !is_known)
            copy_add_link(&measure->links, status, "");
    }
    if (!is_known)
        measure->size->room += (uint64_t)status->st_blocks * 512;
}

static void walk(struct measure *measure, int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    size_t length = strlen(measure->path), room = sizeof(measure->path) - length;
    struct stat status;
    if (folder && copy_mount(fd) != measure->mount)
        return;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            snprintf(measure->path + length, room, "%s%s", length ? "/" : "", entry->d_name) >=
                (int)room)
            continue;
        enum copy_part part =
            measure->choice ? measure->choice->choose(measure->choice, measure->path) : COPY_WHOLE;
        if (part != COPY_NOTHING)
            add(measure, &status);
        if (part == COPY_WHOLE && S_ISDIR(status.st_mode))
            walk(measure, fd, entry->d_name);
        measure->path[length] = '\0';
    }
}

void copy_measure(int source, const struct copy_choice *choice, struct copy_size *size)
{
    struct measure measure = {.choice = choice, .size = size, .mount = copy_mount(source)};
    *size = (struct copy_size){0};
    walk(&measure, source, ".");
    tdestroy(measure.links, copy_free_link);
}
