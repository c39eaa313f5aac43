/* The boot loader itself and what it is told: systemd-boot, /loader/loader.conf. */
#ifndef EBB_TOOL_BOOT_LOADER_H
#define EBB_TOOL_BOOT_LOADER_H

#include "tool/boot_plan.h"

struct loader_wish {
    const char *default_id;
    unsigned timeout; /* milliseconds */
    bool program;     /* with the loader itself, where there is none yet */
    int tree;         /* of a generation, which may have one */
    int root;         /* the running system, which may have one, too */
};

/* What is to be put so that the loader boots our default entry; what it changes is told. */
int boot_loader_puts(struct arena *arena, int esp, const struct loader_wish *wish,
                     struct boot_put **puts, size_t *count, FILE *out, struct error *error);
/* What loader.conf says is the default; NULL: nothing. */
const char *boot_loader_default(struct arena *arena, int esp);
/* Whether there is a loader that was made for this machine. */
bool boot_loader_is_there(int esp);

#endif
