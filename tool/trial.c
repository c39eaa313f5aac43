#include "tool/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "generations/guard.h"
#include "generations/kernels.h"
#include "generations/loader.h"
#include "generations/nix_kernel.h"
#include "generations/store.h"
#include "generations/tree.h"
#include "plan/value.h"
#include "tool/boot.h"
#include "tool/nix_once.h"
#include "tool/state.h"

unsigned trial_seconds(const char *text)
{
    unsigned milliseconds = 0;
    const char *objection = value_duration(text, &milliseconds);
    if (!objection && milliseconds / 1000 < TRIAL_LEAST)
        objection = "is no time in which somebody could confirm";
    if (objection)
        log_error("the time \"%s\" %s", text, objection);
    return objection ? 0 : milliseconds / 1000;
}

int trial_check_tree(struct arena *arena, const struct boots *boots,
                     const struct generation *generation, bool *has_kernel, struct error *error)
{
    const struct generations *declared = &boots->config->generations;
    *has_kernel =
        declared->kind != STORE_NIX || nix_kernel_fits(arena, boots->volume, declared, generation);
    const char *init = generation->init ? generation->init : "/sbin/init";
    if (!generation->tree)
        return 0; /* only a boot can look into it */
    auto_fd tree = tree_open(boots->volume, generation->tree, generation->image, error);
    if (tree < 0)
        return error_prefix(error, "generation %u", generation->number);
    auto_fd program = path_open_in_root(tree, init, O_PATH);
    if (program < 0)
        return error_set(error, ENOENT, "generation %u has no init \"%s\"", generation->number,
                         init);
    *has_kernel = kernels_fit(tree);
    return 0;
}

static bool can_go_back(struct arena *arena, const struct boots *boots, uint32_t number,
                        struct error *error)
{
    const struct generation *found;
    const struct generations *declared = &boots->config->generations;
    bool has_kernel;
    return !record_is_bad(&boots->record, number, declared->tries) &&
           generation_choose(arena, boots->volume, declared, NULL,
                             arena_printf(arena, "%u", number), &found, error) == 0 &&
           trial_check_tree(arena, boots, found, &has_kernel, error) == 0;
}

static int check_loader(const struct boots *boots, const char *config, struct error *error)
{
    const struct boot_wish wish = {.config = config, .efivars = LOADER_FOLDER};
    if (!boots->config->boot.place.volume)
        return 0; /* what boots is somebody else's */
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = boot_check_default((struct target){root, ""}, &wish, error);
    return code < 0 ? error_prefix(error, "there would be no way back") : 0;
}

int trial_way_back(struct arena *arena, const struct boots *boots, const char *config,
                   uint32_t tried, uint32_t *back, struct error *error)
{
    const uint32_t candidates[] = {boots->record.last_good, boots->booted.generation};
    for (size_t i = 0; i < ARRAY_LENGTH(candidates); i++) {
        if (!candidates[i] || candidates[i] == tried ||
            !can_go_back(arena, boots, candidates[i], error))
            continue;
        *back = candidates[i];
        return check_loader(boots, config, error);
    }
    return error_set(error, ENOENT,
                     "there is no generation to go back to: boot another one than %u, and say "
                     "`ebb confirm` there",
                     tried);
}

int trial_write(struct boots *boots, const struct record_trial *trial, struct error *error)
{
    struct record again;
    boots->record.trial = *trial;
    int code = record_write(boots->fd, &boots->record, error);
    if (code == 0)
        code = record_read(boots->fd, &again, error);
    if (code == 0 && memcmp(&again.trial, trial, sizeof(*trial)) != 0)
        code = error_set(error, EIO, "the record of boots does not keep what is written to it");
    return code;
}

void trial_keep_state(const struct boots *boots)
{
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    state_keep((struct target){root, ""}, boots->config, boots->booted.generation, time(NULL),
               stdout);
}

/* By a boot loader, for this boot at least. */
static bool is_asked(void)
{
    struct error ignored;
    auto_string line = NULL;
    return path_read(AT_FDCWD, "/proc/cmdline", 1 << 16, &line, NULL, &ignored) == 0 &&
           strstr(line, "ebb.generation=");
}

/* As our own boot entries have it. */
static bool panics_reboot(void)
{
    struct error ignored;
    auto_string text = NULL;
    return path_read(AT_FDCWD, "/proc/sys/kernel/panic", 64, &text, NULL, &ignored) < 0 ||
           strtol(text, NULL, 10) != 0;
}

void trial_warn(const struct boots *boots)
{
    if (is_asked())
        log_warning(
            "the boot loader has asked for this generation by ebb.generation=; where it does "
            "so at every boot, nothing is tried, and there is no way back");
    if (!boots->config->boot.place.volume && !panics_reboot())
        log_warning("a kernel that panics before Ebb begins stays there; give it the parameter "
                    "panic=30");
    if (access("/dev/watchdog0", F_OK) < 0)
        log_warning("this machine has no watchdog, so a kernel that hangs stays there; where the "
                    "hardware has none, `modprobe softdog` helps against much of it");
    if (boots->config->rescue.action == RESCUE_WAIT)
        log_warning(
            "the configuration lets a failed boot wait for a person; where nobody can come, "
            "declare `rescue reboot`");
}

void trial_take_back(const struct boots *boots, const char *config)
{
    const struct boot_wish wish = {.config = config, .efivars = LOADER_FOLDER};
    struct error ignored; /* what cannot be asked was never asked */
    bool by_loader;
    if (boots->record.trial.state != TRIAL_WANTED)
        return;
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct target target = {root, ""};
    if (boots->config->generations.kind == STORE_NIX)
        (void)nix_once(target, &boots->config->boot, NULL, &by_loader, &ignored); /* as above */
    else if (boots->config->boot.place.volume)
        (void)boot_once(target, &wish, 0, &by_loader, &ignored); /* as above */
}

static uint64_t number_of(struct json_object *object, const char *key)
{
    struct json_object *value;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_uint64(value) : 0;
}

bool trial_read(struct target root, struct trial_left *left)
{
    struct error ignored; /* without the file there is no trial */
    auto_string text = NULL;
    if (path_read(root.fd, GUARD_STATE, 1 << 16, &text, NULL, &ignored) < 0)
        return false;
    struct json_object *state = json_tokener_parse(text), *live;
    if (!state)
        return false;
    uint64_t deadline = number_of(state, "deadline"), now = clock_milliseconds();
    *left = (struct trial_left){
        .generation = (unsigned)number_of(state, "generation"),
        .live = json_object_object_get_ex(state, "live", &live) && json_object_get_boolean(live),
        .seconds = deadline > now ? (unsigned)((deadline - now + 999) / 1000) : 0};
    json_object_put(state);
    return true;
}
