/* The verbs of `ebb`: each is a file of its own, and a row of the table in main.c. */
#ifndef EBB_TOOL_VERB_H
#define EBB_TOOL_VERB_H

#include "plan/config.h"

/* What a verb returns to the shell. */
enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2 };

/* argv[0] is the verb's own name. */
int verb_adopt(int argc, char **argv);
int verb_arm(int argc, char **argv);
int verb_boot(int argc, char **argv);
int verb_build(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_confirm(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_drop(int argc, char **argv);
int verb_extend(int argc, char **argv);
int verb_gc(int argc, char **argv);
int verb_health(int argc, char **argv);
int verb_image(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_init(int argc, char **argv);
int verb_keep(int argc, char **argv);
int verb_label(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_lost(int argc, char **argv);
int verb_new(int argc, char **argv);
int verb_orphans(int argc, char **argv);
int verb_pin(int argc, char **argv);
int verb_plan(int argc, char **argv);
int verb_rollback(int argc, char **argv);
int verb_secrets(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_try(int argc, char **argv);
int verb_vm(int argc, char **argv);
int verb_why(int argc, char **argv);
int verb_write_back(int argc, char **argv);

/* What a configuration's verbs share: the file named by `path` (NULL: /etc/ebb/ebb.conf), loaded
 * and checked, with everything that is wrong on standard error. NULL: it has errors. */
struct config *verb_config(const char *path, const char *const *extra);

/* A word of the command line as a clean absolute path; NULL, and a line on standard error: there is
 * no such thing. */
const char *verb_path(struct arena *arena, const char *word);
/* `status`, or EXIT_NO with a line on standard error if the output could not be written. */
int verb_flush(int status);

#endif
