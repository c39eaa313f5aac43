/* `ebb new`, over any root. */
#ifndef EBB_TOOL_NEW_H
#define EBB_TOOL_NEW_H

#include <stdio.h>

#include "generations/making.h"
#include "tool/boot.h"

struct new_wish {
    struct place_wish place;
    const char *from;  /* a number, latest or previous; NULL: what is booted, or else the latest */
    const char *label; /* may be NULL */
    bool dry_run;
    const char *const *command; /* NULL-terminated */
    struct boot_wish boot;      /* of the entry that it gets, where entries are declared */
};

/* The mount name space is the caller's alone. Returns the exit status. */
int new_make(struct target root, const struct new_wish *wish, FILE *out);
/* What the new tree has as /etc/ebb/ebb.conf is checked, with what is wrong on standard error, and
 * goes merged into the new generation as ebb.conf. If there is none, it has that of the old one. */
int new_config(const struct making *making, unsigned old, struct error *error);

/* What a boot by the kernel that runs needs of a tree. */
struct new_needs {
    bool init, modules;
};
/* `init` is that of the generation, or NULL. */
struct new_needs new_needs_of(int tree, const char *init);
/* Fails if the init has gone that was there before, and warns of what else a boot will miss. */
int new_needs_check(int tree, const char *init, const struct new_needs *before,
                    struct error *error);

#endif
