#include "generations/kexec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/console.h"
#include "base/log.h"
#include "generations/attempt.h"
#include "generations/entry.h"
#include "generations/kernels.h"
#include "generations/loader.h"
#include "generations/nix.h"
#include "generations/nix_kernel.h"
#include "generations/once.h"
#include "generations/record.h"
#include "generations/tree.h"

static const struct volume_state *volume_of(const struct context *context,
                                            const struct place *place)
{
    return context_volume(context, place->volume);
}

static bool is_nix(const struct config *config)
{
    return config->generations.kind == STORE_NIX;
}

/* An image is let go of again: what comes after this step mounts it, if its kernel runs. */
bool kexec_is_needed(const struct context *context, const struct generation *generation)
{
    struct error ignored; /* laying it out tells of it */
    const struct generations *declared = &context->config->generations;
    int volume = volume_of(context, &declared->place)->fd;
    if (is_nix(context->config))
        return !nix_kernel_fits(context->arena, volume, declared, generation);
    if (!generation->tree)
        return false;
    auto_fd tree = tree_open(volume, generation->tree, generation->image, &ignored);
    return tree >= 0 && !kernels_fit(tree);
}

bool kexec_is_possible(const struct context *context)
{
    const struct config *config = context->config;
    return (config->boot.place.volume || is_nix(config)) && !context->continues;
}

void kexec_plan(const struct config *config, struct plan *plan)
{
    if (is_nix(config))
        plan_add(plan, STEP_KERNEL, config->generations.origin)->store = &config->generations.place;
    else if (config->boot.place.volume)
        plan_add(plan, STEP_KERNEL, config->boot.origin)->store = &config->boot.place;
}

void kexec_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "start the kernel of the generation from %s:%s if another one runs",
            step->store->volume_name, step->store->path);
}

static const char *token_of(const struct context *context)
{
    return entry_token(context->arena,
                       volume_of(context, &context->config->generations.place)->identity);
}

static const char *entry_of(const struct context *context)
{
    if (is_nix(context->config))
        return nix_kernel_entry(context->arena, context->generation);
    return entry_name(context->arena, token_of(context), context->generation->number, NULL);
}

static int read_entry(const struct context *context, int esp, struct entry *entry,
                      struct error *error)
{
    const char *name = entry_of(context);
    auto_string text = NULL;
    int code = path_read(esp, arena_printf(context->arena, "%s/%s", ENTRY_FOLDER + 1, name),
                         1 << 16, &text, NULL, error);
    if (code == -ENOENT)
        return error_set(error, ENOENT, "there is no boot entry \"%s\"; run `ebb boot sync`", name);
    if (code == 0 && entry_parse(context->arena, text, entry) < 0)
        code = error_set(error, EBADMSG, "the boot entry \"%s\" cannot be understood", name);
    return code;
}

/* Which generation it is stands in ours. */
const char *kexec_parameters(const struct context *context, const char *options)
{
    static const char choice[] = "ebb.generation=";
    char boot[RECORD_BOOT_TEXT];
    unsigned number = context->generation->number;
    const char *variant = is_nix(context->config) ? nix_variant(context->generation->choice) : NULL;
    record_boot_id(boot);
    const char *line = arena_printf(context->arena, RECORD_CONTINUES "%s:%u", boot, number);
    if (context->generation_is_asked)
        line =
            arena_printf(context->arena, "%s %s%u%s", line, choice, number, variant ? variant : "");
    while (options && *(options += strspn(options, " "))) {
        size_t length = strcspn(options, " ");
        if (strncmp(options, choice, strlen(choice)) != 0)
            line = arena_printf(context->arena, "%s %.*s", line, (int)length, options);
        options += length;
    }
    return line;
}

/* What is started: it lies on the boot partition, or in the store of a Nix profile. */
struct payload {
    int kernel, image;
    const char *options;
};

static int open_entry(const struct context *context, int esp, struct payload *payload,
                      struct error *error)
{
    struct entry entry = {0};
    if (context->config->boot.uki)
        return error_set(error, ENOTSUP, "a unified image is started by firmware alone");
    int code = read_entry(context, esp, &entry, error);
    if (code < 0)
        return code;
    auto_fd kernel = entry_open_file(esp, &entry.kernel, error);
    if (kernel < 0)
        return kernel;
    int image = entry_open_file(esp, &entry.image, error);
    if (image < 0)
        return image;
    *payload = (struct payload){TAKE_FD(kernel), image, entry.options};
    return 0;
}

