#include "generations/guard.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "generations/guard_socket.h"
#include "generations/record.h"

enum {
    TICK = 1000,       /* milliseconds between two strokes for the watchdog */
    BITE = 30,         /* seconds without one until it bites */
    LIMIT = 10 * 1000, /* for a disk that may be what hangs */
};

static const char motd_folder[] = "/run/motd.d", motd[] = "/run/motd.d/ebb-trial";

struct guard {
    struct guard_order order;
    int socket, watchdog; /* the latter -1: there is none, or somebody else has it */
    unsigned long start, limit;
    unsigned announced; /* the seconds that people were last told of */
};

static unsigned long elapsed(unsigned long since)
{
    return clock_milliseconds() - since;
}

static unsigned seconds_left(const struct guard *guard)
{
    unsigned long gone = elapsed(guard->start);
    return gone < guard->limit ? (unsigned)((guard->limit - gone + 999) / 1000) : 0;
}

/* It may come only when the real system loads its driver, and whoever has it need not be us. */
static void pet(struct guard *guard)
{
    int seconds = BITE;
    if (guard->watchdog < 0) {
        guard->watchdog = open("/dev/watchdog0", O_WRONLY | O_CLOEXEC);
        if (guard->watchdog < 0)
            return;
        (void)ioctl(guard->watchdog, WDIOC_SETTIMEOUT, &seconds); /* else its own time holds */
        log_info("the watchdog guards the guard");
    }
    (void)ioctl(guard->watchdog, WDIOC_KEEPALIVE, 0); /* if that fails it bites, as it should */
}

/* One that cannot be stopped is petted for ever. */
static bool leave_watchdog(const struct guard *guard)
{
    struct error ignored;
    auto_string nowayout = NULL;
    if (guard->watchdog < 0)
        return true;
    if (path_read(AT_FDCWD, "/sys/class/watchdog/watchdog0/nowayout", 16, &nowayout, NULL,
                  &ignored) == 0 &&
        *nowayout == '1')
        return false;
    return write(guard->watchdog, "V", 1) == 1 && close(guard->watchdog) == 0;
}

/* A terminal whose owner lets others write to it. */
static void tell_terminal(int folder, const char *name, const char *text)
{
    struct stat status;
    auto_fd fd = openat(folder, name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && (status.st_mode & S_IWGRP))
        (void)path_write_all(fd, text, strlen(text)); /* to one that hangs, it is not told */
}

static void tell_terminals(const char *path, const char *prefix, const char *text)
{
    auto_dir folder = opendir(path);
    size_t length = strlen(prefix);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strncmp(entry->d_name, prefix, length) == 0 &&
            isdigit((unsigned char)entry->d_name[length]))
            tell_terminal(dirfd(folder), entry->d_name, text);
}

