/* What PID 1 told of the boot that made this system, read from /run/ebb/status.json of a root.
 *
 * The file is checked before anything of it is believed; all of it belongs to the arena. */
#ifndef EBB_TOOL_BOOTED_H
#define EBB_TOOL_BOOTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/path.h"
#include "plan/step.h"

struct booted_step {
    const char *kind, *sentence, *origin;
    const char *result; /* done, ignored or failed */
    const char *error;  /* NULL if it is done */
    const char *target; /* NULL if it gives no path a meaning */
    uint64_t microseconds;
};

struct booted_volume {
    const char *name, *device, *fs, *place; /* all but the name may be NULL */
    bool degraded;
    bool in_memory; /* it is read-only, and what is changed on it is lost */
};

struct booted {
    const char *text;         /* the file as it is */
    const char *error;        /* what ended the boot in rescue, or NULL */
    unsigned generation;      /* 0: none was chosen */
    const char *root;         /* tmpfs, overlay …; NULL: PID 1 is older than that line */
    const char *tree, *upper; /* paths in the running system, or NULL */
    const char *image;        /* the same: the file that the tree is mounted from */
    struct moment made;       /* when the root was; 0: it is not known */
    uint64_t microseconds;
    const char *last_end; /* of the boot before: clean, busy or unknown; NULL: nothing is known */
    struct booted_volume *volumes;
    size_t volume_count;
    const char **setbacks;
    size_t setback_count;
    struct booted_step *steps;
    size_t step_count;
};

/* -ENOENT: this system was not booted by Ebb. */
int booted_read(struct arena *arena, struct target root, struct booted *booted,
                struct error *error);
/* Whether what is written to this volume is lost at the next boot. */
bool booted_in_memory(const struct booted *booted, const char *volume);
/* On the running system: what the file says of the path becomes `step`, or goes if that is NULL. */
int booted_change(struct target root, const char *target, const struct step *step,
                  struct error *error);
/* Whether it was done, and brought a declared path back. */
bool booted_is_entry(const struct booted_step *step);

#endif
