/* From files to one list of directives: reads ebb.conf, follows `include`, notes how deep each
 * directive stood, because the less included one wins. */
#ifndef EBB_PLAN_LOAD_H
#define EBB_PLAN_LOAD_H

#include "plan/config.h"

enum { LOAD_MAX_DEPTH = 16, LOAD_MAX_FILES = 256 };

/* Appends the file's directives and those of its includes to config->directives, and the files to
 * config->files. `depth` is that of `file` itself. */
void load_file(struct config *config, const char *file, unsigned depth, struct report *report);
/* The depth of the file in which `origin` lies. */
unsigned load_depth(const struct config *config, struct origin origin);

#endif
