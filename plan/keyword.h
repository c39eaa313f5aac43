/* The words of ebb.conf, as one table: which directive may stand where, which parameters and
 * options it takes, and which field of which struct each of them fills. A new declaration is a row.
 *
 * Parameters come in a fixed order; options are `name=value`, in any order and anywhere. */
#ifndef EBB_PLAN_KEYWORD_H
#define EBB_PLAN_KEYWORD_H

#include "plan/value.h"

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

/* Reads one directive by the rows of a block; problems go to the report. */
void keyword_read(struct config *config, const struct keyword *rows, size_t row_count, void *parent,
                  const char *block, struct scfg_directive *directive, struct report *report);

#endif
