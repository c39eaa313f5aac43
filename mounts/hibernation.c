#include "mounts/hibernation.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mounts/watch.h"

/* How long a device of resume= is waited for. */
enum { PATIENCE = 10000, LOOK = 500 };

void hibernation_plan(const struct config *config, struct plan *plan)
{
    if (config->root.kind == ROOT_SUBVOLUME)
        plan_add(plan, STEP_HIBERNATION, config->root.origin)->root = &config->root;
}

void hibernation_sentence(const struct step *step, FILE *stream)
{
    (void)step; /* there is one such step */
    fputs("make sure that no hibernated system is about to be woken up", stream);
}

void resume_read(const char *line, struct resume *resume)
{
    *resume = (struct resume){0};
    for (const char *at = line; *(at += strspn(at, " \t\n"));) {
        size_t length = strcspn(at, " \t\n");
        if (strncmp(at, "resume=", 7) == 0)
            snprintf(resume->device, sizeof(resume->device), "%.*s", (int)(length - 7), at + 7);
        else if (strncmp(at, "resume_offset=", 14) == 0)
            resume->offset = strtoull(at + 14, NULL, 10);
        else if (length == 8 && strncmp(at, "noresume", 8) == 0)
            resume->is_given_up = true;
        at += length;
    }
}

/* The signature is at the end of the page that a swap area begins with. */
static bool has_image_at(const char *device, unsigned long long page)
{
    static const char *const signatures[] = {"S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001"};
    char found[10] = "";
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    auto_fd fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, found, sizeof(found), (off_t)((page + 1) * size - sizeof(found))) !=
                      sizeof(found))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(signatures); i++)
        if (strncmp(found, signatures[i], strlen(signatures[i])) == 0)
            return true;
    return false;
}

/* As ebb.conf names devices, or by the kernel's number: "8:3". */
static bool is_named(const struct block *block, const char *device)
{
    unsigned major, minor;
    struct stat status;
    char rest;
    if (!*device || sscanf(device, "%u:%u%c", &major, &minor, &rest) != 2)
        return *device && block_matches(block, device);
    return stat(block->path, &status) == 0 && status.st_rdev == makedev(major, minor);
}

/* The device that has an image, or NULL; *named becomes true when that of resume= is there. */
static const char *find_image(const struct blocks *blocks, const struct resume *resume, bool *named)
{
    for (size_t i = 0; i < blocks->count; i++) {
        const struct block *block = blocks->list[i];
        bool is_meant = is_named(block, resume->device);
        *named |= is_meant;
        /* What contradicts itself has no type, and may have an image all the same. */
        if (strcmp(block->content.type, "swsuspend") == 0 || has_image_at(block->path, 0) ||
            (is_meant && has_image_at(block->path, resume->offset)))
            return block->path;
    }
    return NULL;
}

/* systemd notes in the firmware where it hibernated to, and removes that when it woke up. */
static bool firmware_knows_image(void)
{
    static const char folder[] = "/sys/firmware/efi/efivars",
                      variable[] = "/sys/firmware/efi/efivars/"
                                   "HibernateLocation-8cf2644b-4b0b-428f-9387-6d876050dc67";
    if (access(folder, F_OK) < 0)
        return false;
    bool mounted = mount("efivarfs", folder, "efivarfs",
                         MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
    bool known = access(variable, F_OK) == 0;
    if (mounted)
        (void)umount2(folder, MNT_DETACH); /* it was just mounted */
    return known;
}

#define REMEDY                                                                                     \
    "resume it with the initramfs that it hibernated from, or give it up: boot with noresume"

int hibernation_apply(const struct step *step, struct context *context, struct error *error)
{
    (void)step; /* names nothing */
    struct resume resume;
    auto_string line = NULL;
    bool named = false;
    int code = path_read(AT_FDCWD, "/proc/cmdline", 1 << 16, &line, NULL, error);
    if (code < 0)
        return code;
    resume_read(line, &resume);
    if (resume.is_given_up) {
        log_info("a hibernated system, if there is one, is given up because of noresume");
        return 0;
    }
    for (unsigned long begun = clock_milliseconds();;) {
        const char *image = find_image(watch_blocks(context), &resume, &named);
        if (image)
            return error_set(error, EBUSY,
                             "%s holds a hibernated system, whose file systems a boot would "
                             "destroy; " REMEDY,
                             image);
        if (named || !*resume.device || clock_milliseconds() - begun > PATIENCE)
            break;
        struct pollfd events = {.fd = watch_events(context), .events = POLLIN};
        (void)poll(&events, 1, LOOK); /* it is looked again in any case */
    }
    if (firmware_knows_image())
        return error_set(error, EBUSY,
                         "the firmware says that a system has hibernated, whose file systems a "
                         "boot would destroy; " REMEDY);
    /* It may be a container that nobody has declared, with an image in it. */
    if (*resume.device && !named)
        return error_set(error, ENODEV,
                         "resume=%s did not appear within %u s, so nobody can say whether it holds "
                         "a hibernated system, whose file systems a boot would destroy; attach it, "
                         "declare the container that it lies in, or boot with noresume",
                         resume.device, PATIENCE / 1000);
    return 0;
}
