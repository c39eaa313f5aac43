#include "mounts/old_roots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/log.h"
#include "base/stamp.h"
#include "mounts/subvolume.h"

static const char mark[] = ".old-";

void old_root_name(char *name, size_t size, const char *root, int64_t time, unsigned number)
{
    char stamp[STAMP_SIZE];
    stamp_write(stamp, time, number);
    snprintf(name, size, "%s%s%s", root, mark, stamp);
}

bool old_root_read(const char *root, const char *name, struct old_root *old)
{
    size_t length = strlen(root);
    *old = (struct old_root){.name = name};
    return strncmp(name, root, length) == 0 && strncmp(name + length, mark, strlen(mark)) == 0 &&
           stamp_read(name + length + strlen(mark), &old->time, &old->number);
}

struct old_root_dates old_root_dates(int64_t clock, int64_t changed)
{
    const int64_t written = 1767225600; /* 2026: there was no earlier boot of this program */
    int64_t end = changed > clock ? changed : clock;
    return (struct old_root_dates){.end = end, .now = clock < written ? end : clock};
}

void old_roots_choose(struct old_root *list, size_t count, int64_t now, uint64_t keep)
{
    const struct old_root *newest = list;
    for (size_t i = 1; i < count; i++)
        if (stamp_is_newer(list[i].time, list[i].number, newest->time, newest->number))
            newest = &list[i];
    for (size_t i = 0; i < count; i++)
        list[i].expired =
            &list[i] != newest && list[i].time <= now && (uint64_t)(now - list[i].time) > keep;
}

static int list_old(struct arena *arena, int folder, const char *root, struct old_root **list,
                    size_t *count)
{
    int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_dir names = own < 0 ? NULL : fdopendir(own);
    if (!names)
        return -errno;
    for (struct dirent *entry; errno = 0, (entry = readdir(names));) {
        struct old_root old;
        if (!old_root_read(root, entry->d_name, &old))
            continue;
        old.name = arena_string(arena, entry->d_name);
        *ARENA_PUSH(arena, *list, *count) = old;
    }
    return -errno;
}

static void delete_old(int folder, const struct old_root *old)
{
    struct error error;
    struct btrfs_subvolume subvolume = {0};
    auto_fd fd = openat(folder, old->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int code = fd < 0 ? -errno : btrfs_look(fd, &subvolume);
    if (code == -EINVAL)
        log_warning("\"%s\" is no subvolume, so it is not deleted although it is old; see to it",
                    old->name);
    else if (code < 0)
        log_warning("ignoring the old root \"%s\": %s", old->name, strerror(-code));
    else if (btrfs_delete(folder, subvolume.id, &error) < 0)
        log_warning("ignoring the old root \"%s\": %s", old->name, error.text);
    else
        log_info("the old root \"%s\" is deleted", old->name);
}

void expire_sentence(const struct step *step, FILE *stream)
{
    uint64_t keep = step->root->keep;
    static const struct {
        const char *unit;
        unsigned seconds;
    } units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
    size_t i = 0;
    while (keep % units[i].seconds != 0)
        i++;
    fprintf(stream, "delete what was the root %s:%s more than %llu%s ago, but not the last one",
            step->root->place.volume_name, step->root->place.path,
            (unsigned long long)(keep / units[i].seconds), units[i].unit);
}

int expire_apply(const struct step *step, struct context *context, struct error *error)
{
    auto_arena arena = arena_new();
    struct old_root *list = NULL;
    size_t count = 0;
    char name[NAME_MAX + 1];
    auto_fd folder = -1;
    if (context->root_kept)
        return 0; /* whoever asked for that looks for something */
    int code = subvolume_open_folder(step->root, context, &folder, name, error);
    if (code == 0 && (code = list_old(arena, folder, name, &list, &count)) < 0)
        (void)error_system(error, -code, "cannot list them"); /* told below */
    if (code < 0)
        log_warning("ignoring the old roots: %s", error->text);
    old_roots_choose(list, count, context->root_time, step->root->keep);
    for (size_t i = 0; code == 0 && i < count; i++)
        if (list[i].expired)
            delete_old(folder, &list[i]);
    return 0;
}
