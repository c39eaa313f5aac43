/* What unlocks the containers of scratch disks: a passphrase that everybody knows, and the key
 * files and headers that the configuration expects on volumes of keys. */
#ifndef EBB_VM_KEYS_H
#define EBB_VM_KEYS_H

#include "vm/disk.h"
#include "vm/scratch.h"

bool scratch_is_given(const struct scratch *scratch, const struct volume *volume);

/* Says how the container of `volume` is made, and puts its key where the disk of the key volume
 * will be made from. The result belongs to the arena. */
int keys_make(struct arena *arena, const struct scratch *scratch, const struct volume *volume,
              struct encryption *encryption, struct error *error);
/* What belongs on the disk of a volume of keys: a folder, or NULL for nothing. */
const char *keys_content(struct arena *arena, const struct scratch *scratch,
                         const struct volume *volume);

#endif
