/* ebb boot install, ebb boot sync, and what a confirmation does to the boot partition. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "generations/facts.h"
#include "generations/loader.h"
#include "generations/tree.h"
#include "tool/boot.h"
#include "tool/boot_loader.h"
#include "tool/boot_write.h"
#include "tool/verb.h"

/* A variable that is set by hand, or by the key "d" in the menu, is above loader.conf. */
static int settle_variable(struct arena *arena, const struct boot_run *run, bool clear, FILE *out,
                           struct error *error)
{
    static const char name[] = "LoaderEntryDefault";
    char text[LOADER_TEXT];
    int code = run->efivars < 0 ? -ENOENT : loader_read(run->efivars, name, text, error);
    if (code < 0)
        return code == -ENOENT ? 0 : code;
    if (boot_is_default(arena, run, text))
        return 0;
    if (!clear) {
        log_warning("the EFI variable %s is set, so the boot loader boots what it says and not our "
                    "default; `ebb boot install` unsets it",
                    name);
        return 0;
    }
    code = loader_clear(run->efivars, name, error);
    if (code == 0)
        fprintf(out, "the EFI variable %s is not set any more\n", name);
    return code;
}

static int find_puts(struct arena *arena, struct target root, const struct boot_wish *wish,
                     const struct boot_run *run, unsigned normal, struct boot_put **puts,
                     size_t *count, FILE *out, struct error *error)
{
    struct error ignored; /* then it has no loader */
    const char *image, *path = facts_tree(arena, run->place.store, normal, &image);
    auto_fd tree = tree_open(run->place.store, path, image, &ignored);
    const struct loader_wish loader = {.default_id = boot_default(arena, run),
                                       .timeout = run->place.config->boot.timeout,
                                       .program = !wish->no_loader,
                                       .tree = tree,
                                       .root = root.fd};
    return boot_loader_puts(arena, run->esp, &loader, puts, count, out, error);
}

static void tell(const struct boot_plan *plan, const struct boot_want *wants, size_t count,
                 FILE *out)
{
    for (size_t i = 0; i < plan->entry_count; i++)
        fprintf(out, "wrote %s\n", plan->entries[i]->name);
    for (size_t i = count - plan->left_out; i < count; i++)
        fprintf(out, "left out %s: there is no room\n", wants[i].name);
    for (size_t i = 0; i < plan->late_count; i++)
        fprintf(out, "removed %s\n", strrchr(plan->late[i], '/') + 1);
    fprintf(out, "%zu boot entries\n", count - plan->left_out);
}

static int sync_entries(struct arena *arena, struct target root, const struct boot_wish *wish,
                        struct boot_run *run, struct boot_items *items, FILE *out,
                        struct error *error)
{
    struct boot_want *wants = NULL;
    struct boot_put *puts = NULL;
    struct boot_plan plan;
    size_t count = 0, put_count = 0;
    int code = boot_items_list(&run->source, items, error);
    if (code == 0)
        code = boot_items_build(&run->source, items, wish->rebuild, error);
    const struct boot_choice choice = {.normal = boot_normal(items, &run->place),
                                       .tried = boot_tried(&run->state, &run->place)};
    if (code == 0)
        code = boot_wants_make(&run->source, items, &choice, &wants, &count, error);
    if (code == 0)
        code = boot_follow(arena, run, wants, count, &puts, &put_count, error);
    if (code == 0 && wish->install && run->place.config->boot.loader == BOOT_SYSTEMD_BOOT)
        code = find_puts(arena, root, wish, run, choice.normal, &puts, &put_count, out, error);
    if (code == 0)
        code = boot_plan_make(arena, &run->state, wants, count, puts, put_count, &plan, error);
    if (code == 0)
        code = boot_write(run->esp, &plan, run->source.progress, error);
    if (code == 0)
        tell(&plan, wants, count, out);
    return code < 0 ? code : settle_variable(arena, run, wish->install, out, error);
}

int boot_sync(struct target root, const struct boot_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct boot_items items = {0};
    struct boot_run run;
    struct error error;
    int code = boot_open(arena, root, wish, true, &run, &error);
    if (code == 0 && (run.state.entry_count > 0 || !wish->follow))
        code = sync_entries(arena, root, wish, &run, &items, out, &error);
    boot_close(&run);
    if (code < 0)
        log_error("%s", error.text);
    return code < 0 || items.failed ? EXIT_NO : EXIT_DONE;
}

bool boot_is_declared(const struct store_place *place)
{
    return place->config && place->declared.place.volume && place->config->boot.place.volume_name;
}

int boot_catch_up(struct target root, const struct boot_wish *wish, const char *config, FILE *out)
{
    struct boot_wish follow = *wish;
    follow.config = config;
    follow.follow = true;
    int status = boot_sync(root, &follow, out);
    if (status != EXIT_DONE)
        log_error("the boot entries are not as they should be; run `ebb boot sync` once they can "
                  "be written");
    return status;
}

int boot_refresh(struct arena *arena, struct boot_run *run, const struct boot_choice *choice,
                 struct error *error)
{
    struct boot_items items;
    struct boot_want *wants = NULL;
    struct boot_put *puts = NULL;
    struct boot_plan plan;
    size_t count = 0, put_count = 0;
    int code = boot_items_list(&run->source, &items, error);
    if (run->state.entry_count == 0)
        return code; /* `ebb boot install` was never run */
    if (code == 0)
        code = boot_wants_make(&run->source, &items, choice, &wants, &count, error);
    for (size_t i = 0; i < count; i++)
        wants[i].must = true; /* what is there is not left out for this */
    if (code == 0)
        code = boot_follow(arena, run, wants, count, &puts, &put_count, error);
    if (code == 0)
        code = boot_plan_make(arena, &run->state, wants, count, puts, put_count, &plan, error);
    return code < 0 ? code : boot_write(run->esp, &plan, false, error);
}

int boot_confirmed(struct target root, const struct boot_wish *wish, unsigned good, unsigned before,
                   struct error *error)
{
    auto_arena arena = arena_new();
    struct boot_run run;
    /* Once more the same: rollback has that which was good before it already. */
    const struct boot_choice choice = {.normal = good,
                                       .refuge = before == 0      ? good
                                                 : before == good ? 0
                                                                  : before};
    int code = boot_open(arena, root, wish, true, &run, error);
    if (code == 0)
        code = boot_refresh(arena, &run, &choice, error);
    boot_close(&run);
    return code;
}
