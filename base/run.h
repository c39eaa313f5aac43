/* Programs of the host, such as those that make disks and compile keymaps. Each runs to its end,
 * with its output collected; one that is missing is named together with the Debian package that
 * brings it. */
#ifndef EBB_BASE_RUN_H
#define EBB_BASE_RUN_H

#include <stddef.h>

#include "base/error.h"

/* A tree that a program sees in the staging folder without its being copied there first. */
struct graft {
    const char *source;
    const char *at; /* a folder that the staging folder has */
};

struct run {
    const char *const *arguments; /* NULL-terminated; the first is looked for in PATH and sbin */
    const char *package;
    const char *input;   /* what it reads, NULL for nothing */
    const char *staging; /* run as root of a name space where `grafts` are bound in this folder */
    const struct graft *grafts;
    size_t graft_count;
    int tolerated; /* exit statuses up to this one are good */
};

struct run_output {
    char *text, *messages; /* what it wrote on its two outputs; free both */
    size_t length;         /* of text */
};

/* The path of a program, or -ENOENT. */
int run_find(const char *program, const char *package, char *path, size_t size,
             struct error *error);
/* `output` may be NULL. A failure quotes the last line that the program wrote. */
int run_program(const struct run *run, struct run_output *output, struct error *error);
void run_output_free(struct run_output *output);
#define auto_output AUTO(run_output_free) struct run_output

#endif
