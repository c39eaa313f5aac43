#include "mounts/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/log.h"
#include "mounts/assemble.h"
#include "mounts/device.h"
#include "mounts/luks.h"
#include "mounts/passphrase.h"

/* A bus that still finds devices is given this long after the last one; a storm of events must not
 * make a wait endless, so at most another wait and a little. */
enum { QUIET = 3000, EXTRA = 10000, AGAIN = 1000, BLIND = 50, FIRST_NEWS = 5000, NEWS = 30000 };

static struct watch *watch_of(struct context *context)
{
    if (context->watch)
        return context->watch;
    struct error error;
    struct watch *watch = arena_alloc(context->arena, sizeof(*watch));
    watch->context = context;
    watch->blocks = blocks_new();
    watch->volumes =
        arena_alloc(context->arena, (context->config->volume_count + 1) * sizeof(*watch->volumes));
    watch->events = -1;
    watch->begun = clock_milliseconds();
    /* Listened to before the first look, so that nothing is missed between. */
    if (uevent_open(&watch->events, &error) < 0)
        log_warning("ignoring: %s; looking again and again instead", error.text);
    blocks_scan(watch->blocks);
    return context->watch = watch;
}

/* Takes all events there are, and only then reads the devices they were about: a hundred events of
 * one device cost one look. */
static void take_events(struct watch *watch)
{
    char message[UEVENT_SIZE];
    struct uevent event;
    struct pollfd waiting = {.fd = watch->events, .events = POLLIN};
    bool lost = watch->events < 0;
    while (watch->events >= 0 && poll(&waiting, 1, 0) > 0) {
        int code = uevent_receive(watch->events, message, &event);
        if (code == -ENOBUFS)
            lost = true;
        else if (code == 0 && strcmp(event.action, "remove") != 0)
            watch->stirred = clock_milliseconds();
        else if (code < 0 && code != -EBADMSG && code != -EINTR)
            break;
        if (code == 0)
            (void)blocks_note(watch->blocks, &event); /* most are about something else */
    }
    if (lost)
        blocks_scan(watch->blocks);
    bool again = clock_milliseconds() - watch->read_again >= AGAIN;
    if (again)
        watch->read_again = clock_milliseconds();
    blocks_read(watch->blocks, again);
}

/* One step on for every volume that can take one. */
static void advance(struct watch *watch)
{
    const struct config *config = watch->context->config;
    assemble_groups(watch);
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        struct progress *progress = &watch->volumes[i];
        struct volume_state *state = context_volume(watch->context, volume);
        if (progress->error.code || state->fd >= 0)
            continue;
        /* Again while it is open, too: a twin may come late. A container hides its own by then. */
        if ((progress->stage <= VOLUME_FOUND || !volume->luks) && !progress->attempt.child)
            device_advance(watch, volume);
        if (progress->stage == VOLUME_FOUND && !volume->luks) {
            snprintf(state->device, sizeof(state->device), "%s", progress->device);
            progress->stage = VOLUME_OPEN;
        }
        if (progress->stage == VOLUME_FOUND)
            luks_advance(watch, volume);
        if (progress->stage == VOLUME_OPEN)
            assemble_advance(watch, volume);
    }
    passphrase_ask(watch);
}

/* The child should live until the switch; without it no further disk can appear. */
static void watch_drivers(struct context *context)
{
    int status;
    if (context->drivers <= 0 || waitpid(context->drivers, &status, WNOHANG) != context->drivers)
        return;
    log_error("the child that loads drivers has ended, with status 0x%x", (unsigned)status);
    context->drivers = 0;
    context->drivers_ended = true;
}

static bool is_over(const struct watch *watch, const struct volume *volume, unsigned long waited)
{
    if (watch->context->wait_for_ever || waited < volume->wait)
        return false;
    return !watch->stirred || clock_milliseconds() - watch->stirred >= QUIET ||
           waited >= 2UL * volume->wait + EXTRA;
}

static int overdue(struct watch *watch, const struct volume *volume, struct error *error)
{
    switch (watch->volumes[volume->number].stage) {
    case VOLUME_AWAITED:
        return device_overdue(watch, volume, error);
    case VOLUME_FOUND:
        return luks_overdue(watch, volume, error);
    case VOLUME_OPEN:
    case VOLUME_WHOLE:
        break;
    }
    return assemble_overdue(watch, volume, error);
}

/* A line for people after five seconds, and then now and again. */
static void tell(const struct watch *watch, const struct volume *volume, unsigned long waited,
                 unsigned long *news)
{
    if (waited < *news)
        return;
    *news += *news < NEWS ? *news : NEWS;
    if (watch->context->wait_for_ever)
        console_print("ebb: waiting for %s, the volume \"%s\", for %lu s\n", volume->device,
                      volume->name, waited / 1000);
    else
        console_print("ebb: waiting for %s, the volume \"%s\", for %lu s of %u s\n", volume->device,
                      volume->name, waited / 1000, volume->wait / 1000);
}

