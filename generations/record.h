/* What became of the boots of this machine: .ebb/record on the volume of the generations, or where
 * it is declared to be, 8 KiB that are made once and then only written over, so that a power cut
 * cannot take them away.
 *
 * Two slots of 4 KiB take turns. Each has a sequence number and a checksum; the greater whole one
 * is valid, so that a slot that was torn costs what was said last, and no more. */
#ifndef EBB_GENERATIONS_RECORD_H
#define EBB_GENERATIONS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    RECORD_SLOT = 4096,
    RECORD_ATTEMPTS = 16,
    RECORD_TEXT = 160,
    RECORD_BOOT = 16,
    RECORD_BOOT_TEXT = 2 * RECORD_BOOT + 1,
    RECORD_BAD = 16
};

/* The kernel parameter that begins so has the identity of a boot, a colon, and the generation that
 * the boot is to go on with. */
#define RECORD_CONTINUES "ebb.continues="
/* Where this file is, that parameter was used again, and means nothing. */
#define RECORD_ANEW "/run/ebb/anew"

enum record_stage {
    RECORD_STARTED, /* and nothing further: it died within the initramfs */
    RECORD_FAILED,
    RECORD_LEFT,  /* the real init was executed */
    RECORD_GOOD,  /* it was confirmed */
    RECORD_WAITS, /* for a person: that a machine is switched off then is no failure */
    RECORD_STAGES
};
extern const char *const record_stage_names[];

/* What is known of the end of a boot whose init was executed. */
enum record_end {
    RECORD_END_UNKNOWN, /* it goes on, or ended by a power cut, or without the shutdown program */
    RECORD_END_CLEAN,   /* everything was unmounted */
    RECORD_END_BUSY,    /* something stayed mounted */
    RECORD_ENDS
};
extern const char *const record_end_names[];

struct record_attempt {
    uint32_t generation;
    uint32_t stage;                  /* enum record_stage */
    uint32_t end;                    /* enum record_end */
    uint64_t time;                   /* it began, in seconds since 1970 */
    unsigned char boot[RECORD_BOOT]; /* the kernel's boot_id: one boot may attempt several */
    bool forgiven;                   /* it counts no more: somebody wants the generation again */
    char text[RECORD_TEXT];          /* why it failed, or was not confirmed; "" otherwise */
};

enum trial_state {
    TRIAL_NONE,
    TRIAL_WANTED, /* at the next boot */
    TRIAL_RUNS,   /* it was begun, and has only that boot to be confirmed in */
    TRIAL_LIVE,   /* the running system was changed, and goes back unless that is confirmed */
    TRIAL_STATES
};

struct record_trial {
    uint32_t state;      /* enum trial_state */
    uint32_t generation; /* 0 for a live one */
    uint32_t seconds;    /* from the execution of the init to the deadline */
    uint32_t back;       /* what is booted without a confirmation; known on after the trial */
    uint32_t by_loader;  /* 1: the boot loader was told to start its kernel */
};

struct record {
    uint64_t sequence;    /* 0: nothing was written yet */
    uint32_t chosen;      /* by `ebb rollback`, instead of what is declared; 0: none */
    uint32_t chosen_over; /* the latest one then; 0: not known yet */
    uint32_t last_good;   /* 0: none was ever confirmed */
    struct record_trial trial;
    uint32_t bad[RECORD_BAD]; /* generations that are not booted by themselves; 0: no entry */
    uint32_t count;
    struct record_attempt attempts[RECORD_ATTEMPTS]; /* the oldest first */
    bool damaged;                                    /* there was one, and neither slot is whole */
};

/* Opens the record `path` of a volume; one that is missing is made if that is wanted. -ENOENT: it
 * is missing. */
int record_open(int volume, const char *path, bool make, struct error *error);
/* -ENOTSUP: it is of a later version. */
int record_read(int fd, struct record *record, struct error *error);
/* It is on the disk when this returns 0. */
int record_write(int fd, struct record *record, struct error *error);

/* Adds an attempt of this boot; the oldest goes when there is no room. */
struct record_attempt *record_add(struct record *record, uint32_t generation);
/* The identity of this boot, in hexadecimal digits. */
void record_boot_id(char text[static RECORD_BOOT_TEXT]);
bool record_is_of_this_boot(const struct record_attempt *attempt);
/* The newest attempt, if it is of this boot and of that generation (0: of any); else NULL. */
struct record_attempt *record_current(struct record *record, uint32_t generation);
/* The generation of the newest attempt of one, 0: none is known. */
uint32_t record_newest(const struct record *record);
/* The newest attempt of another boot than this one; NULL: none is known. */
const struct record_attempt *record_before(const struct record *record);
/* Whether its init was executed, so that its end is worth a word. */
bool record_has_left(const struct record_attempt *attempt);
/* Whether that is so of an attempt of this boot. */
bool record_boot_has_left(const struct record *record);
/* Whether this boot has attempted the generation. */
bool record_attempted(const struct record *record, uint32_t generation);
/* It is booted from now on, whatever is declared; 0: that is over. */
void record_choose(struct record *record, uint32_t generation);
/* It is bad whatever the attempts tell. */
void record_mark_bad(struct record *record, uint32_t generation);
/* It is no more, and its failures so far count no more. */
void record_forgive(struct record *record, uint32_t generation);
/* Whether the boot is one of that which was good last, came to a clean end, and no check of its
 * health failed: nobody confirms each of these. */
bool record_was_used(const struct record *record, const struct record_attempt *attempt);
/* How often the generation failed since it was last good. What was left and never confirmed counts
 * only where boots are confirmed at all, and not if it was used so. */
unsigned record_failures(const struct record *record, uint32_t generation);
/* Whether the boot before this one ended in such a failure. */
bool record_boot_failed(const struct record *record);
/* Whether that is too often, or it is marked, so that another one is booted. `tries` is what is
 * declared; 0: only the mark counts. */
bool record_is_bad(const struct record *record, uint32_t generation, unsigned tries);

#endif
