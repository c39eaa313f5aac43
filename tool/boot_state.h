/* What lies on a boot partition of this system: its entries, and the kernels and images that they
 * name. */
#ifndef EBB_TOOL_BOOT_STATE_H
#define EBB_TOOL_BOOT_STATE_H

#include "generations/entry.h"
#include "generations/esp.h"

struct boot_found {
    const char *name, *text;
    unsigned generation; /* 0: it is of none in particular */
    struct entry entry;  /* nothing, where it cannot be understood */
    const char *fault;   /* why it cannot be booted; NULL: it can be */
};

struct boot_state {
    const char *token, *folder, *entry_folder; /* `folder`: that of the payloads */
    bool uki;
    struct esp_file *payloads;
    size_t payload_count;
    struct boot_found *entries;
    size_t entry_count;
    const char **leftovers; /* paths of what a run that was cut off left */
    size_t leftover_count;
    const char **others; /* paths of what another declaration made, entries first */
    size_t other_count;
    bool has_menu; /* of GRUB, which is not declared; it is among these */
    struct esp_space space;
};

int boot_look(struct arena *arena, int esp, const struct boot_entries *declared, const char *token,
              struct boot_state *state, struct error *error);
/* Removes the leftovers, and the entries that cannot be booted. */
int boot_clean(struct arena *arena, int esp, const struct boot_entries *declared,
               struct boot_state *state, struct error *error);

/* NULL: there is none. */
const struct boot_found *boot_find(const struct boot_state *state, const char *name);
/* The name of what an entry names, if it is in the folder of the payloads; else NULL. */
const char *boot_payload_name(const struct boot_state *state, const struct entry_file *file);
const struct esp_file *boot_find_payload(const struct boot_state *state, const char *name);
/* What a file really has in it, against what an entry says of it. -EBADMSG: it is another. */
int boot_verify(int esp, const struct entry_file *file, struct error *error);

#endif
