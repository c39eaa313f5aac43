/* What the files of the copier share: copy.c walks, copy_file.c fills one file, and
 * copy_refresh.c tells what of an earlier copy may stay. */
#ifndef EBB_BASE_COPYING_H
#define EBB_BASE_COPYING_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/copy.h"

struct copy {
    int target;      /* the top of the copy; the paths of links begin here */
    uint64_t mount;  /* that the source lies on */
    struct stat top; /* of the target: inside the source it would be copied into itself */
    void *links;     /* a tsearch tree of struct link: of the source's files with several names */
    bool no_clones;  /* between the two file systems */
    bool by_hand;    /* the kernel does not copy ranges between them */
    bool live;       /* the source may be in use: what vanishes meanwhile is left out */
    bool refresh;    /* there is an earlier copy; always of a live source */
    void *claimed;   /* struct link as well: of the earlier copy's files with several names */
    int different;   /* from the earlier copy */
    uint64_t files, bytes; /* so far; the bytes up to the file at hand */
    struct copy_progress *progress;
    const struct copy_choice *choice; /* NULL: everything */
    char path[PATH_MAX];              /* of the thing being copied, for messages and links */
    struct error *error;
};

/* An inode with several names, and the first of them in the copy. */
struct link {
    dev_t device;
    ino_t inode;
    char *path;
};

/* What is to be copied, looked at. */
struct thing {
    const char *name;
    int fd;       /* of a file or a folder, -1 of all else */
    bool is_bare; /* a folder that is copied without what is in it */
    struct stat status;
};

int copy_fail(struct copy *copy, const char *what); /* with errno */
bool copy_is_same(const struct stat *one, const struct stat *other);
struct link *copy_find_link(void *const *links, const struct stat *status);
void copy_add_link(void **links, const struct stat *status, const char *path);
void copy_free_link(void *link); /* for tdestroy(3) */

int copy_contents(struct copy *copy, int from, int to, const struct stat *status);
int copy_attributes(struct copy *copy, int from, int to, const struct stat *status);
/* Tells whoever asked, `done` bytes into a file. */
void copy_tell(struct copy *copy, uint64_t done);

/* Before `thing` is copied into `folder`: 1 if the earlier copy has it as it is; 0 if nothing is in
 * the way any more, or the folder of this name, which is to be gone through. `link`: the name that
 * it must be another one of, or NULL. */
int refresh_settle(struct copy *copy, int folder, const struct thing *thing,
                   const struct link *link);
/* Before what is in the folder `to`, and then its attributes, are made like those of `from`. */
int refresh_folder(struct copy *copy, int from, int to, const struct stat *status);
/* After that: removes what `from` does not have; -1: everything. */
int refresh_prune(struct copy *copy, int from, int to);

#endif
