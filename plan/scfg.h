/* The syntax of ebb.conf, and nothing of its meaning: scfg (one directive per line, parameters
 * separated by blanks, children in braces), to which Ebb adds `;` between directives, `#` comments
 * behind a directive, and quotes inside a word (name="two words").
 *
 * One parser for tool and PID 1. Every word knows where it stands. */
#ifndef EBB_PLAN_SCFG_H
#define EBB_PLAN_SCFG_H

#include <stdbool.h>
#include <stdio.h>

#include "plan/report.h"

/* No machine needs more; a file that does is a mistake or an attack. */
enum { SCFG_MAX_SIZE = 4 * 1024 * 1024, SCFG_MAX_DEPTH = 16 };

struct keyword;

struct scfg_word {
    const char *text;
    struct origin origin;
    bool quoted; /* begins with a quote, so it cannot be an option such as mode=0700 */
};

struct scfg_directive {
    struct scfg_word *words; /* the first is the name; there is always one */
    size_t word_count;
    struct scfg_directive *children;
    size_t child_count;
    bool has_block;
    size_t begin, end; /* its bytes in the text of its file */
    size_t close;      /* of the "}" of its block */
    bool dropped;      /* another declaration of the same thing won */
    /* What it was read as (plan/keyword.h), and into what; NULL: it could not be, or not yet. */
    const struct keyword *row;
    const void *object;
};

/* Parses `text` and appends to *directives. Problems go to the report; what could be read is kept.
 */
void scfg_parse(struct arena *arena, const char *file, const char *text, size_t length,
                struct scfg_directive **directives, size_t *count, struct report *report);
/* Writes a directive so that it reads back the same; dropped ones are left out. */
void scfg_print(const struct scfg_directive *directive, unsigned depth, FILE *stream);

#endif
