#include "mounts/luks.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "mounts/device.h"
#include "mounts/mapper.h"
#include "mounts/passphrase.h"
#include "mounts/unlock.h"

static void check_file(const struct volume *volume, const struct luks_file *file,
                       struct report *report)
{
    const struct volume *keys = file->place.volume;
    if (!keys)
        return;
    if (keys == volume)
        report_error(report, file->place.origin,
                     "the %s of the volume \"%s\" would lie in the volume itself; name another "
                     "volume",
                     file == &volume->luks->key ? "key" : "header", volume->name);
    else if (!device_is_key(keys) || keys->luks)
        report_error(report, file->place.origin,
                     "the volume \"%s\" holds keys, so it can have no `mount`, no state and no "
                     "`luks`: it is mounted for a moment only; move the keys to one of their own",
                     keys->name);
}

static void check_key(const struct luks *luks, struct report *report)
{
    if ((luks->key_offset || luks->key_size) && !luks->key.said)
        report_error(report, luks->origin,
                     "keyfile-offset= and keyfile-size= say nothing without keyfile=; add it, or "
                     "remove them");
    if (luks->key_size > UNLOCK_KEY_MAX)
        report_error(report, luks->origin,
                     "keyfile-size= is at most 8M; write the number that the key was added with");
}

/* What a container does not carry, nobody can find it by. */
static void check_header(const struct volume *volume, struct report *report)
{
    if (volume->luks->header.said &&
        (strncmp(volume->device, "UUID=", 5) == 0 || strncmp(volume->device, "LABEL=", 6) == 0))
        report_error(report, volume->luks->origin,
                     "\"%s\" stands in the header, which is elsewhere; name the device of the "
                     "volume \"%s\" with PARTUUID= or PARTLABEL=",
                     volume->device, volume->name);
}

void luks_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        const struct luks *luks = volume->luks;
        if (device_is_key(volume) && volume->fs.check)
            report_error(report, volume->origin,
                         "the volume \"%s\" only holds keys, so it is mounted read-only for a "
                         "moment and never checked; remove check=yes",
                         volume->name);
        if (!luks)
            continue;
        check_file(volume, &luks->key, report);
        check_file(volume, &luks->header, report);
        check_key(luks, report);
        check_header(volume, report);
        for (size_t j = 0; j < i; j++)
            if (config->volumes[j]->luks &&
                strcmp(unlock_name(config->volumes[j]), unlock_name(volume)) == 0)
                report_error(
                    report, luks->origin,
                    "\"/dev/mapper/%s\" is the volume \"%s\" already; choose another name=",
                    unlock_name(volume), config->volumes[j]->name);
    }
}

void unlocks_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->luks)
            plan_add(plan, STEP_UNLOCK, config->volumes[i]->luks->origin)->volume =
                config->volumes[i];
}

static const char *name_of(const struct luks_file *file)
{
    return file->path ? file->path : file->place.path;
}

static void print_file(const struct luks_file *file, const char *before, FILE *stream)
{
    if (file->path)
        fprintf(stream, "%s%s", before, file->path);
    else if (file->place.path)
        fprintf(stream, "%s%s:%s", before, file->place.volume_name, file->place.path);
}

void unlock_sentence(const struct step *step, FILE *stream)
{
    const struct luks *luks = step->volume->luks;
    fprintf(stream, "unlock the volume \"%s\" with ", step->volume->name);
    print_file(&luks->key, "", stream);
    fprintf(stream, name_of(&luks->key) ? " or a passphrase" : "a passphrase");
    print_file(&luks->header, ", header ", stream);
}

int unlock_apply(const struct step *step, struct context *context, struct error *error)
{
    return watch_until(context, step->volume, VOLUME_OPEN, error);
}

/* Where a key or header can be read now. False: its volume is not there yet. */
static bool is_at_hand(const struct watch *watch, const struct luks_file *file, const char **device)
{
    const struct volume *keys = file->place.volume;
    *device = NULL;
    if (!keys)
        return true;
    const struct progress *progress = &watch->volumes[keys->number];
    *device = progress->device;
    return progress->stage >= VOLUME_FOUND && !progress->error.code;
}

bool luks_is_readable(const struct watch *watch, const struct volume *volume)
{
    const char *unused;
    return is_at_hand(watch, &volume->luks->header, &unused);
}

