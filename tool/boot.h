/* `ebb boot`: the entries of the boot loader, over any root. */
#ifndef EBB_TOOL_BOOT_H
#define EBB_TOOL_BOOT_H

#include <stdio.h>

#include "tool/boot_wants.h"
#include "tool/options.h"

struct boot_wish {
    const char *config;       /* NULL: /etc/ebb/ebb.conf */
    const char *esp;          /* the folder of the boot partition; NULL: the declared volume */
    const char *efivars;      /* the folder of the loader's variables; NULL: they are no matter */
    const char *init_program; /* as in struct boot_source */
    bool install;             /* with the loader's own settings */
    bool no_loader;           /* but without the loader */
    bool follow;              /* do nothing unless `ebb boot install` was run before */
    bool rebuild, universal, json;
};

/* What all of them work on, and share of it: boot_run.c. */
struct boot_run {
    struct store_place place;
    int esp, efivars; /* efivars: -1 where there are none */
    struct boot_state state;
    struct boot_source source;
};
/* `change`: nobody else may change the partition, and what was left half done is cleaned. */
int boot_open(struct arena *arena, struct target root, const struct boot_wish *wish, bool change,
              struct boot_run *run, struct error *error);
void boot_close(const struct boot_run *run);

/* What the loader's settings call the default. */
const char *boot_default(struct arena *arena, const struct boot_run *run);
/* The same, or our default entry alone. */
bool boot_is_default(struct arena *arena, const struct boot_run *run, const char *text);
/* What follows the entries whenever they change, for loaders that do not read them. */
int boot_follow(struct arena *arena, const struct boot_run *run, const struct boot_want *wants,
                size_t want_count, struct boot_put **puts, size_t *count, struct error *error);

/* Makes the entries of what is there: nothing is built, so one that is missing stays so until the
 * next `ebb boot sync`. */
int boot_refresh(struct arena *arena, struct boot_run *run, const struct boot_choice *choice,
                 struct error *error);

/* Both return the exit status. */
int boot_sync(struct target root, const struct boot_wish *wish, FILE *out);
int boot_status(struct target root, const struct boot_wish *wish, FILE *out);

/* Whether the generations of a store have entries. */
bool boot_is_declared(const struct store_place *place);
/* After generations came or went: `ebb boot sync`, if `ebb boot install` was run before. Returns
 * the exit status. */
int boot_catch_up(struct target root, const struct boot_wish *wish, const char *config, FILE *out);
/* After `good` was confirmed, and `before` had been good last (0: none had): the default entry gets
 * the kernel of the one, rollback and recovery copies of that of the other. Only where a boot
 * partition is declared, or named. */
int boot_confirmed(struct target root, const struct boot_wish *wish, unsigned good, unsigned before,
                   struct error *error);

/* Whether an entry is whole: what is damaged would be told by nobody when it is too late. */
int boot_check_entry(const struct boot_run *run, const char *name, struct error *error);
/* Whether the boot loader boots the default entry, which is whole; also 0 where `ebb boot install`
 * was never run, for then it is not known what is booted. */
int boot_check_default(struct target root, const struct boot_wish *wish, struct error *error);
/* The next boot alone is of this generation's entry, which is whole: the loader knows so, or cannot
 * (`by_loader` is false), and the PID 1 of the default entry has to start its kernel. Of a unified
 * image, that one could not. 0: of none in particular, whatever was asked before. */
int boot_once(struct target root, const struct boot_wish *wish, unsigned number, bool *by_loader,
              struct error *error);

int verb_boot_install(int argc, char **argv);
int verb_boot_status(int argc, char **argv);
int verb_boot_sync(int argc, char **argv);

#endif
