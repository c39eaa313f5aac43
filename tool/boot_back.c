/* Whether the boot loader would boot the default entry, by which a machine comes back. */
#include <errno.h>
#include <string.h>

#include "generations/loader.h"
#include "tool/boot.h"
#include "tool/boot_grub.h"
#include "tool/boot_loader.h"

static int check_loader(struct arena *arena, const struct boot_run *run, struct error *error)
{
    char text[LOADER_TEXT];
    struct error ignored;
    bool is_grub = run->place.config->boot.loader == BOOT_GRUB;
    const char *set = is_grub ? NULL : boot_loader_default(arena, run->esp);
    if (is_grub ? !boot_grub_is_there(arena, run->esp, run->state.token)
                : !set || !boot_is_default(arena, run, set))
        return error_set(error, ENOENT,
                         "the boot loader does not boot our default entry by itself; run `ebb boot "
                         "install`");
    if (run->efivars >= 0 && loader_read(run->efivars, "LoaderEntryDefault", text, &ignored) == 0 &&
        !boot_is_default(arena, run, text))
        return error_set(error, EEXIST,
                         "the EFI variable LoaderEntryDefault has the boot loader boot \"%s\"; run "
                         "`ebb boot install`, which unsets it",
                         text);
    return 0;
}

int boot_check_default(struct target root, const struct boot_wish *wish, struct error *error)
{
    auto_arena arena = arena_new();
    struct boot_run run;
    int code = boot_open(arena, root, wish, false, &run, error);
    if (code == 0 && run.state.entry_count > 0)
        code = boot_check_entry(&run, entry_name(arena, run.state.token, 0, ENTRY_DEFAULT), error);
    if (code == 0 && run.state.entry_count > 0)
        code = check_loader(arena, &run, error);
    boot_close(&run);
    return code;
}
