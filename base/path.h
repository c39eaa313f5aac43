/* Paths below a descriptor. Nothing on a state volume is trusted as a path (CONTRIBUTING, "What
 * must hold", 2): every walk is made by the kernel with openat2, which refuses to leave the folder
 * and refuses symbolic links, and everything is then done by descriptor.
 *
 * Paths given to these functions may begin with "/": it means the folder itself. */
#ifndef EBB_BASE_PATH_H
#define EBB_BASE_PATH_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* The root being worked on: "/" for the tool, the new root for PID 1, a scratch folder in a test.
 * `name` is what messages call it; it may be "". */
struct target {
    int fd;
    const char *name;
};

/* Why `path` cannot be a declared path ("is relative", "contains \"..\""), or NULL if it can. */
const char *path_objection(const char *path);
/* Whether `path` is `parent` or lies below it. Both are clean absolute paths. */
int path_is_within(const char *path, const char *parent);
/* The mode of a folder that is missing above something declared: 0755, but for those that everybody
 * expects to be closed, or open to all. */
mode_t path_folder_mode(const char *path);
/* The folder of the kernel's own file systems ("/proc", ...) that `path` is or lies in, or NULL. */
const char *path_kernel_folder(const char *path);

/* The first of the paths that can be read, or NULL. */
const char *path_first(const char *const *paths, size_t count);

/* open(2) that stays beneath `folder` and follows no symbolic link. */
int path_open(int folder, const char *path, int flags);
/* open(2) as a process chrooted to `folder` would do it: symbolic links are followed inside. */
int path_open_in_root(int folder, const char *path, int flags);
/* Opens the folder `name` of `parent` with O_PATH, on the way along `whole`. -ENOENT, and no error:
 * it is missing. */
int path_enter(int parent, const char *name, const char *whole, struct error *error);
/* Makes `path` and its missing parents below `folder`, mode 0755, and opens it with O_PATH. */
int path_make_folder(int folder, const char *path, int *fd, struct error *error);
/* Makes the missing parents of `path`, opens the last one, and points `name` at the last part. */
int path_make_parent(int folder, const char *path, int *fd, const char **name, struct error *error);

/* The whole of a file, with a NUL behind it; files larger than `limit` are refused. Here alone
 * links are followed, and AT_FDCWD is a folder, whose absolute paths are those of the system. */
int path_read(int folder, const char *path, size_t limit, char **text, size_t *length,
              struct error *error);
/* The same of a descriptor that is open already; `name` is for messages. */
int path_read_fd(int fd, const char *name, size_t limit, char **text, size_t *length,
                 struct error *error);
/* Writes a file so that a power cut leaves the old one or the new one, never half of it. */
int path_write(int folder, const char *path, const void *data, size_t length, mode_t mode,
               struct error *error);
/* Writes all of `data` to a descriptor; returns 0 or -errno. */
int path_write_all(int fd, const void *data, size_t length);

/* Makes the symbolic link `name` in `folder`, which leads to `text`, in the place of what is there:
 * it leads to the old place or the new one at any time. A folder that is there stays: -EISDIR. */
int path_link(int folder, const char *name, const char *text);
/* Removes what is called `name` in `folder`, with all that is in it; links are not followed, and
 * mounts not entered. -errno where something stays; nothing there is no failure. */
int path_remove_at(int folder, const char *name);
/* Removes a scratch folder of ours and all in it, as far as that can be; there may be none. Links
 * and mounts in it are not followed. Never for a folder that others may write to. */
void path_remove_tree(const char *path);

#endif
