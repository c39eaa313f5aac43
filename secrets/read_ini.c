/* INI as ini.v1 of Go writes and reads it for SOPS: sections, keys, quotes of three kinds, of which
 * two may go over lines. Lines that end in a backslash are refused: SOPS writes none. */

#include <errno.h>
#include <string.h>

#include "secrets/tree.h"

struct slice {
    const char *at, *end;
};

struct reading {
    struct tree *tree;
    struct node *document, *section;
    struct slice rest; /* of the file */
    size_t line;
};

static bool is_blank(char byte)
{
    return byte && strchr(" \t\r\n\v\f", byte);
}

static struct slice trim(struct slice slice)
{
    while (slice.at < slice.end && is_blank(*slice.at))
        slice.at++;
    while (slice.at < slice.end && is_blank(slice.end[-1]))
        slice.end--;
    return slice;
}

static size_t size_of(struct slice slice)
{
    return (size_t)(slice.end - slice.at);
}

static bool begins_with(struct slice slice, const char *text)
{
    size_t length = strlen(text);
    return size_of(slice) >= length && memcmp(slice.at, text, length) == 0;
}

static const char *find(struct slice slice, const char *text)
{
    return slice.at < slice.end ? memmem(slice.at, size_of(slice), text, strlen(text)) : NULL;
}

static const char *find_last(struct slice slice, const char *text)
{
    const char *found = NULL;
    for (const char *next = find(slice, text); next; next = find(slice, text)) {
        found = next;
        slice.at = next + 1;
    }
    return found;
}

static int fail(const struct reading *reading, const char *what)
{
    return tree_fail(reading->tree, FAULT_CORRUPT, reading->line, "%s; restore the file", what);
}

/* With its line end. */
static struct slice take_line(struct reading *reading)
{
    struct slice line = reading->rest;
    const char *newline = find(line, "\n");
    if (newline)
        line.end = newline + 1;
    reading->rest.at = line.end;
    reading->line++;
    return line;
}

static int take_key(struct reading *reading, struct slice key, const char **copy)
{
    key = trim(key);
    if (key.at == key.end)
        return fail(reading, "there is no name");
    *copy = arena_copy(reading->tree->arena, key.at, size_of(key));
    return tree_check_key(reading->tree, key.at, size_of(key), reading->line);
}

static int open_section(struct reading *reading, struct slice line)
{
    const char *close = find_last(line, "]"), *name = NULL;
    if (!close)
        return fail(reading, "a section has no \"]\"");
    int code = take_key(reading, (struct slice){line.at + 1, close}, &name);
    if (code < 0)
        return code;
    reading->section =
        tree_add(reading->tree, reading->document, NODE_MAPPING, name, reading->line);
    return reading->section ? 0 : -EPERM;
}

/* What keys before any section belong to. */
static struct node *section_of(struct reading *reading)
{
    if (!reading->section)
        reading->section =
            tree_add(reading->tree, reading->document, NODE_MAPPING, "DEFAULT", reading->line);
    return reading->section;
}

/* To the last of the quotes in the line, or in the first line after it that has one. */
static int read_quoted(struct reading *reading, struct slice value, const char *quote,
                       struct slice *inside)
{
    size_t length = strlen(quote);
    value.at += length;
    const char *close = find_last(value, quote);
    while (!close) {
        if (reading->rest.at == reading->rest.end)
            return fail(reading, "a quote does not end");
        struct slice line = take_line(reading);
        close = find_last(line, quote);
    }
    *inside = (struct slice){value.at, close};
    return 0;
}

static int read_bare(const struct reading *reading, struct slice value, struct slice *inside)
{
    value = trim(value);
    if (value.at < value.end && value.end[-1] == '\\')
        return tree_fail(reading->tree, FAULT_REFUSED, reading->line,
                         "the line ends in a backslash; put the value in backquotes");
    for (const char *at = value.at; at < value.end; at++)
        if (*at == '#' || *at == ';')
            value.end = at; /* the loop ends with it */
    value = trim(value);
    size_t length = size_of(value);
    if (length >= 2 && (*value.at == '"' || *value.at == '\'') && value.end[-1] == *value.at &&
        !memchr(value.at + 1, *value.at, length - 2)) {
        value.at++;
        value.end--;
    }
    *inside = value;
    return 0;
}

/* Points `value` behind the "=" or ":". */
static int read_key(struct reading *reading, struct slice line, const char **key,
                    struct slice *value)
{
    const char *quote = begins_with(line, "\"\"\"") ? "\"\"\""
                        : *line.at == '"'           ? "\""
                        : *line.at == '`'           ? "`"
                                                    : "";
    struct slice name = {line.at + strlen(quote), line.end}, after = line;
    if (*quote) {
        name.end = find(name, quote);
        if (!name.end)
            return fail(reading, "a quote does not end");
        after.at = name.end + strlen(quote);
    }
    while (after.at < after.end && *after.at != '=' && *after.at != ':')
        after.at++;
    if (after.at == after.end)
        return fail(reading, "there is no \"=\"");
    if (!*quote)
        name.end = after.at;
    *value = (struct slice){after.at + 1, after.end};
    return take_key(reading, name, key);
}

static int read_pair(struct reading *reading, struct slice line)
{
    const char *key = NULL;
    struct slice value = line, inside = line;
    size_t number = reading->line;
    int code = read_key(reading, line, &key, &value);
    if (code < 0)
        return code;
    while (value.at < value.end && is_blank(*value.at))
        value.at++;
    if (begins_with(value, "\"\"\"") && value.at + 3 < line.end)
        code = read_quoted(reading, value, "\"\"\"", &inside);
    else if (begins_with(value, "`"))
        code = read_quoted(reading, value, "`", &inside);
    else
        code = read_bare(reading, value, &inside);
    if (code < 0)
        return code;
    struct node *section = section_of(reading);
    return section &&
                   tree_add_string(reading->tree, section, key, inside.at, size_of(inside), number)
               ? 0
               : -EPERM;
}

int read_ini(struct tree *tree, const char *text, size_t length)
{
    struct reading reading = {.tree = tree, .rest = {text, text + length}};
    reading.document = tree_add(tree, &tree->documents, NODE_MAPPING, NULL, 1);
    while (reading.rest.at < reading.rest.end) {
        struct slice line = take_line(&reading);
        while (line.at < line.end && is_blank(*line.at))
            line.at++;
        if (line.at == line.end || *line.at == '#' || *line.at == ';')
            continue;
        int code = *line.at == '[' ? open_section(&reading, line) : read_pair(&reading, line);
        if (code < 0)
            return code;
    }
    return 0;
}
