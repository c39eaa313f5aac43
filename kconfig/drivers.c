#include "kconfig/drivers.h"

#include <errno.h>
#include <poll.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/uevent.h"
#include "kconfig/devices.h"
#include "kconfig/load.h"

/* A boot must not wait for a graphics card (booster #265); a child that only sleeps dies in less.
 */
enum { STOP_MILLISECONDS = 100 };

struct drivers {
    struct modules *modules;
    void *answered; /* tree of the aliases, each of which is answered once */
    int events;
    int look; /* whether /sys has to be looked at: at first, and when events were lost */
};

static int text_order(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void answer(struct drivers *drivers, const char *modalias)
{
    if (tfind(modalias, &drivers->answered, text_order))
        return;
    char *copy = strdup(modalias);
    if (!copy || !tsearch(copy, &drivers->answered, text_order))
        memory_exhausted();
    struct error error;
    if (modules_load_for_device(drivers->modules, modalias, &error) < 0)
        log_warning("%s (asked for by device \"%s\")", error.text, modalias);
}

static void receive(struct drivers *drivers)
{
    char message[UEVENT_SIZE];
    struct uevent event;
    int code = uevent_receive(drivers->events, message, &event);
    if (code == -ENOBUFS) {
        log_debug("device events were lost: looking at all devices again");
        drivers->look = 1;
    } else if (code < 0 && code != -EBADMSG && code != -EINTR) {
        log_error("cannot receive device events: %s: drivers of new devices are not loaded",
                  strerror(-code));
        for (;;)
            pause();
    } else if (code == 0 && event.modalias && strcmp(event.action, "remove") != 0) {
        answer(drivers, event.modalias);
    }
}

/* A driver makes devices, such as the disk behind a virtio bridge: their drivers come before those
 * of the next device, or a boot from that disk would wait for all other hardware. */
static void answer_and_follow(const char *device, const char *modalias, void *data)
{
    (void)device; /* what counts is what it asks for */
    struct drivers *drivers = data;
    struct pollfd waiting = {.fd = drivers->events, .events = POLLIN};
    answer(drivers, modalias);
    while (poll(&waiting, 1, 0) > 0)
        receive(drivers);
}

_Noreturn static void serve(int events)
{
    child_forget_signals();
    (void)prctl(PR_SET_NAME, "ebb-drivers"); /* only for people who look at ps */
    struct drivers drivers = {.events = events, .look = 1};
    struct error error;
    if (modules_open(&drivers.modules, &error) < 0) {
        log_error("%s: no driver is loaded", error.text);
        for (;;)
            pause();
    }
    for (;;) {
        if (drivers.look) {
            drivers.look = 0;
            devices_visit("/sys", answer_and_follow, &drivers);
        }
        if (!drivers.look)
            receive(&drivers);
    }
}

int drivers_start(pid_t *child, struct error *error)
{
    /* Before the first look at /sys, or what appears in between would never be seen. */
    auto_fd events = -1;
    int code = uevent_open(&events, error);
    if (code < 0)
        return code;
    pid_t started = fork();
    if (started < 0)
        return error_system(error, errno, "cannot start the child that loads drivers");
    if (started == 0)
        serve(events);
    *child = started;
    return 0;
}

void drivers_stop(pid_t child)
{
    if (child <= 0) /* for kill(2) that would be a group, or everybody */
        return;
    (void)kill(child, SIGKILL); /* already dead is as good */
    auto_fd process = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {.fd = process, .events = POLLIN};
    if (process >= 0)
        (void)poll(&ended, 1, STOP_MILLISECONDS); /* what counts is whether waitpid finds it */
    if (waitpid(child, NULL, WNOHANG) == 0)
        log_info("a driver is still starting: leaving that to the kernel");
}
