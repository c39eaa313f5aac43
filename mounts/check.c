#include "mounts/check.h"

#include <errno.h>
#include <string.h>

#include "base/child.h"
#include "base/log.h"
#include "mounts/damaged.h"
#include "mounts/volume.h"
#include "mounts/watch.h"

/* btrfs and xfs bring themselves in order when they are mounted, and their repair tools are for
 * experts. */
static const struct {
    const char *type, *program, *package;
    const char *preen; /* repair what is safe to repair */
} checkers[] = {
    {"ext4", "/sbin/e2fsck", "e2fsprogs", "-p"},
    {"ext3", "/sbin/e2fsck", "e2fsprogs", "-p"},
    {"ext2", "/sbin/e2fsck", "e2fsprogs", "-p"},
    {"vfat", "/sbin/fsck.vfat", "dosfstools", "-a"},
    {"f2fs", "/sbin/fsck.f2fs", "f2fs-tools", "-a"},
};

const char *check_program(const char *fs_type, const char **package)
{
    for (size_t i = 0; i < ARRAY_LENGTH(checkers); i++) {
        if (strcmp(checkers[i].type, fs_type) != 0)
            continue;
        if (package)
            *package = checkers[i].package;
        return checkers[i].program;
    }
    return NULL;
}

void checks_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->fs.check && !config->volumes[i]->holds_record)
            plan_add(plan, STEP_CHECK, config->volumes[i]->origin)->volume = config->volumes[i];
}

void check_sentence(const struct step *step, FILE *stream)
{
    const char *program = check_program(step->volume->fs.type, NULL);
    fprintf(stream, "check the volume \"%s\" with %s", step->volume->name,
            program ? strrchr(program, '/') + 1 : "nothing");
}

/* The statuses are those of fsck(8), a sum of bits. Of fsck.vfat, 1 may also mean that it could not
 * read the file system at all, which mounting then says better. */
enum { REPAIRED = 1, REBOOT = 2, UNREPAIRED = 4, OPERATION = 8, USAGE = 16, CANCELLED = 32 };

static int judge(const struct volume *volume, const char *device, const struct child_result *result,
                 struct error *error)
{
    if (result->end != CHILD_EXITED)
        return error_set(error, EIO,
                         "the check of %s, the volume \"%s\", did not come to its end; check it "
                         "from another system, or remove check=yes",
                         device, volume->name);
    if (result->number & ~(REPAIRED | REBOOT | UNREPAIRED))
        return error_set(
            error, EIO,
            "%s, the volume \"%s\", could not be checked (fsck status %d: %s); correct "
            "its `fs`, or remove check=yes",
            device, volume->name, result->number,
            result->number == 127        ? "it is not in the image"
            : result->number > 63        ? "unknown"
            : result->number & OPERATION ? "it failed to do its work"
            : result->number & USAGE     ? "it was called wrongly"
            : result->number & CANCELLED ? "it was cancelled"
                                         : "unknown");
    if (result->number & UNREPAIRED)
        return error_set(
            error, EUCLEAN,
            "the file system on %s, the volume \"%s\", has faults that are not safe to "
            "repair without you; see the lines above, and run its fsck by hand from "
            "another system",
            device, volume->name);
    /* Nothing is mounted yet, so there is nothing that a reboot would be needed for. */
    if (result->number)
        log_warning("the check of %s, the volume \"%s\", has found faults, and repaired what it "
                    "could; see the lines above",
                    device, volume->name);
    return 0;
}

int check_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    int code = watch_until(context, volume, VOLUME_WHOLE, error);
    if (code < 0)
        return code;
    const char *device = context_volume(context, volume)->device;
    if (context_volume(context, volume)->in_memory || volume_is_protected(device)) {
        log_info("%s is not written to, so nothing could be repaired: it is not checked", device);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(checkers); i++) {
        if (strcmp(checkers[i].type, volume->fs.type) != 0)
            continue;
        const char *const arguments[] = {checkers[i].program, checkers[i].preen, device, NULL};
        /* No limit: a large file system takes its time, and half a repair is worse than none. */
        const struct child child = {.name = strrchr(checkers[i].program, '/') + 1,
                                    .arguments = arguments,
                                    .environment = environment};
        struct child_result result = {0};
        code = child_run(&child, &result, error);
        if (code == 0)
            code = judge(volume, device, &result, error);
        return damaged_go_on(code, volume, context);
    }
    return 0;
}
