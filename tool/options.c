#include "tool/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/suggest.h"
#include "tool/verb.h"

static void help(const struct usage *usage)
{
    printf("usage: ebb %s\n\n%s\n\n", usage->synopsis, usage->about);
    for (size_t i = 0; i < usage->option_count; i++) {
        const struct option_row *row = &usage->options[i];
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s%s", row->name,
                 !row->value ? ""
                 : row->flag ? "[="
                             : " ",
                 row->value ? row->value : "", row->value && row->flag ? "]" : "");
        printf("  %-22s %s\n", left, row->help);
    }
    printf("  %-22s %s\n", "--help", "show this");
}

static int wrong(const struct usage *usage, const char *what, const char *word, const char *near)
{
    fprintf(stderr, "ebb: %s \"%s\"%s%s%s\nusage: ebb %s\n", what, word,
            near ? "; did you mean \"--" : "", near ? near : "", near ? "\"?" : "",
            usage->synopsis);
    return EXIT_USAGE;
}

static const struct option_row *find(const struct usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->option_count; i++)
        if (strlen(usage->options[i].name) == length &&
            strncmp(usage->options[i].name, name, length) == 0)
            return &usage->options[i];
    return NULL;
}

static int unknown(const struct usage *usage, const char *word)
{
    const char *known[32];
    size_t count = 0;
    for (; count < usage->option_count; count++)
        known[count] = usage->options[count].name;
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    return wrong(usage, "unknown option", word, suggest(name, known, count));
}

/* One option at argv[*at]; -1 to go on. */
static int take(const struct usage *usage, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
    const struct option_row *row = find(usage, word + 2, length);
    if (!row)
        return unknown(usage, word);
    if (row->flag && !(row->text && equals)) {
        if (equals)
            return wrong(usage, "there is no value to the option", word, NULL);
        *row->flag = true;
        return -1;
    }
    bool follows = *at + 1 < argc && !(row->absent && strncmp(argv[*at + 1], "--", 2) == 0);
    const char *value = equals ? equals + 1 : follows ? argv[++*at] : row->absent;
    if (!value)
        return wrong(usage, "a value is missing behind", word, NULL);
    if (row->flag)
        *row->flag = true;
    if (row->each)
        row->each(usage->context, value);
    else
        *row->text = value;
    return -1;
}

int usage_read(const struct usage *usage, int argc, char **argv, int *words)
{
    bool only_words = false;
    *words = 0;
    for (int i = 1; i < argc; i++) {
        bool option = !only_words && argv[i][0] == '-' && argv[i][1];
        if (option && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (option && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            help(usage);
            return EXIT_DONE;
        } else if (option && strcmp(argv[i], "-o") == 0 && i + 1 < argc &&
                   find(usage, "output", 6)) {
            *find(usage, "output", 6)->text = argv[++i];
        } else if (option && strncmp(argv[i], "--", 2) != 0) {
            return wrong(usage, "unknown option", argv[i], NULL);
        } else if (option) {
            int status = take(usage, argc, argv, &i);
            if (status >= 0)
                return status;
        } else if ((size_t)*words < usage->most_words) {
            argv[++*words] = argv[i];
        } else {
            return wrong(usage, "one word too many:", argv[i], NULL);
        }
    }
    return -1;
}

int options_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "kmgt";
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10), scale = 1;
    const char *unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
    for (const char *at = units; unit && at <= unit; at++)
        scale *= 1024;
    if (!isdigit((unsigned char)*text) || errno || number == 0 || number > UINT64_MAX / scale ||
        (*end && (!unit || end[1])))
        return -1;
    *bytes = number * scale;
    return 0;
}
