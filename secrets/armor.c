#include "secrets/armor.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "secrets/base64.h"

enum { COLUMNS = 64, BLANKS = 1024 /* of white space before, and of it behind */ };

static const char begin_line[] = "-----BEGIN AGE ENCRYPTED FILE-----";
static const char end_line[] = "-----END AGE ENCRYPTED FILE-----";

struct lines {
    const char *at, *end;
};

/* The next line, without its LF or CR LF, which the last one need not have. */
static bool next_line(struct lines *lines, const char **line, size_t *length)
{
    if (lines->at == lines->end)
        return false;
    *line = lines->at;
    const char *feed = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    const char *end = feed ? feed : lines->end;
    lines->at = feed ? feed + 1 : end;
    if (feed && end > *line && end[-1] == '\r')
        end--;
    *length = (size_t)(end - *line);
    return true;
}

static bool is(const char *line, size_t length, const char *what)
{
    return length == strlen(what) && memcmp(line, what, length) == 0;
}

/* How many bytes are white space: blanks, tabs, and what ends lines. */
static size_t blank(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && (text[count] == ' ' || (text[count] >= '\t' && text[count] <= '\r')))
        count++;
    return count;
}

bool armor_is(const char *text, size_t length)
{
    size_t skipped = blank(text, length), label = strlen(begin_line);
    return length - skipped >= label && memcmp(text + skipped, begin_line, label) == 0;
}

static const char *remove_lines(struct lines *lines, unsigned char *bytes, size_t *count)
{
    const char *line;
    size_t length, decoded;
    bool last = false;
    while (next_line(lines, &line, &length)) {
        if (is(line, length, end_line))
            return NULL;
        if (last)
            return "a short line stands before others";
        if (length == 0)
            return "a line is empty";
        if (length > COLUMNS)
            return "a line is longer than 64 characters";
        if (!base64_decode(BASE64_PADDED, line, length, bytes + *count, &decoded))
            return "a line is not base64";
        *count += decoded;
        last = decoded < (size_t)COLUMNS / 4 * 3;
    }
    return "its last line, \"-----END\", is missing";
}

const char *armor_remove(const char *text, size_t length, unsigned char **bytes, size_t *count)
{
    struct lines lines = {text, text + length};
    const char *line = text;
    size_t columns = 0;
    do {
        if (lines.at - text > BLANKS || !next_line(&lines, &line, &columns))
            return "it does not begin with \"-----BEGIN\"";
    } while (blank(line, columns) == columns);
    if (!is(line, columns, begin_line))
        return "the line \"-----BEGIN\" has something else in it";

    unsigned char *removed = malloc(base64_room((size_t)(lines.end - lines.at)));
    if (!removed)
        memory_exhausted();
    *count = 0;
    const char *objection = remove_lines(&lines, removed, count);
    size_t rest = (size_t)(lines.end - lines.at);
    if (!objection && (rest > BLANKS || blank(lines.at, rest) != rest))
        objection = "something stands behind it";
    if (objection)
        free(removed);
    else
        *bytes = removed;
    return objection;
}
