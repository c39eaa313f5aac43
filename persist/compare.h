/* Whether two things of one name, in two folders, are the same: of one kind, mode, owner and
 * content. What has the same size and time is taken to have the same content. */
#ifndef EBB_PERSIST_COMPARE_H
#define EBB_PERSIST_COMPARE_H

#include <sys/stat.h>

/* 1: they differ; 0: they do not; -errno. Each folder's descriptor, and what lstat says of the
 * thing in it. Of folders, what lies in them does not count, nor does their time. */
int compare_things(int left, const struct stat *status, int right, const struct stat *origin,
                   const char *name);

#endif
