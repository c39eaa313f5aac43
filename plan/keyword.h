/* The words of ebb.conf, as one table: which directive may stand where, which parameters and
 * options it takes, and which field of which struct each of them fills. A new declaration is a row.
 *
 * Parameters come in a fixed order; options are `name=value`, in any order and anywhere. */
#ifndef EBB_PLAN_KEYWORD_H
#define EBB_PLAN_KEYWORD_H

#include "plan/config.h"

enum field_type {
    FIELD_TEXT,         /* anything but nothing */
    FIELD_NAME,         /* letters, digits, - and _ */
    FIELD_OWNER,        /* a user's or group's name, or its number */
    FIELD_PATH,         /* absolute and clean */
    FIELD_PLACE,        /* VOLUME:/path */
    FIELD_PLACE_IF_ANY, /* the same, as a last parameter that may be missing */
    FIELD_DEVICE,       /* a tag, or a path below /dev */
    FIELD_CHOICE,       /* one of `choices`, stored as its number */
    FIELD_MODE,         /* octal */
    FIELD_DURATION,     /* 500ms, 30s, 5min, 2h, 1d; stored as milliseconds */
    FIELD_AGE,          /* 12h, 30d; stored as seconds */
    FIELD_SIZE,         /* 512M or 25% */
    FIELD_INODES,       /* 800k */
    FIELD_CHOSEN,       /* a generation: its number, latest or previous */
    FIELD_COUNT,        /* a number from 0 on */
    FIELD_BYTES,        /* 512k; stored as their number */
    FIELD_LUKS_FILE,    /* a path in the image, or VOLUME:/path */
    FIELD_SHELL,        /* no, yes, or the hash of a password */
    FIELD_DEGRADED,     /* no, ro or after=30s */
    FIELD_KEYMAP,       /* a name as loadkeys knows it, a path, or none */
    FIELD_RELATIVE,     /* clean, from a home on */
    FIELD_USER,         /* a user's name */
    FIELD_SEED,         /* none, generation or a path in its tree */
    FIELD_FLAGS,        /* some of `choices`, with commas between; stored as bits */
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    const char *const *choices;
};

struct keyword {
    const char *name;
    const char *usage; /* shown when parameters are missing or too many */
    const struct field *parameters;
    size_t parameter_count;
    const struct field *options;
    size_t option_count;
    const struct keyword *children;
    size_t child_count;
    bool repeats; /* may stand more than once in a block */
    /* Makes or finds the object that the fields are stored in. `parent` is that of the block
     * around the directive. */
    void *(*object)(struct config *config, void *parent, const struct scfg_directive *directive);
    /* Called when the directive's own words are stored, before its children are read. */
    void (*stored)(struct config *config, void *object, const struct scfg_directive *directive);
};

/* What may stand at the top level: the whole of ebb.conf(5), in language.c. */
extern const struct keyword language[];
extern const size_t language_length;

/* A duration as ebb.conf writes it, for options of the tool; returns what is wrong, or NULL. */
const char *keyword_duration(const char *text, unsigned *milliseconds);

/* The same for a generation: a number, latest or previous. */
const char *keyword_chosen(const char *text);

/* Reads one directive by the rows of a block; problems go to the report. */
void keyword_read(struct config *config, const struct keyword *rows, size_t row_count, void *parent,
                  const char *block, struct scfg_directive *directive, struct report *report);

#endif
