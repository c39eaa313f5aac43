/* A plan is data: steps in order, each one thing to be done, with the place that asked for it.
 *
 * A step has one sentence (plan/kinds.c). `ebb plan` prints it, golden tests hold it, PID 1 logs
 * it, and the rescue screen quotes it. */
#ifndef EBB_PLAN_STEP_H
#define EBB_PLAN_STEP_H

#include "plan/config.h"

enum step_kind {
    STEP_DRIVERS,     /* answer the kernel's device events with modules */
    STEP_MODULE,      /* insert one module */
    STEP_RECORD,      /* write down that a boot has begun */
    STEP_DEVICE,      /* wait for a volume's block device */
    STEP_UNLOCK,      /* open the container that a volume lies in */
    STEP_HIBERNATION, /* refuse to change what a hibernated system still uses */
    STEP_CHECK,       /* have a file system checked */
    STEP_MOUNT,       /* mount a volume where PID 1 works on it */
    STEP_IDENTITY,    /* is it the state volume it should be? */
    STEP_GENERATION,  /* choose what to boot */
    STEP_KERNEL,      /* start the kernel that it needs */
    STEP_IMAGE,       /* mount a generation's tree that is an image */
    STEP_STATE,       /* bring back what persisted at another time, if that was asked for */
    STEP_ROOT,        /* make the ephemeral root */
    STEP_TREE,        /* lay a generation's tree out in it */
    STEP_PLACE,       /* show a volume in the new root */
    STEP_BIND,        /* bring a persist entry back */
    STEP_LINK,        /* the same as a symbolic link to where the volume is seen */
    STEP_COPY,        /* the same as a copy, which is written back later */
    STEP_MACHINE_ID,  /* the same for /etc/machine-id, which wants to be a real file */
    STEP_SECRETS,     /* decrypt a file of secrets */
    STEP_TEMPLATE,    /* render a text with secrets in it */
    STEP_SHOW,        /* let /run/secrets lead to what was decrypted */
    STEP_HOOK,        /* run a program of the user's */
    STEP_PREPARE,     /* let a system of Nix prepare the new root */
    STEP_PROVE,       /* can the new root be entered? */
    STEP_RESET,       /* put the fresh subvolume in the place of the old root */
    STEP_EXPIRE,      /* delete old roots that were kept long enough */
    STEP_KINDS
};

/* A numbered, bootable version of the system, on the volume that `generations` names. */
struct generation {
    unsigned number;     /* 0: not chosen yet, as when the tool prints a plan elsewhere */
    const char *choice;  /* what was asked for: a number, a label, latest or previous */
    const char *tree;    /* its tree, as a path on the volume; NULL if it has none */
    const char *image;   /* the file system that the tree is an image of, NULL for a folder */
    const char *label;   /* NULL if it has none */
    const char *init;    /* what it says is its init, NULL for /sbin/init */
    const char *created; /* in UTC, NULL if it is not known */
    const char *kernel;  /* in the running system, with its image and parameters; NULL: it does not
                            say */
    const char *initrd, *parameters;
    unsigned parent; /* what it was made from, 0: nothing, or it is not known */
};

/* "generation 3", or "the latest generation" where none is chosen yet. */
void generation_print(const struct generation *generation, FILE *stream);

struct step {
    enum step_kind kind;
    struct origin origin;
    const char *target; /* the path in the new root that the step gives a meaning to, or NULL */
    union {
        const char *module;
        const struct volume *volume;
        const struct root *root;
        const struct persist_entry *entry;
        const struct secrets *secrets;
        const struct secret_entry *secret;
        const struct hook *hook;
        const char *init;
        const char *choice; /* of a generation */
    };
    const struct place *store;           /* for STEP_GENERATION and STEP_RECORD */
    bool is_asked;                       /* the same: a person has chosen for this boot */
    bool is_menu;                        /* STEP_GENERATION: a person is to choose */
    bool is_optional;                    /* if it fails, that is told, and the boot goes on */
    const struct generation *generation; /* of what the root is made */
};

struct plan {
    struct arena *arena;
    struct step *steps;
    size_t count;
};

/* Appends a step; the caller fills what its kind needs. The result is valid until the next one. */
struct step *plan_add(struct plan *plan, enum step_kind kind, struct origin origin);
/* Where the first step of a kind stands; it is the plan's count if there is none. */
size_t plan_find(const struct plan *plan, enum step_kind kind);
/* Puts the steps from `first` on in the order of their targets, parents before what lies in them.
 */
void plan_sort(struct plan *plan, size_t first);

#endif
