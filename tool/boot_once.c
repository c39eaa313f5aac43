/* The next boot alone is of one generation's entry. */
#include <errno.h>
#include <string.h>

#include "generations/loader.h"
#include "generations/once.h"
#include "tool/boot.h"
#include "tool/boot_loader.h"

int boot_check_entry(const struct boot_run *run, const char *name, struct error *error)
{
    const struct boot_found *found = boot_find(&run->state, name);
    if (!found)
        return error_set(error, ENOENT, "there is no boot entry \"%s\"; run `ebb boot sync`", name);
    if (found->fault)
        return error_set(error, EBADMSG,
                         "the boot entry \"%s\" cannot be booted: %s; run `ebb boot sync`", name,
                         found->fault);
    int code = boot_verify(run->esp, &found->entry.kernel, error);
    return code < 0 || !found->entry.image.path ? code
                                                : boot_verify(run->esp, &found->entry.image, error);
}

/* Firmware on which no variable can be set may still change the partition. A loader that counts
 * renames what it starts, and firmware may lose the entry by that: so it is one more, before the
 * default one, which is booted when the other was started once or is gone. */
static bool can_count(struct arena *arena, const struct boot_run *run)
{
    uint64_t features = 0;
    char text[LOADER_TEXT];
    struct error ignored;
    const char *set = boot_loader_default(arena, run->esp);
    return run->efivars >= 0 && loader_features(run->efivars, &features, &ignored) == 0 &&
           (features & LOADER_COUNTING) &&
           loader_read(run->efivars, "LoaderEntryDefault", text, &ignored) == -ENOENT && set &&
           strcmp(set, boot_default(arena, run)) == 0;
}

static int count(struct arena *arena, struct target root, const struct boot_wish *wish,
                 unsigned number, struct error *error)
{
    const struct boot_choice choice = {.tried = number};
    struct boot_run run;
    int code = boot_open(arena, root, wish, true, &run, error);
    if (code == 0)
        code = boot_refresh(arena, &run, &choice, error);
    boot_close(&run);
    return code;
}

int boot_once(struct target root, const struct boot_wish *wish, unsigned number, bool *by_loader,
              struct error *error)
{
    auto_arena arena = arena_new();
    struct boot_run run;
    bool can_be_started = false, counts = false;
    int code = boot_open(arena, root, wish, false, &run, error);
    if (code == 0) {
        const struct boot_entries *declared = &run.place.config->boot;
        const char *token = run.state.token,
                   *name = number ? entry_name(arena, token, number, NULL) : NULL;
        code = name ? boot_check_entry(&run, name, error) : 0;
        if (code == 0) {
            code = once_ask(run.esp, run.efivars, declared, token, name, error);
            can_be_started = code < 0 && !declared->uki;
            bool is_left = boot_find(&run.state, entry_name(arena, token, 0, ENTRY_TRIAL)) != NULL;
            counts = number ? code < 0 && can_count(arena, &run) : is_left;
        }
    }
    boot_close(&run);
    if (counts)
        code = count(arena, root, wish, number, error);
    *by_loader = code == 0;
    return can_be_started ? 0 : code;
}
