/* What systemd-tmpfiles is to do once the system runs: lines of tmpfiles.d(5) in
 * /run/tmpfiles.d/ebb.conf. */
#ifndef EBB_BASE_TMPFILES_H
#define EBB_BASE_TMPFILES_H

#include "base/error.h"

struct tmpfiles_line {
    char type;                       /* as 'z' */
    const char *path;                /* of one thing, whatever characters are in it */
    const char *mode, *user, *group; /* "-" leaves it */
};

int tmpfiles_add(const struct tmpfiles_line *line, struct error *error);

#endif
