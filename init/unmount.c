#include "init/unmount.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "init/detach.h"
#include "init/holders.h"

enum {
    PATIENCE = 10 * 1000, /* milliseconds without progress until what is busy is given up */
    PAUSE = 200,          /* between two rounds */
    MOST_GIVEN_UP = 50,   /* times: each goes one mount further down */
};

struct mounted {
    int id, parent;
    const char *target, *source;
    bool is_memory; /* of the kernel or in memory: nothing on it outlives this */
};

struct mounts {
    struct mounted *list; /* in the order of mountinfo */
    size_t count;
};

static int read_mounts(struct arena *arena, struct mounts *mounts, struct error *error)
{
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
    *mounts = (struct mounts){0};
    for (struct libmnt_fs *fs; table && place && mnt_table_next_fs(table, place, &fs) == 0;) {
        const char *target = mnt_fs_get_target(fs), *source = mnt_fs_get_source(fs),
                   *type = mnt_fs_get_fstype(fs);
        *ARENA_PUSH(arena, mounts->list, mounts->count) = (struct mounted){
            .id = mnt_fs_get_id(fs),
            .parent = mnt_fs_get_parent_id(fs),
            .target = arena_string(arena, target ? target : "/"),
            .source = arena_string(arena, source ? source : "?"),
            /* An overlay holds the file systems of its layers, which no mount needs to show. */
            .is_memory = mnt_fs_is_pseudofs(fs) && (!type || strcmp(type, "overlay") != 0)};
    }
    mnt_free_iter(place);
    mnt_unref_table(table);
    return mounts->count ? 0 : error_set(error, EIO, "cannot read \"/proc/self/mountinfo\"");
}

static bool goes(const struct unmounting *unmounting, const struct mounted *mounted)
{
    static const char *const own[] = {"/", "/dev", "/proc", "/run", "/sys"};
    if (!path_is_within(mounted->target, unmounting->top))
        return false;
    for (const char *const *kept = unmounting->kept; *kept; kept++)
        if (path_is_within(mounted->target, *kept))
            return false;
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
        if (strcmp(mounted->target, own[i]) == 0)
            return false;
    return true;
}

static bool is_leaf(const struct mounts *mounts, const struct mounted *mounted)
{
    for (size_t i = 0; i < mounts->count; i++)
        if (mounts->list[i].parent == mounted->id)
            return false;
    return true;
}

static int unmount(const void *target)
{
    return umount2(target, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

static int detach(const void *target)
{
    return umount2(target, UMOUNT_NOFOLLOW | MNT_DETACH) < 0 ? -errno : 0;
}

static int make_read_only(const void *target)
{
    return mount(NULL, target, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 ? -errno : 0;
}

int unmount_one(const char *target, unsigned limit)
{
    return child_call(unmount, target, limit);
}

/* Nothing is lost with what is memory, even if some process that must live on still holds it. */
static int take_away(struct unmounting *unmounting, const struct mounted *mounted)
{
    int code = mounted->is_memory ? detach(mounted->target)
                                  : unmount_one(mounted->target, unmounting->limit);
    unmounting->late |= code == -ETIMEDOUT;
    if (code == 0 && !mounted->is_memory)
        log_info("unmounted \"%s\", %s", mounted->target, mounted->source);
    return code;
}

int unmount_round(struct unmounting *unmounting, bool *progress, struct error *error)
{
    auto_arena arena = arena_new();
    struct mounts mounts;
    int left = 0, code = read_mounts(arena, &mounts, error);
    if (code < 0)
        return code;
    for (size_t i = mounts.count; i-- > 0;) { /* the last one lies on top */
        const struct mounted *mounted = &mounts.list[i];
        if (!goes(unmounting, mounted))
            continue;
        left++;
        if (is_leaf(&mounts, mounted) && take_away(unmounting, mounted) == 0) {
            left--;
            *progress = true;
        }
    }
    return left;
}

static void tell_busy(const struct mounted *mounted, const char *rest)
{
    char holders[300];
    const char *words = "by the kernel, as far as can be seen";
    if (holders_find(mounted->target, holders, sizeof(holders)))
        words = holders;
    log_error("\"%s\", %s, is still in use, %s; %s", mounted->target, mounted->source, words, rest);
}

static bool give_up(const struct unmounting *unmounting, const struct mounted *mounted)
{
    int code = child_call(make_read_only, mounted->target, unmounting->limit);
    tell_busy(mounted, code < 0 ? "it could not even be made read-only" : "it was made read-only");
    (void)child_call(detach, mounted->target,
                     unmounting->limit); /* what is below it may still go */
    return code == 0;
}

static bool let_go(const struct unmounting *unmounting, const struct mounted *mounted)
{
    tell_busy(mounted, "it is detached, and ends when that lets it go");
    return child_call(detach, mounted->target, unmounting->limit) == 0;
}

/* Returns of how many leaves `work` says that it failed. */
static unsigned for_leaves(const struct unmounting *unmounting,
                           bool (*work)(const struct unmounting *unmounting,
                                        const struct mounted *mounted))
{
    auto_arena arena = arena_new();
    struct mounts mounts;
    struct error error;
    unsigned failed = 0;
    if (read_mounts(arena, &mounts, &error) < 0)
        return 1; /* the rounds say why */
    for (size_t i = mounts.count; i-- > 0;)
        if (goes(unmounting, &mounts.list[i]) && is_leaf(&mounts, &mounts.list[i]))
            failed += !work(unmounting, &mounts.list[i]);
    return failed;
}

unsigned unmount_give_up(const struct unmounting *unmounting)
{
    return for_leaves(unmounting, give_up);
}

void unmount_or_detach(struct unmounting *unmounting)
{
    struct error error;
    for (;;) {
        bool progress = false;
        int left = unmount_round(unmounting, &progress, &error);
        if (left < 0)
            log_error("%s", error.text);
        if (left <= 0 || (!progress && for_leaves(unmounting, let_go) > 0))
            return;
    }
}

bool unmount_all(struct unmounting *unmounting, bool is_init)
{
    struct error error;
    bool clean = true;
    unsigned long since = clock_milliseconds();
    for (unsigned given_up = 0; given_up < MOST_GIVEN_UP;) {
        bool progress = false;
        int left = unmount_round(unmounting, &progress, &error);
        (void)detach_round(&progress); /* what is left of them is told at the end */
        if (left < 0)
            log_error("%s", error.text);
        if (left <= 0)
            return left == 0 && clean && !unmounting->late;
        if (progress) {
            since = clock_milliseconds();
        } else if (is_init && !given_up && clock_milliseconds() - since < PATIENCE) {
            (void)usleep(PAUSE * 1000); /* cut short, it looks once more */
        } else {
            given_up++;
            clean &= unmount_give_up(unmounting) == 0 && !is_init;
        }
    }
    return false;
}
