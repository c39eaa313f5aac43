/* The next boot alone is of one generation's entry. */
#include <errno.h>

#include "generations/once.h"
#include "tool/boot.h"

/* What is damaged would be told by nobody when it is too late. */
static int check(const struct boot_run *run, const char *name, struct error *error)
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

int boot_once(struct target root, const struct boot_wish *wish, unsigned number, bool *by_loader,
              struct error *error)
{
    auto_arena arena = arena_new();
    struct boot_run run;
    bool can_be_started = false;
    int code = boot_open(arena, root, wish, false, &run, error);
    if (code == 0) {
        const struct boot_entries *declared = &run.place.config->boot;
        const char *token = run.state.token,
                   *name = number ? entry_name(arena, token, number, NULL) : NULL;
        code = name ? check(&run, name, error) : 0;
        if (code == 0)
            code = once_ask(run.esp, run.efivars, declared, token, name, error);
        can_be_started = !declared->uki;
    }
    boot_close(&run);
    *by_loader = code == 0;
    return code == -ENOTSUP && can_be_started ? 0 : code;
}