/* Serial lines, too, by which somebody may have logged in; the others are told already. */
static void tell_consoles(const char *text)
{
    struct error ignored;
    auto_string names = NULL;
    auto_fd folder = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (path_read(AT_FDCWD, "/sys/class/tty/console/active", 256, &names, NULL, &ignored) < 0)
        return;
    char *rest = names;
    for (const char *name; (name = strsep(&rest, " \n"));)
        if (*name && !(strncmp(name, "tty", 3) == 0 && isdigit((unsigned char)name[3])))
            tell_terminal(folder, name, text);
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char text[256], line[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_warning("%s", text);
    snprintf(line, sizeof(line), "\r\nebb: %s\r\n", text);
    tell_terminals("/dev/pts", "", line);
    tell_terminals("/dev", "tty", line);
    tell_consoles(line);
}

static const char *subject_of(const struct guard *guard, char text[static 40])
{
    if (guard->order.live)
        snprintf(text, 40, "a change of this system");
    else
        snprintf(text, 40, "generation %u", guard->order.generation);
    return text;
}

/* For `ebb status`, and for whoever logs in. */
static void publish(const struct guard *guard)
{
    struct error error;
    char text[256], subject[40];
    int length = snprintf(text, sizeof(text),
                          "{\"format\": 1, \"generation\": %u, \"live\": %s, \"deadline\": %lu}\n",
                          guard->order.generation, guard->order.live ? "true" : "false",
                          guard->start + guard->limit);
    if (path_write(AT_FDCWD, GUARD_STATE, text, (size_t)length, 0644, &error) < 0)
        log_warning("ignoring: %s", error.text);
    length = snprintf(text, sizeof(text),
                      "\n*** %s is on trial: without `ebb confirm` this machine goes back ***\n"
                      "*** `ebb status` tells how much time is left ***\n\n",
                      subject_of(guard, subject));
    (void)mkdir(motd_folder, 0755); /* where it is there, or cannot be made, writing tells */
    if (path_write(AT_FDCWD, motd, text, (size_t)length, 0644, &error) < 0)
        log_warning("ignoring: %s", error.text);
}

static void unpublish(void)
{
    (void)unlink(GUARD_STATE);  /* they may not have been made */
    (void)unlink(motd);         /* as above */
    (void)unlink(GUARD_SOCKET); /* as above */
}

/* Once as each of these is reached. */
static void announce(struct guard *guard)
{
    static const unsigned marks[] = {1800, 900, 600, 300, 120, 60, 30};
    unsigned left = seconds_left(guard);
    char subject[40];
    for (size_t i = ARRAY_LENGTH(marks); i-- > 0;) {
        if (left > marks[i] || guard->announced <= marks[i])
            continue;
        guard->announced = marks[i];
        tell("%s is on trial: this machine goes back in %u %s unless `ebb confirm` is run",
             subject_of(guard, subject), left < 120 ? left : (left + 30) / 60,
             left < 120 ? "seconds" : "minutes");
        return;
    }
}

static void set_limit(struct guard *guard, unsigned seconds)
{
    guard->start = clock_milliseconds();
    guard->limit = seconds * 1000UL;
    guard->announced = seconds;
    publish(guard);
}

/* Returns when the guard has nothing more to do. */
static bool release(struct guard *guard)
{
    log_info("the trial is confirmed");
    if (leave_watchdog(guard))
        return true;
    log_info("the watchdog cannot be stopped, so it is kept from biting from now on");
    for (;; (void)usleep(TICK * 1000))
        pet(guard);
}

/* One question, from root alone. */
static bool answer(struct guard *guard)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof(peer);
    char question[32] = "";
    auto_fd client = accept4(guard->socket, NULL, NULL, SOCK_CLOEXEC);
    struct timeval soon = {.tv_sec = 1};
    if (client < 0 || getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
        peer.uid != geteuid() || setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)))
        return false;
    if (recv(client, question, sizeof(question) - 1, 0) <= 0)
        return false;
    bool is_release = strcmp(question, GUARD_RELEASE) == 0;
    unsigned seconds = is_release ? 0 : (unsigned)strtoul(question, NULL, 10);
    if (seconds)
        set_limit(guard, seconds);
    if (is_release)
        unpublish(); /* before the answer, so that whoever asked sees it */
    (void)send(client, is_release || seconds ? GUARD_DONE : "?", 1, MSG_NOSIGNAL); /* it has left */
    return is_release && release(guard);
}

