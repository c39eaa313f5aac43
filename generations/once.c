#include "generations/once.h"

#include <errno.h>

#include "base/path.h"
#include "generations/grub.h"
#include "generations/grubenv.h"
#include "generations/loader.h"

static int ask_grub(struct arena *arena, int esp, const char *token, const char *id,
                    struct error *error)
{
    auto_fd block = grubenv_open(esp, grub_block_path(arena, token), error);
    return block < 0 ? block : grubenv_set_next(block, id, error);
}

int once_ask(int esp, int efivars, const struct boot_entries *boot, const char *token,
             const char *name, struct error *error)
{
    auto_arena arena = arena_new();
    uint64_t features = 0;
    const char *id = name ? entry_id(arena, boot, name) : NULL;
    if (boot->loader == BOOT_GRUB)
        return ask_grub(arena, esp, token, id, error);
    if (efivars < 0 || loader_features(efivars, &features, error) < 0 ||
        !(features & LOADER_ONE_SHOT))
        return error_set(error, ENOTSUP, "the boot loader boots no entry once");
    return id ? loader_set_one_shot(efivars, id, error)
              : loader_clear(efivars, "LoaderEntryOneShot", error);
}
