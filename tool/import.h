/* What another tool's declaration means in the words of ebb.conf.
 *
 * A reader (import_nix, import_live) adds entries and lists what it cannot carry over; settling
 * finds what stands in each other's way; writing makes text that ebb.conf(5) describes. Nothing is
 * dropped in silence: what is no entry in the end is in the list of losses. */
#ifndef EBB_TOOL_IMPORT_H
#define EBB_TOOL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

/* A system of 10,000 entries has about 8 MiB of evaluated JSON. */
enum { IMPORT_MAX_SIZE = 16 * 1024 * 1024 };

enum import_option {
    IMPORT_RO = 1 << 0,
    IMPORT_NOEXEC = 1 << 1,
    IMPORT_NOSUID = 1 << 2,
    IMPORT_NODEV = 1 << 3,
    IMPORT_HIDE = 1 << 4,
    IMPORT_TRASH = 1 << 5,
};

/* A user's home. */
struct import_home {
    const char *user, *path;
};

struct import_entry {
    const char *store; /* the path of the store, or its name */
    bool file;
    const char *path; /* as it is written: absolute, or relative to the home */
    const struct import_home *home;
    const char *full;          /* absolute */
    const char *owner, *group; /* NULL: Ebb's own */
    int mode;                  /* -1: Ebb's own */
    unsigned options;          /* of enum import_option */
    const char *method;        /* NULL: bind */
    bool keep_existing;
    const char *parent_wish; /* what the folder above was to be, if Ebb makes it otherwise */
    const char *part_of;     /* the entry of the same store that it is a part of */
    bool dropped;            /* listed as lost, or the same as another one */
    size_t order;
};

struct import_loss {
    const char *store, *object, *reason;
};

/* --volume STORE=VOLUME[:/path] */
struct import_volume {
    const char *store, *name, *path;
    bool used;
};

struct import {
    struct arena *arena;
    const char *format, *from;
    struct import_entry **entries;
    size_t entry_count;
    struct import_loss *losses;
    size_t loss_count;
    const char **notes; /* of what is carried over, but should be known */
    size_t note_count;
    struct import_volume *volumes;
    size_t volume_count;
};

/* The evaluated JSON of impermanence or preservation (import->format says which), or live-boot's
 * persistence.conf. An error means that nothing of it can be read. */
int import_nix(struct import *import, const char *text, size_t length, struct error *error);
int import_live(struct import *import, const char *text, size_t length, struct error *error);

/* A path with its repeated slashes, "." and slashes at the end taken out, NULL if there is a "..";
 * relative if it was. */
const char *import_clean(struct arena *arena, const char *path);
/* Why the bytes of a path cannot stand in a configuration, or NULL. */
const char *import_objection(const char *text, size_t length);
/* Where Ebb takes a user's home to be, unless it is told. */
const char *import_home_path(struct arena *arena, const char *user);
/* The mode that Ebb gives to a folder or file that is made without one; -1: it depends on the path,
 * and should be said. */
int import_own_mode(const struct import_entry *entry);
/* Adds an entry for a path that may be anything; NULL: it cannot be one, and is listed. With a
 * home, the path is relative to it. */
struct import_entry *import_add(struct import *import, const char *store,
                                const struct import_home *home, bool file, const char *path,
                                size_t length);
void import_lose(struct import *import, const char *store, const char *object, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));
/* A mode in octal or, as chmod(1) takes it, in letters that change `from`; -1 if it is neither. */
int import_mode(const char *text, int from);

/* Finds what is declared twice, and what is part of what. Afterwards the entries are in the order
 * of their stores and homes. */
void import_settle(struct import *import);
/* A --volume whose store is not in the input: NULL if there is none. */
const struct import_volume *import_unused(struct import *import);
void import_write(const struct import *import, FILE *stream);
/* Text of others for one line that people read: what would disturb it is escaped, and the end of
 * what is long is left out. */
const char *import_shown(struct arena *arena, const char *text);

#endif
