/* The next boot alone is of one generation's entry. */
#include <errno.h>

#include "generations/loader.h"
#include "tool/boot.h"

/* What is damaged would be told by nobody when it is too late. */
static int check(const struct boot_run *run, const char *name, struct error *error)
{
    const struct boot_found *found = boot_find(&run->state, name);
    if (!found)
        return error_set(error, ENOENT, "there is no boot entry \"%s\"; run `ebb boot sync`", name);
    if (found->fault)
        return error_set(error, EBADMSG, "the boot entry \"%s\" %s; run `ebb boot sync`", name,
                         found->fault);
    int code = boot_verify(run->esp, &found->entry.kernel, error);
    return code < 0 ? code : boot_verify(run->esp, &found->entry.image, error);
}

int boot_once(struct target root, const struct boot_wish *wish, unsigned number, bool *by_loader,
              struct error *error)
{
    auto_arena arena = arena_new();
    struct boot_run run;
    struct error ignored;
    uint64_t features = 0;
    int code = boot_open(arena, root, wish, false, &run, error);
    if (code < 0)
        return code;
    const char *name = entry_name(arena, run.state.token, number, NULL);
    code = check(&run, name, error);
    *by_loader = run.efivars >= 0 && loader_features(run.efivars, &features, &ignored) == 0 &&
                 features & LOADER_ONE_SHOT;
    if (code == 0 && *by_loader)
        code = loader_set_one_shot(run.efivars, name, error);
    boot_close(&run);
    return code;
}
