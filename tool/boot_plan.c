#include "tool/boot_plan.h"

#include <errno.h>
#include <string.h>

#include "tool/name.h"

/* Folders that grow or are made, and what the partition needs to be written to at all. */
enum { SPARE_CLUSTERS = 8 };

struct making {
    struct arena *arena;
    const struct boot_state *state;
    const struct boot_want *wants;
    size_t count; /* of those that are not left out */
    struct boot_plan *plan;
};

/* A unified image is replaced under its name: what is said of the old one would be said of another.
 */
static bool is_stale(const struct boot_want *want)
{
    return !want->image && !want->kernel->is_there;
}

static bool is_kept(const struct boot_state *state, const struct boot_want *want)
{
    const struct boot_found *found = boot_find(state, want->name);
    return found && strcmp(found->text, want->text) == 0 && !is_stale(want);
}

static void add_payload(struct making *making, const struct boot_payload *payload)
{
    struct boot_plan *plan = making->plan;
    if (payload->is_there)
        return;
    for (size_t i = 0; i < plan->payload_count; i++)
        if (strcmp(plan->payloads[i]->file.path, payload->file.path) == 0)
            return;
    *ARENA_PUSH(making->arena, plan->payloads, plan->payload_count) = payload;
    plan->needed += esp_rounded(&making->state->space, payload->file.size);
}

static void add_puts(struct making *making, const struct boot_put *puts, size_t count)
{
    struct boot_plan *plan = making->plan;
    const struct esp_space *space = &making->state->space;
    plan->needed = SPARE_CLUSTERS * space->cluster;
    for (size_t i = 0; i < making->count; i++) {
        const struct boot_want *want = &making->wants[i];
        add_payload(making, want->kernel);
        if (want->image)
            add_payload(making, want->image);
        if (is_stale(want) && boot_find(making->state, want->name))
            *ARENA_PUSH(making->arena, plan->early, plan->early_count) =
                arena_printf(making->arena, "%s/%s", making->state->entry_folder, want->name);
        if (is_kept(making->state, want))
            continue;
        *ARENA_PUSH(making->arena, plan->entries, plan->entry_count) = want;
        plan->needed += esp_rounded(space, strlen(want->text));
    }
    plan->puts = puts;
    plan->put_count = count;
    for (size_t i = 0; i < count; i++)
        plan->needed += esp_rounded(space, puts[i].length);
}

static bool is_wanted(const struct making *making, const char *name)
{
    for (size_t i = 0; i < making->count; i++)
        if (strcmp(making->wants[i].name, name) == 0)
            return true;
    return false;
}

static bool names(const struct entry_file *file, const char *path)
{
    return file->path && strcmp(file->path, path) == 0;
}

/* `early`: while the entries that stay may still be the old ones. */
static bool is_used(const struct making *making, const char *path, bool early)
{
    const struct boot_state *state = making->state;
    for (size_t i = 0; i < making->count; i++)
        if (names(&making->wants[i].kernel->file, path) ||
            (making->wants[i].image && names(&making->wants[i].image->file, path)))
            return true;
    for (size_t i = 0; early && i < state->entry_count; i++) {
        const struct boot_found *found = &state->entries[i];
        if (is_wanted(making, found->name) &&
            (names(&found->entry.kernel, path) || names(&found->entry.image, path)))
            return true;
    }
    return false;
}

static uint64_t list_entries(const struct making *making, const char ***paths, size_t *count)
{
    const struct boot_state *state = making->state;
    uint64_t bytes = 0;
    for (size_t i = 0; i < state->entry_count; i++) {
        const struct boot_found *found = &state->entries[i];
        if (is_wanted(making, found->name))
            continue;
        *ARENA_PUSH(making->arena, *paths, *count) =
            arena_printf(making->arena, "%s/%s", state->entry_folder, found->name);
        bytes += esp_rounded(&state->space, strlen(found->text));
    }
    return bytes;
}

static uint64_t list_payloads(const struct making *making, bool early, const char ***paths,
                              size_t *count)
{
    const struct boot_state *state = making->state;
    uint64_t bytes = 0;
    for (size_t i = 0; i < state->payload_count; i++) {
        const char *path =
            arena_printf(making->arena, "%s/%s", state->folder, state->payloads[i].name);
        if (is_used(making, path, early))
            continue;
        *ARENA_PUSH(making->arena, *paths, *count) = path;
        bytes += esp_rounded(&state->space, state->payloads[i].size);
    }
    return bytes;
}

/* Entries first: none may name what is gone. */
static void list_late(const struct making *making)
{
    struct boot_plan *plan = making->plan;
    const struct boot_state *state = making->state;
    (void)list_entries(making, &plan->late, &plan->late_count); /* no matter how large */
    for (size_t i = 0; i < state->other_count; i++)
        *ARENA_PUSH(making->arena, plan->late, plan->late_count) = state->others[i];
    (void)list_payloads(making, false, &plan->late, &plan->late_count); /* no matter how large */
}

/* Whether it fits; if only when what is useless goes first, that is in the plan. */
static bool fits(struct making *making)
{
    struct boot_plan *plan = making->plan;
    uint64_t room = making->state->space.free;
    if (plan->needed <= room)
        return true;
    room += list_entries(making, &plan->early, &plan->early_count);
    room += list_payloads(making, true, &plan->early, &plan->early_count);
    return plan->needed <= room;
}

int boot_plan_make(struct arena *arena, const struct boot_state *state,
                   const struct boot_want *wants, size_t count, const struct boot_put *puts,
                   size_t put_count, struct boot_plan *plan, struct error *error)
{
    struct making making = {arena, state, wants, count, plan};
    for (;; making.count--) {
        *plan = (struct boot_plan){.entry_folder = state->entry_folder,
                                   .left_out = count - making.count};
        add_puts(&making, puts, put_count);
        if (fits(&making))
            break;
        if (making.count == 0 || wants[making.count - 1].must)
            return error_set(error, ENOSPC,
                             "the boot partition has %s free, and the entries that are needed take "
                             "%s more; remove what else is on it, or make it larger",
                             name_size(state->space.free).text, name_size(plan->needed).text);
    }
    list_late(&making);
    return 0;
}