/* Until something happens, or there is something to do by the clock. */
static void wait_for_events(struct watch *watch, const struct volume *volume, unsigned long waited)
{
    enum { MOST = 64 };
    struct pollfd waits[MOST] = {{.fd = watch->events, .events = POLLIN}};
    size_t count = 1;
    unsigned long pause = watch->events < 0 ? BLIND : AGAIN;
    int wanted = passphrase_timeout(watch);
    for (size_t i = 0; i < watch->context->config->volume_count && count < MOST / 2; i++)
        if (watch->volumes[i].attempt.child)
            waits[count++] =
                (struct pollfd){.fd = watch->volumes[i].attempt.report, .events = POLLIN};
    count += passphrase_pollfds(watch, waits + count, MOST - count);
    if (!watch->context->wait_for_ever && volume->wait > waited && volume->wait - waited < pause)
        pause = volume->wait - waited;
    if (wanted >= 0 && (unsigned long)wanted < pause)
        pause = (unsigned long)wanted;
    (void)poll(waits, count, (int)pause); /* all are looked at in any case */
}

/* Somebody is asked, or a key is derived: that is nobody's delay. */
static bool is_busy(const struct watch *watch)
{
    for (size_t i = 0; i < watch->context->config->volume_count; i++)
        if (watch->volumes[i].attempt.child)
            return true;
    return passphrase_is_asked(watch);
}

static int bring(struct watch *watch, const struct volume *volume, enum volume_stage stage,
                 struct error *error)
{
    struct context *context = watch->context;
    struct progress *progress = &watch->volumes[volume->number];
    unsigned long before = clock_milliseconds(), news = FIRST_NEWS;
    progress->waited = 0;
    for (;;) {
        take_events(watch);
        advance(watch);
        context_wait(context, passphrase_is_asked(watch));
        if (progress->error.code) {
            *error = progress->error;
            return -error->code;
        }
        if (progress->stage >= stage)
            return 0;
        watch_drivers(context);
        unsigned long now = clock_milliseconds();
        if (!is_busy(watch))
            progress->waited += now - before;
        before = now;
        if (is_over(watch, volume, progress->waited))
            return overdue(watch, volume, error);
        tell(watch, volume, progress->waited, &news);
        wait_for_events(watch, volume, progress->waited);
    }
}

int watch_until(struct context *context, const struct volume *volume, enum volume_stage stage,
                struct error *error)
{
    struct watch *watch = watch_of(context);
    int code = bring(watch, volume, stage, error);
    if (code < 0) {
        passphrase_hush(watch);
        context_wait(context, false);
    }
    return code;
}

void watch_retry(struct context *context)
{
    struct watch *watch = watch_of(context);
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume *volume = context->config->volumes[i];
        struct progress *progress = &watch->volumes[i];
        progress->error = (struct error){0};
        progress->wrong = 0;
        progress->key_failed = false;
        /* Another disk may carry the tag by now, or the same one have another name; only what was
         * unlocked is known to be right. */
        if (context->states[i].fd >= 0 || (volume->luks && progress->stage >= VOLUME_OPEN))
            continue;
        progress->stage = VOLUME_AWAITED;
        context->states[i].degraded = false;
    }
    blocks_scan(watch->blocks); /* a file system made in the rescue shell is no event */
}

int watch_events(struct context *context)
{
    return watch_of(context)->events;
}

bool watch_came(struct context *context, const struct volume *volume)
{
    struct watch *watch = watch_of(context);
    struct progress *progress = &watch->volumes[volume->number];
    enum volume_stage before = progress->stage;
    if (progress->error.code || context_volume(context, volume)->fd >= 0)
        return false;
    take_events(watch);
    assemble_groups(watch);
    if (before == VOLUME_AWAITED)
        device_advance(watch, volume);
    else if (before == VOLUME_OPEN)
        assemble_advance(watch, volume);
    return progress->stage > before;
}

const struct blocks *watch_blocks(struct context *context)
{
    struct watch *watch = watch_of(context);
    take_events(watch);
    return watch->blocks;
}

void watch_print(struct context *context, FILE *stream)
{
    blocks_print(watch_blocks(context), stream);
}

void watch_wipe(struct context *context)
{
    if (context->watch)
        passphrase_forget(context->watch);
}

void watch_close(struct context *context)
{
    struct watch *watch = context->watch;
    if (!watch)
        return;
    passphrase_forget(watch);
    context_wait(context, false);
    blocks_free(watch->blocks);
    if (watch->events >= 0)
        close(watch->events);
    context->watch = NULL;
}