/* A disk may be the very thing that hangs, so nobody waits long for this. */
static int note_end(const void *subject)
{
    const struct guard *guard = subject;
    struct error error;
    struct record record;
    auto_fd volume = open(guard->order.volume, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_fd fd = volume < 0 ? -1 : record_open(volume, guard->order.record, false, &error);
    if (fd < 0 || record_read(fd, &record, &error) < 0 || !record.count)
        return 0;
    struct record_attempt *last = &record.attempts[record.count - 1];
    snprintf(last->text, sizeof(last->text), "%s",
             guard->order.live ? "a change that `ebb arm` guarded was not confirmed in time"
                               : "the time of its trial was over");
    if (record_write(fd, &record, &error) < 0)
        log_warning("ignoring: %s", error.text);
    return 0;
}

static int store(const void *guard)
{
    (void)guard; /* of everything */
    sync();
    return 0;
}

_Noreturn static void go_back(struct guard *guard)
{
    char subject[40];
    tell("%s was not confirmed: this machine goes back now", subject_of(guard, subject));
    unpublish(); /* whoever confirms now is too late, and is told so */
    close(guard->socket);
    (void)child_call(note_end, guard, LIMIT); /* then nobody will know why */
    pet(guard);
    (void)kill(1, SIGINT); /* as Ctrl-Alt-Del does; then it ends us with the system */
    for (unsigned long since = clock_milliseconds(); elapsed(since) < guard->order.grace * 1000UL;
         (void)usleep(TICK * 1000))
        pet(guard);
    log_warning("init does not reboot, so the kernel does");
    (void)child_call(store, guard, LIMIT); /* what has failed was tried */
    pet(guard);
    (void)reboot(RB_AUTOBOOT); /* if that hangs or fails, the watchdog bites */
    for (;;)
        pause();
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = guard_address(path);
    auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    mode_t before = umask(0077);
    int code =
        fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0
            ? -errno
            : 0;
    umask(before);
    return code < 0 ? code : TAKE_FD(fd);
}

/* A session or a unit that ends takes with it what is in its group. */
static void leave_groups(void)
{
    static const char *const groups[] = {"/sys/fs/cgroup/cgroup.procs",
                                         "/sys/fs/cgroup/unified/cgroup.procs",
                                         "/sys/fs/cgroup/systemd/cgroup.procs"};
    for (size_t i = 0; i < ARRAY_LENGTH(groups); i++) {
        auto_fd fd = open(groups[i], O_WRONLY | O_CLOEXEC);
        if (fd >= 0)
            (void)path_write_all(fd, "0", 1); /* before systemd there are none */
    }
}

static void detach(void)
{
    sigset_t all;
    sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL); /* cannot fail */
    (void)setsid();                           /* it leads a session already */
    (void)prctl(PR_SET_NAME, "ebb-guard");    /* cannot fail */
    leave_groups();
    auto_fd score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0 || score < 0 ||
        path_write_all(score, "-1000", 5) < 0)
        log_warning("the guard can be swapped out or killed: %s", strerror(errno));
}

/* Whoever started us waits for one word: nothing more than that it went well, or what did not. */
static void tell_starter(const char *word)
{
    (void)path_write_all(STDOUT_FILENO, word, strlen(word)); /* it does not wait any more */
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; nothing >= 0 && fd < 3; fd++)
        (void)dup2(nothing, fd); /* only loses a place for words that nobody reads */
}

void guard_serve(int count, char **arguments)
{
    if (count != 7 || strcmp(arguments[0], GUARD_NAME) != 0)
        return;
    struct guard guard = {.watchdog = -1,
                          .order = {.seconds = (unsigned)strtoul(arguments[1], NULL, 10),
                                    .generation = (unsigned)strtoul(arguments[2], NULL, 10),
                                    .grace = (unsigned)strtoul(arguments[3], NULL, 10),
                                    .live = strcmp(arguments[4], "live") == 0,
                                    .volume = arguments[5],
                                    .record = arguments[6]}};
    guard.socket = listen_at(GUARD_SOCKET);
    if (guard.socket < 0) {
        tell_starter(strerror(-guard.socket));
        _exit(1);
    }
    log_to_kernel();
    detach();
    set_limit(&guard, guard.order.seconds);
    tell_starter(GUARD_DONE);
    while (seconds_left(&guard)) {
        struct pollfd news = {.fd = guard.socket, .events = POLLIN};
        pet(&guard);
        announce(&guard);
        if (poll(&news, 1, TICK) > 0 && answer(&guard))
            _exit(0);
    }
    go_back(&guard);
}
