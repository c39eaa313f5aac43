#include "mounts/device.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/uevent.h"

static const struct {
    const char *prefix; /* as it is written in ebb.conf */
    const char *value;  /* as libblkid calls it */
} tags[] = {
    {"UUID=", "UUID"},
    {"LABEL=", "LABEL"},
    {"PARTUUID=", "PART_ENTRY_UUID"},
    {"PARTLABEL=", "PART_ENTRY_NAME"},
};

void devices_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++)
        plan_add(plan, STEP_DEVICE, config->volumes[i]->origin)->volume = config->volumes[i];
}

void device_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "wait for %s, the volume \"%s\"", step->volume->device, step->volume->name);
}

/* A probe that has read superblock and partition entry of `path`, or NULL. */
static blkid_probe probe(const char *path, bool partition_only)
{
    blkid_probe found = blkid_new_probe_from_filename(path);
    if (!found)
        return NULL;
    /* Contradictory superblocks would end the probe before it came to the partition. */
    blkid_probe_enable_superblocks(found, !partition_only);
    blkid_probe_set_superblocks_flags(found,
                                      BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE);
    blkid_probe_enable_partitions(found, 1);
    blkid_probe_set_partitions_flags(found, BLKID_PARTS_ENTRY_DETAILS);
    /* 1 means "nothing known", -2 "more than one": neither says anything about partition tags */
    if (blkid_do_safeprobe(found) == -1) {
        blkid_free_probe(found);
        return NULL;
    }
    return found;
}

bool device_matches(const char *path, const char *tag)
{
    bool matches = false;
    blkid_probe found = probe(path, strncmp(tag, "PART", 4) == 0);
    for (size_t i = 0; found && i < ARRAY_LENGTH(tags); i++) {
        const char *value;
        size_t length = strlen(tags[i].prefix);
        if (strncmp(tag, tags[i].prefix, length) != 0)
            continue;
        if (blkid_probe_lookup_value(found, tags[i].value, &value, NULL) == 0)
            /* identifiers are hexadecimal, in whichever case they were written */
            matches =
                (strstr(tags[i].prefix, "UUID") ? strcasecmp : strcmp)(value, tag + length) == 0;
    }
    blkid_free_probe(found);
    return matches;
}

bool device_type(const char *path, char type[static DEVICE_TYPE_SIZE])
{
    const char *value;
    blkid_probe found = probe(path, false);
    bool known = found && blkid_probe_lookup_value(found, "TYPE", &value, NULL) == 0;
    if (known)
        snprintf(type, DEVICE_TYPE_SIZE, "%s", value);
    blkid_free_probe(found);
    return known;
}

/* A probe for whatever wipefs(8) would find, and in *found what libblkid says: 0 something, 1
 * nothing, -2 things that contradict each other, -1 an error. The entry of a partition in the table
 * of its disk is not asked for: it is not on the partition. */
static blkid_probe probe_content(const char *path, int *found)
{
    *found = -1;
    blkid_probe content = blkid_new_probe_from_filename(path);
    if (!content)
        return NULL;
    blkid_probe_enable_superblocks(content, 1);
    blkid_probe_set_superblocks_flags(content, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_BADCSUM);
    blkid_probe_enable_partitions(content, 1);
    blkid_probe_set_partitions_flags(content, BLKID_PARTS_FORCE_GPT);
    *found = blkid_do_safeprobe(content);
    return content;
}

bool device_is_empty(const char *path)
{
    int found;
    blkid_free_probe(probe_content(path, &found));
    return found == 1;
}

void device_content(const char *path, char content[static DEVICE_TYPE_SIZE])
{
    int found;
    const char *value;
    blkid_probe probed = probe_content(path, &found);
    if (found == 1)
        snprintf(content, DEVICE_TYPE_SIZE, "nothing");
    else if (found == -2)
        snprintf(content, DEVICE_TYPE_SIZE, "more than one kind of content");
    else if (found == 0 && blkid_probe_lookup_value(probed, "TYPE", &value, NULL) == 0)
        snprintf(content, DEVICE_TYPE_SIZE, "%s", value);
    else if (found == 0 && blkid_probe_lookup_value(probed, "PTTYPE", &value, NULL) == 0)
        snprintf(content, DEVICE_TYPE_SIZE, "a %s partition table", value);
    else
        snprintf(content, DEVICE_TYPE_SIZE, "something that cannot be read");
    blkid_free_probe(probed);
}

