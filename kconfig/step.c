#include "kconfig/step.h"

#include <string.h>

#include "kconfig/drivers.h"
#include "kconfig/load.h"
#include "kconfig/request.h"

/* A plan without targets, so that the steps of modules_plan can be listed for the builder too. */
static void add(struct plan *plan, const char *name, struct origin origin)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == STEP_MODULE && strcmp(plan->steps[i].module, name) == 0)
            return;
    plan_add(plan, STEP_MODULE, origin)->module = name;
}

void drivers_plan(const struct config *config, struct plan *plan)
{
    /* The child goes first: it finds the disks while the file systems are being loaded. */
    plan_add(plan, STEP_DRIVERS, (struct origin){config->file, 0, 0});
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        if (volume->on.raid)
            add(plan, "md_mod", volume->origin);
        if (volume->on.lvm)
            add(plan, "dm_mod", volume->origin);
    }
}

void modules_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->module_count; i++)
        add(plan, config->modules[i]->name, config->modules[i]->origin);
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->luks)
            add(plan, "dm_crypt", config->volumes[i]->luks->origin);
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->fs.type)
            add(plan, config->volumes[i]->fs.type, config->volumes[i]->origin);
    if (config->generations.trees)
        add(plan, "loop", config->generations.origin);
    for (size_t i = 0; tree_image_names[i]; i++)
        if (config->generations.trees & 1U << i)
            add(plan, tree_image_names[i], config->generations.origin);
    if (config->root.kind == ROOT_OVERLAY)
        add(plan, "overlay", config->root.origin);
}

const char **modules_wanted(struct arena *arena, const struct config *config, size_t *count)
{
    struct plan plan = {.arena = arena};
    const char **names = NULL;
    drivers_plan(config, &plan);
    modules_plan(config, &plan);
    *count = 0;
    for (size_t i = 0; i < plan.count; i++)
        if (plan.steps[i].kind == STEP_MODULE)
            *ARENA_PUSH(arena, names, *count) = plan.steps[i].module;
    return names;
}

const char **modules_useful(struct arena *arena, const struct config *config, size_t *count)
{
    static const char *const levels[] = {"raid0", "raid1", "raid10", "raid456"};
    static const char *const targets[] = {"dm_snapshot", "dm_raid", "dm_thin_pool", "dm_mirror"};
    static const char *const ciphers[] = {"cbc", "essiv", "sha256_generic", "cryptd"};
    const char **names = NULL;
    bool raid = false, lvm = false, luks = false, layers = false;
    for (size_t i = 0; i < config->volume_count; i++) {
        raid |= config->volumes[i]->on.raid;
        lvm |= config->volumes[i]->on.lvm;
        luks |= config->volumes[i]->luks != NULL;
        layers |= config->volumes[i]->fs.damaged != DAMAGED_RESCUE;
    }
    *count = 0;
    for (size_t i = 0; raid && i < ARRAY_LENGTH(levels); i++)
        *ARENA_PUSH(arena, names, *count) = levels[i];
    for (size_t i = 0; lvm && i < ARRAY_LENGTH(targets); i++)
        *ARENA_PUSH(arena, names, *count) = targets[i];
    /* Where systemd says that it hibernated, and boot loaders are asked for an entry. */
    if (config->root.kind == ROOT_SUBVOLUME || config->boot.place.volume ||
        config->generations.kind == STORE_NIX)
        *ARENA_PUSH(arena, names, *count) = "efivarfs";
    if (layers)
        *ARENA_PUSH(arena, names, *count) = "overlay";
    for (size_t i = 0; luks && i < ARRAY_LENGTH(ciphers); i++)
        *ARENA_PUSH(arena, names, *count) = ciphers[i];
    return names;
}

void drivers_sentence(const struct step *step, FILE *stream)
{
    (void)step; /* there is one such step, and it names nothing */
    fputs("load the drivers of this machine's devices", stream);
}

int drivers_apply(const struct step *step, struct context *context, struct error *error)
{
    (void)step; /* names nothing */
    request_enable();
    return drivers_start(&context->drivers, error);
}

void module_sentence(const struct step *step, FILE *stream)
{
    fprintf(stream, "load the module %s", step->module);
}

int module_apply(const struct step *step, struct context *context, struct error *error)
{
    if (!context->modules) {
        int code = modules_open(&context->modules, error);
        if (code < 0)
            return code;
    }
    return modules_load(context->modules, step->module, error);
}
