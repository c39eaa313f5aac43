/* What the steps of a boot work on. PID 1 fills it in as the boot goes on; a test makes one of
 * scratch folders. */
#ifndef EBB_PLAN_CONTEXT_H
#define EBB_PLAN_CONTEXT_H

#include <sys/types.h>

#include "base/path.h"
#include "plan/step.h"

struct beginning;
struct delivery;
struct modules;
struct unlocked_key;
struct watch;

/* What became of a declared volume in this boot. */
struct volume_state {
    char device[300];          /* the node in /dev that is mounted, "" before */
    int fd;                    /* its root once it is mounted, -1 before */
    const char *source, *root; /* as mountinfo shows them; NULL until somebody needs them */
    const char *identity;      /* of a state volume, once it was checked; NULL before */
    bool degraded;             /* devices of it are missing, and the declaration allows that */
    bool in_memory;            /* it is only read, and what is changed on it stays in memory */
};

/* Children that look after hooks in the background. */
struct minders {
    pid_t list[8];
    size_t count;
};

struct context {
    struct arena *arena; /* for what the steps find out */
    const struct config *config;
    const struct generation *generation; /* NULL until it is chosen */
    bool generation_is_asked;            /* a person has chosen it for this boot */
    unsigned continues;                  /* what the PID 1 of another kernel has chosen; 0: none */
    const char *asked_init;              /* init=, unless that has chosen a generation; or NULL */
    unsigned menu;                       /* milliseconds for that; 0: as declared */
    unsigned trial;                      /* seconds that it has to be confirmed in; 0: for ever */
    const struct beginning *beginning;   /* of an entry, instead of what the generation has */
    const char *init;                    /* proved to be executable, NULL before */
    int tree;                            /* its tree, if that is an image and mounted; else -1 */
    struct target root;                  /* the new root; fd -1 until it is made */
    const char *volumes;                 /* the folder that volumes are mounted in */
    struct volume_state *states;         /* by volume->number */
    struct modules *modules;             /* opened by the first step that needs them */
    pid_t drivers;                       /* the child that answers device events, 0 for none */
    bool drivers_ended;                  /* by itself, which it never should */
    struct minders *minders;             /* of hooks that have begun in the background */
    struct watch *watch;                 /* over the volumes that are on their way */
    const char **late;                   /* paths that wait for an owner whom nobody knows yet */
    size_t late_count;
    /* What `ebb write-back` has to look after: entries whose copy failed are none of it. */
    const struct persist_entry **copied;
    size_t copied_count;
    struct delivery *deliveries; /* what became of the secrets so far */
    size_t delivery_count;
    unsigned secret_set;           /* that they are put into: 1 in a boot */
    bool secrets_aside;            /* nothing tells of that set or leads to it yet */
    struct unlocked_key *unlocked; /* keys that a passphrase was given for */
    bool asks;       /* what failed is to be told to a person, before another generation */
    bool is_waiting; /* for a person; see context_wait() */
    /* Called when that has changed; NULL: nobody wants to know. */
    void (*waits)(const struct context *context);
    /* Called once, before a person is asked for the passphrase of a volume. */
    void (*asks_first)(const struct context *context);
    /* Has a person choose a generation: its number, 0 if nobody did within so many milliseconds (0:
     * for ever), so that `usual` is booted. NULL: nobody is there. */
    unsigned (*chooses)(const struct context *context, unsigned usual, unsigned milliseconds);
    const char *terminal; /* where people are asked for it; NULL: on all consoles */
    bool wait_for_ever;   /* rootwait: devices have no time limit */
    bool root_kept;       /* the old root subvolume is used again, as was asked */
    int64_t root_time;    /* by which old roots are judged, in seconds since 1970 */
};

/* A context in which nothing has happened yet; its memory belongs to `arena`. */
struct context *context_new(struct arena *arena, const struct config *config, const char *volumes,
                            const char *root);
/* Opens the tree of the chosen generation; -errno. Before one is chosen, and where it has none, it
 * is the new root, which is made of it. */
int context_tree(const struct context *context);
/* open(2) of a place: on its volume, where no link is followed; or in the tree, where links lead as
 * they would in the running system. -errno. */
int context_open(const struct context *context, const struct place *place, int flags);
/* A person is waited for, or not any more. */
void context_wait(struct context *context, bool waits);
/* Where the running system sees a volume. */
const char *context_place(const struct context *context, const struct volume *volume);
/* Whether a hook still runs in the background. */
bool context_has_background(const struct context *context);
struct volume_state *context_volume(const struct context *context, const struct volume *volume);

#endif