void device_list(FILE *stream)
{
    auto_dir folder = opendir("/sys/class/block");
    if (!folder) {
        fprintf(stream, "  no block device: /sys/class/block cannot be read\n");
        return;
    }
    int shown = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[300];
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "loop", 4) == 0)
            continue;
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        fprintf(stream, "  %s", path);
        blkid_probe found = probe(path, false);
        const char *value;
        if (found && blkid_probe_lookup_value(found, "TYPE", &value, NULL) == 0)
            fprintf(stream, " %s", value);
        for (size_t i = 0; found && i < ARRAY_LENGTH(tags); i++)
            if (blkid_probe_lookup_value(found, tags[i].value, &value, NULL) == 0)
                fprintf(stream, " %s%s", tags[i].prefix, value);
        blkid_free_probe(found);
        fputc('\n', stream);
        shown++;
    }
    if (!shown)
        fprintf(stream, "  no block device: a driver is missing, or no disk is attached\n");
}

/* What happened does not matter: whichever device changed, all are looked at again. ENOBUFS,
 * "events were lost", is answered by that too. */
static void drain(int events)
{
    char message[UEVENT_SIZE];
    while (recv(events, message, sizeof(message), MSG_DONTWAIT) >= 0 || errno == EINTR)
        continue;
}

/* Looks at every block device; returns how many carry the tag, and the name of the first. */
static int look(const char *tag, char *path, size_t size, char *second, size_t second_size)
{
    int matches = 0;
    if (tag[0] == '/') {
        if (access(tag, F_OK) < 0)
            return 0;
        snprintf(path, size, "%s", tag);
        return 1;
    }
    auto_dir folder = opendir("/sys/class/block");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char candidate[300];
        snprintf(candidate, sizeof(candidate), "/dev/%s", entry->d_name);
        if (entry->d_name[0] == '.' || !device_matches(candidate, tag))
            continue;
        snprintf(matches ? second : path, matches ? second_size : size, "%s", candidate);
        matches++;
    }
    return matches;
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

static int not_found(const struct volume *volume, bool drivers_ended, struct error *error)
{
    char *list = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&list, &length);
    if (!stream)
        memory_exhausted();
    device_list(stream);
    fclose(stream);
    /* The list is longer than an error may be; the rescue screen has it too. */
    for (char *line = list, *end; (end = strchr(line, '\n')); line = end + 1)
        log_info("%.*s", (int)(end - line), line);
    free(list);
    bool whole = volume->timeout % 1000 == 0;
    return error_set(
        error, ENODEV, "%s, the volume \"%s\", did not appear within %u %s; %s", volume->device,
        volume->name, whole ? volume->timeout / 1000 : volume->timeout, whole ? "s" : "ms",
        drivers_ended
            ? "the child that loads drivers has ended, which is a fault in Ebb or too little memory"
            : "correct its tag, attach the disk, or add its driver with `module NAME`");
}

int device_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    struct volume_state *state = context_volume(context, volume);
    char second[300] = "";
    auto_fd events = -1;
    if (uevent_open(&events, error) < 0)
        log_warning("ignoring: %s; looking again and again instead", error->text);
    unsigned long start = clock_microseconds();
    for (;;) {
        int matches =
            look(volume->device, state->device, sizeof(state->device), second, sizeof(second));
        if (matches == 1)
            return 0;
        bool in_order = strcmp(state->device, second) < 0;
        if (matches > 1)
            return error_set(error, ENOTUNIQ,
                             "%s, the volume \"%s\", is on both %s and %s; detach one, or name the "
                             "partition with PARTUUID=",
                             volume->device, volume->name, in_order ? state->device : second,
                             in_order ? second : state->device);
        watch_drivers(context);
        unsigned long waited = (clock_microseconds() - start) / 1000;
        if (!context->wait_for_ever && waited >= volume->timeout)
            return not_found(volume, context->drivers_ended, error);
        /* A driver may need a moment between its event and a readable medium, so the devices are
         * looked at once a second even without an event. */
        struct pollfd wait = {.fd = events, .events = POLLIN};
        unsigned long pause = events < 0 ? 50 : 1000;
        if (!context->wait_for_ever && pause > volume->timeout - waited)
            pause = volume->timeout - waited;
        (void)poll(&wait, 1, (int)pause);
        if (events >= 0)
            drain(events);
    }
}
