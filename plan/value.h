/* What a word of ebb.conf may be, by its type, and what is stored for it. A new type is a reader in
 * value.c. */
#ifndef EBB_PLAN_VALUE_H
#define EBB_PLAN_VALUE_H

#include "plan/config.h"

enum field_type {
    FIELD_TEXT,          /* anything but nothing */
    FIELD_NAME,          /* letters, digits, - and _ */
    FIELD_OWNER,         /* a user's or group's name, or its number */
    FIELD_PATH,          /* absolute and clean */
    FIELD_PATHS,         /* several, with commas between */
    FIELD_PLACE,         /* VOLUME:/path */
    FIELD_PLACE_OR_TREE, /* the same, or /path in the tree of the generation */
    FIELD_SHA256,        /* 64 hexadecimal digits */
    FIELD_PLACE_IF_ANY,  /* the same, as a last parameter that may be missing */
    FIELD_DEVICE,        /* a tag, or a path below /dev */
    FIELD_CHOICE,        /* one of `choices`, stored as its number */
    FIELD_MODE,          /* octal */
    FIELD_DURATION,      /* 500ms, 30s, 5min, 2h, 1d; stored as milliseconds */
    FIELD_AGE,           /* 12h, 30d; stored as seconds */
    FIELD_SIZE,          /* 512M or 25% */
    FIELD_INODES,        /* 800k */
    FIELD_CHOSEN,        /* a generation: its number or label, latest or previous */
    FIELD_KEEP,          /* 5,daily=7,age=30d */
    FIELD_COUNT,         /* a number from 0 on */
    FIELD_BYTES,         /* 512k; stored as their number */
    FIELD_LUKS_FILE,     /* a path in the image, or VOLUME:/path */
    FIELD_SHELL,         /* no, yes, or the hash of a password */
    FIELD_DEGRADED,      /* no, ro or after=30s */
    FIELD_KEYMAP,        /* a name as loadkeys knows it, a path, or none */
    FIELD_RELATIVE,      /* clean, from a home on */
    FIELD_WITHIN,        /* the same, of a secret */
    FIELD_USER,          /* a user's name */
    FIELD_SEED,          /* none, generation or a path in its tree */
    FIELD_FLAGS,         /* some of `choices`, with commas between; stored as bits */
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    const char *const *choices;
};

/* Reads a word and stores what it means; or returns what is wrong with it, and stores nothing. */
const char *value_read(struct arena *arena, const struct field *field, const struct scfg_word *word,
                       void *slot);

/* What is stored, in the one form that all ways of writing it share; of a password's hash only its
 * method. NULL: nothing is. */
const char *value_text(struct arena *arena, const struct field *field, const void *slot);

/* Reads a duration, for options of the tool. */
const char *value_duration(const char *text, unsigned *milliseconds);
/* The same of an age, and of which generations stay. */
const char *value_age(const char *text, uint64_t *seconds);
const char *value_keep(const char *text, struct keep *keep);
/* Why a text is no label of a generation, or NULL if it is one. */
enum { VALUE_LABEL = 200 }; /* bytes of it */
const char *value_label(const char *text);
/* Whether it names a generation otherwise: a number, latest or previous. */
bool value_is_word(const char *text);
/* Why it names none either way, or NULL. */
const char *value_chosen(const char *text);

#endif
