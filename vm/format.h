/* The file systems that an image can hold, and the programs that make and fill them. */
#ifndef EBB_VM_FORMAT_H
#define EBB_VM_FORMAT_H

#include "vm/disk.h"

struct format {
    const char *type;
    const char *program, *package;
    size_t label_limit; /* in bytes */
    uint64_t least;     /* the smallest that the program makes */
    bool fills;
    /* `file` has the size of the file system already; `files` is how many the content has. */
    int (*make)(const struct format *format, const struct disk *disk, const char *file,
                uint64_t files, struct error *error);
};

/* NULL: none of that name can be made. */
const struct format *format_find(const char *type);

#endif
