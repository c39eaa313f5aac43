#include "plan/make.h"

#include "generations/attempt.h"
#include "generations/choice.h"
#include "generations/entry.h"
#include "generations/identity.h"
#include "generations/kexec.h"
#include "generations/store.h"
#include "hooks/run.h"
#include "kconfig/step.h"
#include "mounts/check.h"
#include "mounts/device.h"
#include "mounts/hibernation.h"
#include "mounts/image.h"
#include "mounts/luks.h"
#include "mounts/prepare.h"
#include "mounts/prove.h"
#include "mounts/root.h"
#include "mounts/subvolume.h"
#include "mounts/volume.h"
#include "persist/entry.h"
#include "persist/restore.h"
#include "secrets/step.h"

void config_check(const struct config *config, struct report *report)
{
    volumes_check(config, report);
    luks_check(config, report);
    root_check(config, report);
    subvolume_check(config, report);
    generations_check(config, report);
    entry_check(config, report);
    persist_check(config, report);
    secrets_check(config, report);
    hooks_check(config, report);
}

static struct plan *plan_new(struct arena *arena)
{
    struct plan *plan = arena_alloc(arena, sizeof(*plan));
    plan->arena = arena;
    return plan;
}

struct plan *plan_volumes(struct arena *arena, const struct config *config, const char *choice)
{
    struct plan *plan = plan_new(arena);
    drivers_plan(config, plan);
    hooks_plan(config, HOOK_BEFORE_VOLUMES, plan);
    volume_plan_record(config, plan);
    record_plan(config, choice, plan);
    devices_plan(config, true,
                 plan); /* a key takes seconds to derive, and modules load meanwhile */
    modules_plan(config, plan);
    unlocks_plan(config, plan);
    devices_plan(config, false, plan); /* they may lie in what was unlocked */
    hibernation_plan(config, plan);
    checks_plan(config, plan);
    volumes_plan(config, plan);
    identity_plan(config, plan);
    hooks_plan(config, HOOK_AFTER_VOLUMES, plan);
    choice_plan(config, choice, plan);
    kexec_plan(config, plan);
    return plan;
}

struct plan *plan_root(struct arena *arena, const struct config *config,
                       const struct generation *generation, const char *init)
{
    struct plan *plan = plan_new(arena);
    restore_plan(config, plan);
    image_plan(config, generation, plan);
    root_plan(config, generation, plan);
    hooks_plan(config, HOOK_AFTER_ROOT, plan);
    hooks_plan(config, HOOK_BEFORE_PERSIST, plan);
    size_t first = plan->count;
    places_plan(config, plan);
    persist_plan(config, plan);
    plan_sort(plan, first); /* whoever declared it: /persist before /persist/etc */
    hooks_plan(config, HOOK_AFTER_PERSIST, plan);
    secrets_plan(config, plan);
    hooks_plan(config, HOOK_BEFORE_SWITCH, plan);
    prepare_plan(config, generation, init, plan);
    prove_plan(config, generation, init, plan);
    subvolume_plan(config, plan);
    return plan;
}