static int open_system(const struct context *context, int volume, struct payload *payload,
                       struct error *error)
{
    const struct generation *generation = context->generation;
    payload->options = nix_kernel_parameters(context->arena, generation);
    return nix_kernel_open(context->arena, volume, &context->config->generations, generation,
                           &payload->kernel, &payload->image, error);
}

/* -ENOTSUP: all is there, but it cannot be started from here. */
static int load(const struct context *context, int volume, struct error *error)
{
    struct payload payload = {.kernel = -1, .image = -1};
    int code = is_nix(context->config) ? open_system(context, volume, &payload, error)
                                       : open_entry(context, volume, &payload, error);
    if (code < 0)
        return code;
    auto_fd kernel = payload.kernel;
    auto_fd image = payload.image;
    const char *line = kexec_parameters(context, payload.options);
    return syscall(SYS_kexec_file_load, kernel, image, strlen(line) + 1, line, 0UL) < 0
               ? error_set(error, ENOTSUP, "the kernel that runs does not load another one: %s",
                           strerror(errno))
               : 0;
}

/* What becomes of the boot then, in the record. */
static const char is_asked_for[] = "the boot loader was asked for the entry of its kernel";

bool kexec_was_ordered(const struct context *context)
{
    struct record record;
    auto_fd fd = attempt_record(context, &record);
    const struct record_attempt *before = fd < 0 ? NULL : record_before(&record);
    return before && before->generation == context->generation->number &&
           strcmp(before->text, is_asked_for) == 0;
}

/* What is not remembered would be done again and again. */
static bool note_order(const struct context *context)
{
    struct record record;
    attempt_note(context, RECORD_WAITS, is_asked_for);
    auto_fd fd = attempt_record(context, &record);
    const struct record_attempt *now =
        fd < 0 ? NULL : record_current(&record, context->generation->number);
    return now && strcmp(now->text, is_asked_for) == 0;
}

/* Where this kernel starts no other one, the boot loader may, after a reboot. */
static bool ask_loader(const struct context *context, int esp)
{
    struct error error;
    const char *name = entry_of(context);
    if (kexec_was_ordered(context))
        return false; /* one that did not do it when it was asked never will */
    (void)mount("efivarfs", LOADER_FOLDER, "efivarfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    auto_fd efivars = open(LOADER_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (is_nix(context->config) && !loader_has(efivars, name)) {
        log_info("the boot loader has no entry \"%s\"", name);
        return false;
    }
    if (!note_order(context))
        return false;
    if (once_ask(esp, efivars, &context->config->boot, token_of(context), name, &error) < 0) {
        log_info("%s", error.text);
        return false;
    }
    return true;
}

/* What is mounted still would be found unclean by the next kernel. */
static void let_go(struct context *context)
{
    for (size_t i = 0; i < context->config->volume_count; i++) {
        const struct volume *volume = context->config->volumes[i];
        int *fd = &context_volume(context, volume)->fd;
        if (*fd < 0)
            continue;
        close(TAKE_FD(*fd));
        const char *place = arena_printf(context->arena, "%s/%s", context->volumes, volume->name);
        if (umount2(place, UMOUNT_NOFOLLOW) < 0)
            log_warning("cannot unmount \"%s\": %s", place, strerror(errno));
    }
    sync();
}

int kexec_apply(const struct step *step, struct context *context, struct error *error)
{
    unsigned number = context->generation->number;
    bool by_loader = false;
    if (!kexec_is_needed(context, context->generation))
        return 0;
    if (context->continues && context->continues != number)
        return error_set(error, ENOEXEC,
                         "generation %u needs another kernel; reboot, and choose it then", number);
    if (context->continues)
        return error_set(
            error, ENOEXEC, "generation %u has no modules for the kernel of its %s", number,
            is_nix(context->config) ? "bootspec; make it anew with `nixos-rebuild boot`"
                                    : "boot entry; run `ebb boot sync`");
    int volume = volume_of(context, step->store)->fd;
    int code = load(context, volume, error);
    if (code == -ENOTSUP)
        by_loader = ask_loader(context, volume);
    if (code < 0 && !by_loader)
        return error_prefix(error, "generation %u needs its own kernel", number);
    console_print(by_loader ? "ebb: rebooting into the kernel of generation %u\n"
                            : "ebb: starting the kernel of generation %u\n",
                  number);
    let_go(context);
    if (!by_loader)
        (void)reboot(RB_KEXEC); /* what was let go is gone, so there is no other way left */
    (void)reboot(RB_AUTOBOOT);
    return error_system(error, errno, "cannot start another kernel");
}
