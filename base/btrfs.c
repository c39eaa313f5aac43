#include "base/btrfs.h"

#include <errno.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/memory.h"

/* From linux/magic.h, which names it only for some kernels. */
enum { MAGIC = 0x9123683E };

int btrfs_look(int fd, struct btrfs_subvolume *subvolume)
{
    struct btrfs_ioctl_get_subvol_info_args found = {0};
    struct statfs system;
    struct stat status;
    if (fstatfs(fd, &system) < 0 || fstat(fd, &status) < 0)
        return -errno;
    if ((unsigned long)system.f_type != MAGIC)
        return -ENOTTY;
    if (status.st_ino != BTRFS_FIRST_FREE_OBJECTID)
        return -EINVAL;
    if (ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, &found) < 0)
        return -errno;
    *subvolume = (struct btrfs_subvolume){found.treeid, (int64_t)found.ctime.sec};
    return 0;
}

static int make_snapshot(int folder, const char *name, int source, unsigned long long flags)
{
    struct btrfs_ioctl_vol_args_v2 snapshot = {.fd = source, .flags = flags};
    if (strlen(name) > NAME_MAX)
        return -ENAMETOOLONG;
    strcpy(snapshot.name, name);
    return ioctl(folder, BTRFS_IOC_SNAP_CREATE_V2, &snapshot) < 0 ? -errno : 0;
}

int btrfs_make(int folder, const char *name, int source)
{
    struct btrfs_ioctl_vol_args plain = {0};
    if (source >= 0)
        return make_snapshot(folder, name, source, 0);
    if (strlen(name) > NAME_MAX)
        return -ENAMETOOLONG;
    strcpy(plain.name, name);
    return ioctl(folder, BTRFS_IOC_SUBVOL_CREATE, &plain) < 0 ? -errno : 0;
}

int btrfs_snapshot(int folder, const char *name, int source)
{
    return make_snapshot(folder, name, source, BTRFS_SUBVOL_RDONLY);
}

struct ids {
    struct arena *arena;
    uint64_t *list;
    size_t count;
};

/* The kernel records of each subvolume which ones lie directly in it. That, and not where they seem
 * to lie, is what is asked: a path can lead to others. */
static int add_children(int fd, uint64_t id, struct ids *ids)
{
    struct btrfs_ioctl_search_args search = {.key = {.tree_id = BTRFS_ROOT_TREE_OBJECTID,
                                                     .min_objectid = id,
                                                     .max_objectid = id,
                                                     .max_offset = UINT64_MAX,
                                                     .max_transid = UINT64_MAX,
                                                     .min_type = BTRFS_ROOT_REF_KEY,
                                                     .max_type = BTRFS_ROOT_REF_KEY}};
    for (;;) {
        search.key.nr_items = 4096;
        if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &search) < 0)
            return -errno;
        if (search.key.nr_items == 0)
            return 0;
        const char *at = search.buf;
        for (unsigned i = 0; i < search.key.nr_items; i++) {
            struct btrfs_ioctl_search_header header;
            memcpy(&header, at, sizeof(header)); /* items are not aligned */
            at += sizeof(header) + header.len;
            if (header.objectid == id && header.type == BTRFS_ROOT_REF_KEY)
                *ARENA_PUSH(ids->arena, ids->list, ids->count) = header.offset;
            search.key.min_offset = header.offset + 1;
        }
    }
}

int btrfs_delete(int fd, uint64_t id, struct error *error)
{
    auto_arena arena = arena_new();
    struct ids ids = {.arena = arena};
    *ARENA_PUSH(arena, ids.list, ids.count) = id;
    /* Not by recursion: anybody may make subvolumes in subvolumes, as deep as they like. */
    for (size_t i = 0; i < ids.count; i++) {
        int code = add_children(fd, ids.list[i], &ids);
        if (code < 0)
            return error_system(error, -code, "cannot list what lies in the subvolume %llu",
                                (unsigned long long)ids.list[i]);
    }
    while (ids.count-- > 0) {
        struct btrfs_ioctl_vol_args_v2 one = {.flags = BTRFS_SUBVOL_SPEC_BY_ID,
                                              .subvolid = ids.list[ids.count]};
        if (ioctl(fd, BTRFS_IOC_SNAP_DESTROY_V2, &one) < 0)
            return error_system(error, errno, "cannot delete the subvolume %llu%s",
                                (unsigned long long)ids.list[ids.count],
                                ids.count ? ", which lies in it" : "");
    }
    return 0;
}

int btrfs_count_inner(int fd, uint64_t id, size_t *count)
{
    auto_arena arena = arena_new();
    struct ids ids = {.arena = arena};
    int code = add_children(fd, id, &ids);
    *count = ids.count;
    return code;
}

int btrfs_sync(int fd)
{
    return ioctl(fd, BTRFS_IOC_SYNC) < 0 ? -errno : 0;
}