/* What can be tried on the container now; false: nothing that was not tried before. */
static bool next_key(const struct watch *watch, const struct volume *volume,
                     struct unlock_request *request)
{
    const struct progress *progress = &watch->volumes[volume->number];
    const struct luks *luks = volume->luks;
    *request = (struct unlock_request){.volume = volume, .device = progress->device};
    if (!is_at_hand(watch, &luks->header, &request->header_device))
        return false;
    if (name_of(&luks->key) && !progress->key_failed &&
        is_at_hand(watch, &luks->key, &request->key_device))
        return true;
    request->key_device = NULL;
    request->passphrase = passphrase_get(watch, progress->tried, &request->length);
    return request->passphrase != NULL;
}

static void start(struct watch *watch, const struct volume *volume,
                  const struct unlock_request *request)
{
    struct progress *progress = &watch->volumes[volume->number];
    struct attempt *attempt = &progress->attempt;
    attempt->is_key = !request->passphrase;
    if (unlock_start(request, &attempt->child, &attempt->report, &progress->error) == 0)
        log_debug("trying %s on the volume \"%s\"", attempt->is_key ? "the key" : "a passphrase",
                  volume->name);
}

static bool has_company(const struct watch *watch, const struct volume *volume)
{
    for (size_t i = 0; i < watch->context->config->volume_count; i++)
        if (i != volume->number && watch->volumes[i].attempt.child)
            return true;
    return false;
}

static void note_success(struct watch *watch, const struct volume *volume)
{
    struct progress *progress = &watch->volumes[volume->number];
    struct volume_state *state = context_volume(watch->context, volume);
    mapper_record();
    snprintf(state->device, sizeof(state->device), "/dev/mapper/%s", unlock_name(volume));
    progress->stage = VOLUME_OPEN;
    if (!progress->attempt.is_key)
        passphrase_fits(watch, progress->tried);
    log_info("unlocked the volume \"%s\" with %s", volume->name,
             progress->attempt.is_key ? "its key" : "a passphrase");
}

static void note_failure(struct watch *watch, const struct volume *volume, bool had_company,
                         const struct error *error)
{
    struct progress *progress = &watch->volumes[volume->number];
    if (error->code == ENOMEM && had_company) {
        log_info("%s; trying one container after the other", error->text);
        watch->one_by_one = true; /* what was tried counts as not tried */
    } else if (progress->attempt.is_key) {
        log_warning("%s; a person is asked instead", error->text);
        progress->key_failed = true;
    } else if (error->code == EPERM) {
        log_info("%s", error->text);
        progress->tried++;
    } else {
        progress->error = *error; /* no other passphrase would change it */
    }
}

void luks_advance(struct watch *watch, const struct volume *volume)
{
    struct progress *progress = &watch->volumes[volume->number];
    struct attempt *attempt = &progress->attempt;
    struct pollfd ended = {.fd = attempt->report, .events = POLLIN};
    if (attempt->child && poll(&ended, 1, 0) > 0) {
        struct error error;
        int code = unlock_result(attempt->child, attempt->report, &error);
        attempt->child = 0;
        if (code == 0)
            note_success(watch, volume);
        else
            note_failure(watch, volume, has_company(watch, volume), &error);
    }
    struct unlock_request request;
    while (progress->tried < passphrase_count(watch) &&
           !passphrase_get(watch, progress->tried, &request.length))
        progress->tried++; /* it fitted nothing */
    if (progress->stage == VOLUME_FOUND && !attempt->child && !progress->error.code &&
        !(watch->one_by_one && has_company(watch, volume)) && next_key(watch, volume, &request))
        start(watch, volume, &request);
}

int luks_overdue(struct watch *watch, const struct volume *volume, struct error *error)
{
    const struct progress *progress = &watch->volumes[volume->number];
    const struct luks_file *header = &volume->luks->header;
    if (!luks_is_readable(watch, volume))
        return error_set(error, ENODEV,
                         "the volume \"%s\" on %s cannot be unlocked: its header is on the volume "
                         "\"%s\", which did not appear within %s; attach it",
                         volume->name, progress->device, header->place.volume_name,
                         text_duration(volume->wait).text);
    return error_set(error, ENOKEY,
                     "the volume \"%s\" on %s cannot be unlocked: %s, and there is no console to "
                     "ask for a passphrase on",
                     volume->name, progress->device,
                     progress->key_failed          ? "its key does not open it"
                     : name_of(&volume->luks->key) ? "its key did not appear"
                                                   : "no key is declared");
}
