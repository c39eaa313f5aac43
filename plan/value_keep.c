/* Which generations stay: 5,daily=7,weekly=4,monthly=6,age=30d. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/value.h"

enum { WORD = 40, MOST = 1000000 };

/* False for what is no number from 1 on, or was given before. */
static bool read_number(const char *text, unsigned *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || value < 1 || value > MOST || *number)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool read_word(const char *word, struct keep *keep)
{
    const struct {
        const char *name;
        unsigned *number;
    } counts[] = {
        {"daily=", &keep->daily}, {"weekly=", &keep->weekly}, {"monthly=", &keep->monthly}};
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        size_t length = strlen(counts[i].name);
        if (strncmp(word, counts[i].name, length) == 0)
            return read_number(word + length, counts[i].number);
    }
    if (strncmp(word, "age=", 4) == 0)
        return !keep->age && !value_age(word + 4, &keep->age) && keep->age;
    return read_number(word, &keep->last);
}

const char *value_keep(const char *text, struct keep *keep)
{
    struct keep found = {.said = true};
    for (const char *at = text;; at++) {
        char word[WORD];
        size_t length = strcspn(at, ",");
        if (length < WORD)
            *(char *)mempcpy(word, at, length) = '\0';
        if (length >= WORD || !read_word(word, &found))
            return "does not say which generations stay; write some of NUMBER, daily=NUMBER, "
                   "weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as "
                   "5,daily=7,age=30d";
        at += length;
        if (!*at)
            break;
    }
    *keep = found;
    return NULL;
}
