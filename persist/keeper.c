#include "persist/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* IN_CREATE is for links, which nobody closes. */
static const uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

int keeper_open(struct arena *arena, const struct copies *copies, struct keeper *keeper,
                struct error *error)
{
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGTERM);
    sigaddset(&asked, SIGINT);
    *keeper = (struct keeper){.copies = copies, .inotify = -1, .mounts = -1, .signals = -1};
    keeper->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    keeper->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    keeper->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (sigprocmask(SIG_BLOCK, &asked, NULL) == 0)
        keeper->signals = signalfd(-1, &asked, SFD_NONBLOCK | SFD_CLOEXEC);
    if (keeper->root < 0 || keeper->inotify < 0 || keeper->mounts < 0 || keeper->signals < 0)
        return error_system(error, errno, "cannot watch for changes");
    keeper->watched = arena_alloc(arena, (copies->count + 1) * sizeof(*keeper->watched));
    for (size_t i = 0; i < copies->count; i++)
        keeper->watched[i] = (struct watched){.watch = -1, .due = true};
    return 0;
}

void keeper_close(const struct keeper *keeper)
{
    memory_close_fd(&keeper->root);
    memory_close_fd(&keeper->inotify);
    memory_close_fd(&keeper->mounts);
    memory_close_fd(&keeper->signals);
}

/* The folder of `path`, or the nearest one above it that exists; *name is what it lacks of the
 * path, or the last part. */
static int open_nearest(int root, const char *path, const char **name)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", path);
    for (;;) {
        char *slash = strrchr(parent, '/');
        *slash = '\0';
        int fd = path_open(root, parent, O_PATH | O_DIRECTORY);
        if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
            *name = path + (slash - parent) + 1;
        if ((fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP) || slash == parent)
            return fd;
    }
}

static bool is_used(const struct keeper *keeper, int watch)
{
    for (size_t i = 0; i < keeper->copies->count; i++)
        if (keeper->watched[i].watch == watch)
            return true;
    return false;
}

static int watch_one(struct keeper *keeper, size_t number, struct error *error)
{
    struct watched *watched = &keeper->watched[number];
    const char *target = keeper->copies->items[number].target;
    char self[64];
    auto_fd folder = open_nearest(keeper->root, target, &watched->name);
    if (folder < 0)
        return error_system(error, -folder, "cannot watch the folder of \"%s\"", target);
    /* The folder that was opened, not what has its name by now. */
    snprintf(self, sizeof(self), "/proc/self/fd/%d", folder);
    int watch = inotify_add_watch(keeper->inotify, self, changes), before = watched->watch;
    if (watch < 0)
        return error_system(error, errno, "cannot watch the folder of \"%s\"%s", target,
                            errno == ENOSPC ? "; raise fs.inotify.max_user_watches" : "");
    watched->watch = watch;
    watched->due |= watch != before;
    if (before >= 0 && !is_used(keeper, before))
        (void)inotify_rm_watch(keeper->inotify, before); /* it may be gone with its folder */
    return 0;
}

int keeper_watch(struct keeper *keeper, struct error *error)
{
    for (size_t i = 0; i < keeper->copies->count; i++) {
        int code = watch_one(keeper, i, error);
        if (code < 0)
            return code;
    }
    return 0;
}

static size_t name_length(const char *name)
{
    return strcspn(name, "/");
}

/* True if the event is about one of the copies. */
static bool note(struct keeper *keeper, const struct inotify_event *event)
{
    bool heard = false;
    for (size_t i = 0; i < keeper->copies->count; i++) {
        struct watched *watched = &keeper->watched[i];
        bool lost = event->mask & IN_Q_OVERFLOW;
        bool own = watched->watch == event->wd &&
                   (event->len == 0 ||
                    (strlen(event->name) == name_length(watched->name) &&
                     strncmp(event->name, watched->name, name_length(watched->name)) == 0));
        if (!lost && !own)
            continue;
        if (event->mask & IN_IGNORED)
            watched->watch = -1;
        watched->due = heard = true;
    }
    return heard;
}

static bool read_events(struct keeper *keeper)
{
    _Alignas(struct inotify_event) char buffer[65536];
    bool heard = false;
    for (;;) {
        ssize_t length = read(keeper->inotify, buffer, sizeof(buffer));
        if (length <= 0)
            return heard;
        for (const char *at = buffer; at < buffer + length;) {
            const struct inotify_event *event = (const void *)at;
            heard |= note(keeper, event);
            at += sizeof(*event) + event->len;
        }
    }
}

/* What is left of the time until `end`, in milliseconds. */
static int left_until(unsigned long end)
{
    unsigned long now = clock_microseconds();
    return now >= end ? 0 : (int)((end - now + 999) / 1000);
}

int keeper_wait(struct keeper *keeper, int milliseconds, struct error *error)
{
    unsigned long end =
        milliseconds < 0 ? 0 : clock_microseconds() + (unsigned long)milliseconds * 1000;
    bool settling = false;
    for (;;) {
        struct pollfd polls[] = {{.fd = keeper->inotify, .events = POLLIN},
                                 {.fd = keeper->mounts, .events = POLLPRI},
                                 {.fd = keeper->signals, .events = POLLIN}};
        int ready = poll(polls, ARRAY_LENGTH(polls), end ? left_until(end) : -1);
        if (ready < 0 && errno != EINTR)
            return error_system(error, errno, "cannot wait for changes");
        if (ready == 0)
            return 1;
        if (ready < 0)
            continue;
        if (polls[2].revents)
            return 0;
        /* Something mounted over a folder hides the one that is watched. */
        bool heard = read_events(keeper) || polls[1].revents;
        if (heard && !settling) {
            end = clock_microseconds() + KEEPER_SETTLES * 1000UL;
            settling = true;
        }
    }
}
