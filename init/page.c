#include "init/page.h"

#include <stdbool.h>
#include <string.h>

#include "base/console.h"
#include "base/memory.h"

enum { ROWS = 24, COLUMNS = 80, MENU_ROWS = 3, FEWEST = 3 };

static int rows_of(size_t length)
{
    return length ? (int)((length + COLUMNS - 1) / COLUMNS) : 1;
}

/* A line, of which a terminal makes as many rows as it needs; returns how many. */
#define LINE(stream, ...) rows_of((size_t)fprintf(stream, __VA_ARGS__) - 1)

static int print_head(const struct page *page, FILE *stream)
{
    int rows = 0;
    rows += LINE(stream, "\n");
    rows += LINE(stream, "ebb: rescue: the boot cannot go on\n");
    rows += LINE(stream, "\n");
    if (page->step)
        rows += LINE(stream, "  at: %s  (%s)\n", page->step, page->origin);
    rows += LINE(stream, "  %s\n", page->error);
    rows += LINE(stream, "\n");
    if (page->done)
        rows += LINE(stream, "done before: %zu step%s, the last: %s\n", page->done,
                     page->done > 1 ? "s" : "", page->last);
    return rows;
}

static int count_rows(const char *list)
{
    int rows = 0;
    for (const char *end; (end = strchr(list, '\n')); list = end + 1)
        rows += rows_of((size_t)(end - list));
    return rows;
}

/* The list below its title, in no more rows than there are, but in a few at least. */
static int print_list(const char *title, const char *list, int room, FILE *stream)
{
    int rows = LINE(stream, "%s\n", title), left = 0;
    bool fits = count_rows(list) + rows <= room || count_rows(list) + rows <= FEWEST;
    if (room < FEWEST)
        room = FEWEST;
    for (const char *end; (end = strchr(list, '\n')); list = end + 1) {
        int taken = rows_of((size_t)(end - list));
        if (left || (!fits && rows + taken > room - 1))
            left++;
        else
            rows += LINE(stream, "%.*s\n", (int)(end - list), list);
    }
    if (left)
        rows += LINE(stream, "  and %d more\n", left);
    return rows;
}

void page_print(const struct page *page, FILE *stream)
{
    int room = ROWS - MENU_ROWS - print_head(page, stream);
    bool missing = page->undriven && *page->undriven;
    if (page->blocks) {
        int reserved = missing ? 1 + count_rows(page->undriven) : 0;
        if (reserved > room / 2)
            reserved = room / 2;
        room -= print_list("block devices:", page->blocks, room - reserved, stream);
    }
    if (missing)
        (void)print_list("devices without a driver in the image:", page->undriven, room,
                         stream); /* how many rows it took matters to nobody */
    fputc('\n', stream);
}

FILE *page_open(char **text, size_t *length)
{
    FILE *stream = open_memstream(text, length);
    if (!stream)
        memory_exhausted();
    return stream;
}

void page_show(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        console_print("%.*s\n", (int)(end - text), text);
}
