#include "mounts/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* How long it must be quiet before two devices with one tag count as two: one of them may be about
 * to become part of an array, or to be unplugged. */
enum { SETTLED = 1000 };

bool device_is_key(const struct volume *volume)
{
    return volume->holds_keys && !volume->holds_state && !volume->mount;
}

void devices_plan(const struct config *config, bool containers, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++) {
        struct volume *volume = config->volumes[i];
        if (!device_is_key(volume) && !volume->holds_record && containers == (volume->luks != NULL))
            plan_add(plan, STEP_DEVICE, volume->origin)->volume = volume;
    }
}

void device_sentence(const struct step *step, FILE *stream)
{
    const struct volume *volume = step->volume;
    fprintf(stream, "wait for %s%s%s%s, the volume \"%s\"", volume->device,
            volume->on.lvm || volume->on.raid ? " on " : "", volume->on.raid ? "RAID" : "",
            volume->on.lvm ? (volume->on.raid ? " and LVM" : "LVM") : "", volume->name);
}

int device_apply(const struct step *step, struct context *context, struct error *error)
{
    return watch_until(context, step->volume, VOLUME_FOUND, error);
}

/* With a header elsewhere the container itself says nothing of what it is. */
static bool is_container(const struct volume *volume)
{
    return volume->luks && !volume->luks->header.path && !volume->luks->header.place.volume_name;
}

static bool matches(const struct volume *volume, const struct block *block)
{
    if (!block_matches(block, volume->device) || block_is_held(block))
        return false;
    return !is_container(volume) || strcmp(block->content.type, CONTENT_LUKS) == 0;
}

/* Two members of one btrfs carry one tag, and are one file system. */
static bool are_one(const struct block *left, const struct block *right)
{
    return strcmp(left->content.type, "btrfs") == 0 && *left->content.member &&
           strcmp(left->content.uuid, right->content.uuid) == 0 &&
           strcmp(left->content.member, right->content.member) != 0;
}

static int refuse_twins(const struct volume *volume, const struct block *first,
                        const struct block *second, struct error *error)
{
    bool in_order = strcmp(first->path, second->path) < 0;
    return error_set(error, ENOTUNIQ,
                     "%s, the volume \"%s\", is on both %s and %s; detach one, or name the "
                     "partition with PARTUUID=",
                     volume->device, volume->name, in_order ? first->path : second->path,
                     in_order ? second->path : first->path);
}

void device_advance(struct watch *watch, const struct volume *volume)
{
    struct progress *progress = &watch->volumes[volume->number];
    const struct block *found = NULL, *twin = NULL;
    for (size_t i = 0; i < watch->blocks->count; i++) {
        const struct block *block = watch->blocks->list[i];
        if (!matches(volume, block))
            continue;
        if (found && !are_one(found, block))
            twin = block;
        else if (!found)
            found = block;
    }
    progress->stage = found && !twin ? VOLUME_FOUND : VOLUME_AWAITED;
    if (progress->stage == VOLUME_FOUND)
        snprintf(progress->device, sizeof(progress->device), "%s", found->path);
    else if (twin && clock_milliseconds() - watch->stirred >= SETTLED)
        (void)refuse_twins(volume, found, twin, &progress->error); /* told where it is needed */
}

/* A declared container that is closed, and may be what the volume lies in. */
static const struct volume *find_locked(const struct watch *watch, const struct volume *volume)
{
    const struct config *config = watch->context->config;
    for (size_t i = 0; i < config->volume_count && !volume->luks; i++)
        if (config->volumes[i]->luks && watch->volumes[i].stage < VOLUME_OPEN)
            return config->volumes[i];
    return NULL;
}

/* What a person most likely meant. */
static const char *remedy(const struct watch *watch, const struct volume *volume,
                          struct arena *arena)
{
    if (watch->context->drivers_ended)
        return "the child that loads drivers has ended, which is a fault in Ebb or too little "
               "memory";
    const struct volume *closed = find_locked(watch, volume);
    if (closed)
        return arena_printf(arena, "it may lie in the volume \"%s\", which is still locked%s%s",
                            closed->name, watch->volumes[closed->number].error.code ? ": " : "",
                            watch->volumes[closed->number].error.text);
    const char *locked = NULL, *member = NULL, *incomplete = NULL;
    for (size_t i = 0; i < watch->blocks->count; i++) {
        const struct block *block = watch->blocks->list[i];
        const char *type = block->content.type;
        if (block_matches(block, volume->device) && block_is_held(block))
            return arena_printf(arena,
                                "%s carries it, but something lies on top of it already; name that "
                                "instead, or declare what it lies on with `lvm` or `raid`",
                                block->path);
        if (block_matches(block, volume->device) && is_container(volume))
            return arena_printf(arena,
                                "%s carries it, but holds %s, not a LUKS container; remove `luks`, "
                                "or correct the tag",
                                block->path, *type ? type : "nothing that is known");
        if (strcmp(type, CONTENT_LUKS) == 0 && !block_is_held(block))
            locked = block->path;
        if ((strcmp(type, "LVM2_member") == 0 && !volume->on.lvm) ||
            (strcmp(type, "linux_raid_member") == 0 && !volume->on.raid))
            member = block->path;
        if (strcmp(type, "linux_raid_member") == 0 && volume->on.raid)
            incomplete = block->path;
    }
    if (incomplete)
        return arena_printf(arena,
                            "%s is part of an array; if the others of it are missing for good, "
                            "declare raid degraded=after=30s",
                            incomplete);
    if (locked && !volume->luks)
        return arena_printf(arena,
                            "%s is a LUKS container; if the volume lies in it, declare it with "
                            "`luks`",
                            locked);
    if (member)
        return arena_printf(arena,
                            "%s is part of a volume group or an array; if the volume lies on it, "
                            "add `lvm` or `raid` to its block",
                            member);
    return "correct its tag, attach the disk, or add its driver with `module NAME`";
}

int device_overdue(struct watch *watch, const struct volume *volume, struct error *error)
{
    char *list = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&list, &length);
    if (!stream)
        memory_exhausted();
    blocks_print(watch->blocks, stream);
    fclose(stream);
    /* The list is longer than an error may be; the rescue screen has it too. */
    for (char *line = list, *end; (end = strchr(line, '\n')); line = end + 1)
        log_info("%.*s", (int)(end - line), line);
    free(list);
    return error_set(error, ENODEV, "%s, the volume \"%s\", did not appear within %s; %s",
                     volume->device, volume->name, text_duration(volume->wait).text,
                     remedy(watch, volume, watch->context->arena));
}
