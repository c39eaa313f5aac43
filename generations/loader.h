/* The variables by which a boot loader and the system talk (systemd's Boot Loader Interface), below
 * /sys/firmware/efi/efivars, the folder that `efivars` is. Machines without EFI have no such
 * folder. */
#ifndef EBB_GENERATIONS_LOADER_H
#define EBB_GENERATIONS_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define LOADER_FOLDER "/sys/firmware/efi/efivars"

/* What the loader can do: bits of LoaderFeatures. */
enum loader_feature {
    LOADER_ONE_SHOT = 1 << 3,
    LOADER_COUNTING = 1 << 4,
    LOADER_PREFERRED = 1 << 19,
};
enum { LOADER_TEXT = 4096 };

/* -ENOENT: the loader does not say, or there is none that knows of this. */
int loader_features(int efivars, uint64_t *features, struct error *error);
/* The text of a variable such as LoaderEntryDefault; what is no ASCII becomes "?", and a list has a
 * line for each. -ENOENT, and no error: it is not set. */
int loader_read(int efivars, const char *name, char text[static LOADER_TEXT], struct error *error);
/* Whether the loader has an entry of that name (LoaderEntries). */
bool loader_has(int efivars, const char *entry);
/* The next boot alone is of this entry, whatever is the default. */
int loader_set_one_shot(int efivars, const char *entry, struct error *error);
/* Unsets a variable that is set. */
int loader_clear(int efivars, const char *name, struct error *error);

#endif
