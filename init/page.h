/* What the rescue shows on a screen of 24 rows of 80 columns, the menu included. */
#ifndef EBB_INIT_PAGE_H
#define EBB_INIT_PAGE_H

#include <stdio.h>

/* A text that is NULL is left out. */
struct page {
    const char *step, *origin; /* what failed, and the line that asked for it */
    const char *error;         /* why, with the remedy */
    size_t done;               /* how many steps were done before */
    const char *last;          /* the last of those */
    const char *blocks;        /* a line per block device */
    const char *undriven;      /* a line per device without a driver */
};

/* Lists that are too long are cut, and it is said how much was left out. */
void page_print(const struct page *page, FILE *stream);

/* A stream into a text; closed, it can be shown. */
FILE *page_open(char **text, size_t *length);
/* Writes it to all consoles, line by line: one write has no room for all. */
void page_show(const char *text);

#endif
