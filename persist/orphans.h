/* What lies on a state volume, below the places of persist entries, and is declared by nobody.
 *
 * Parents of declared entries are none, nor is what is mounted somewhere (this boot may have been
 * made by another configuration), nor Ebb's own ".ebb" names, unless they were left unfinished
 * before this boot. */
#ifndef EBB_PERSIST_ORPHANS_H
#define EBB_PERSIST_ORPHANS_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "persist/cover.h"

struct orphan {
    const char *path; /* on the volume */
    mode_t mode;
    dev_t device; /* with the number: what it is, whatever is called so later */
    ino_t number;
    uint64_t size, files; /* of all in it; hard links as often as they are there */
    time_t newest;        /* the last change of anything in it */
};

struct orphans {
    struct orphan *items; /* by path */
    size_t count;
    struct orphan_blind {
        const char *path;
        int code; /* errno */
    } * blind;    /* where it could not look */
    size_t blind_count;
};

/* What is mounted now, wherever: by device and number, because a name may lead elsewhere. */
struct mounted {
    struct mounted_thing {
        dev_t device;
        ino_t number;
    } * things;
    size_t count;
};
int mounted_read(struct arena *arena, struct mounted *mounted, struct error *error);

/* Appends the orphans below `store`, a path on the volume; `booted` is when this system was.
 * `declared` has the paths on the volume that somebody declares, sorted. A store that does not
 * exist has none. */
int orphans_find(struct arena *arena, int volume, const char *store, const struct cover *declared,
                 const struct mounted *mounted, time_t booted, struct orphans *orphans,
                 struct error *error);

#endif
