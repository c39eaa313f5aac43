#include "plan/keyword.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "plan/suggest.h"

/* Each reader stores into `slot`, or returns what is wrong with the text; `slot` then stays. */

static const char *read_name(const char *text, void *slot)
{
    if (!text_is_name(text))
        return "is not a name; use letters, digits, \"-\" and \"_\"";
    *(const char **)slot = text;
    return NULL;
}

static const char *read_owner(const struct field *field, const char *text, void *slot)
{
    bool digits = *text && !text[strspn(text, "0123456789")];
    if (field->type == FIELD_USER && (digits || *text == '-' || !text_is_name(text)))
        return "is not the name of a user; write home NAME { ... }";
    if (digits) {
        errno = 0;
        unsigned long number = strtoul(text, NULL, 10);
        /* The kernel reads 4294967295 as "leave it as it is". */
        if (errno || number >= UINT_MAX)
            return "is not a user or group number; the largest is 4294967294";
    } else if (*text == '-' || !text_is_name(text)) {
        return "is not the name of a user or group; write owner=NAME group=NAME";
    }
    *(const char **)slot = text;
    return NULL;
}

static const char *read_mode(const char *text, void *slot)
{
    char *end;
    errno = 0;
    unsigned long mode = strtoul(text, &end, 8);
    if (!isdigit((unsigned char)*text) || *end || errno || mode > 07777)
        return "is not a mode; write octal digits, such as 0755";
    *(int *)slot = (int)mode;
    return NULL;
}

static const struct unit {
    const char *name;
    uint64_t milliseconds;
} times[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};

/* The unit behind the number; NULL for what is no length of time. */
static const struct unit *read_time(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    for (size_t i = 0; isdigit((unsigned char)*text) && !errno && i < ARRAY_LENGTH(times); i++)
        if (strcmp(end, times[i].name) == 0)
            return &times[i];
    return NULL;
}

const char *keyword_duration(const char *text, unsigned *milliseconds)
{
    uint64_t number;
    const struct unit *unit = read_time(text, &number);
    if (!unit)
        return "is not a duration; write a number and ms, s, min, h or d, such as 30s";
    if (number > INT_MAX / unit->milliseconds)
        return "is too long; the longest is 596h";
    *milliseconds = (unsigned)(number * unit->milliseconds);
    return NULL;
}

static const char *read_age(const char *text, void *slot)
{
    enum { DAYS = 36500 }; /* of which the kernel's clock has no more either */
    uint64_t number;
    const struct unit *unit = read_time(text, &number);
    if (!unit || unit->milliseconds < 1000)
        return "is not an age; write a number and s, min, h or d, such as 30d";
    if (number > DAYS * UINT64_C(86400000) / unit->milliseconds)
        return "is too long; the longest is 36500d";
    *(uint64_t *)slot = number * (unit->milliseconds / 1000);
    return NULL;
}

static const char *read_size(const char *text, void *slot)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    bool percent = strcmp(end, "%") == 0;
    const char *units = "kKmMgG", *unit = *end && !end[1] ? strchr(units, *end) : NULL;
    bool bytes = *end == '\0' || unit;
    if (!isdigit((unsigned char)*text) || errno || number == 0 || !(percent || bytes))
        return "is not a size; write bytes with k, M or G, or a percentage of memory, such as 25%";
    if (percent && number > 100)
        return "is more than all memory; write at most 100%";
    if (unit && number > ULONG_MAX >> ((unit - units) / 2 + 1) * 10) /* the kernel would wrap */
        return "is more than any memory; write a smaller one, or a percentage such as 25%";
    *(const char **)slot = text;
    return NULL;
}

static const char *read_inodes(const char *text, void *slot)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 12 ||
        (text[digits] && (!strchr("kKmM", text[digits]) || text[digits + 1])))
        return "is not a number of inodes; write for example 800k";
    *(const char **)slot = text;
    return NULL;
}

static const char *read_keymap(const char *text, void *slot)
{
    size_t length = strlen(text);
    bool name =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+") ==
            length &&
        length > 0 && !strchr("-.+", *text);
    if (!name && path_objection(text))
        return "is no keymap; write a name that loadkeys knows, such as de-latin1, the path of a "
               "file, or none";
    *(const char **)slot = text;
    return NULL;
}

const char *keyword_chosen(const char *text)
{
    bool number = *text != '0' && *text && !text[strspn(text, "0123456789")] && strlen(text) < 10;
    if (!number && strcmp(text, "latest") != 0 && strcmp(text, "previous") != 0)
        return "names no generation; write its number, latest or previous";
    return NULL;
}

static const char *read_chosen(const char *text, void *slot)
{
    const char *wrong = keyword_chosen(text);
    if (!wrong)
        *(const char **)slot = text;
    return wrong;
}

static const char *read_device(const char *text, void *slot)
{
    static const char *const tags[] = {"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL="};
    for (size_t i = 0; i < ARRAY_LENGTH(tags); i++) {
        size_t length = strlen(tags[i]);
        if (strncmp(text, tags[i], length) != 0)
            continue;
        if (!text[length])
            return "names no device; put the value behind \"=\", as `blkid` shows it";
        *(const char **)slot = text;
        return NULL;
    }
    if (strncmp(text, "/dev/", 5) != 0 || path_objection(text))
        return "is not a device; write UUID=, LABEL=, PARTUUID= or PARTLABEL=, or a path in /dev";
    *(const char **)slot = text;
    return NULL;
}

static const char *read_place(struct arena *arena, const struct scfg_word *word, void *slot)
{
    const char *colon = strchr(word->text, ':');
    struct place *place = slot;
    place->origin = word->origin; /* it was said, even if it cannot be understood */
    if (!colon || colon == word->text)
        return "is not a place on a volume; write VOLUME:/path, such as state:/persist";
    const char *volume = arena_copy(arena, word->text, (size_t)(colon - word->text));
    const char *name, *wrong = read_name(volume, &name);
    if (wrong)
        return "has no volume's name before the colon; write VOLUME:/path";
    wrong = path_objection(colon + 1);
    if (wrong)
        return arena_printf(arena, "%s behind the colon; write VOLUME:/path", wrong);
    *place = (struct place){word->origin, volume, colon + 1, NULL};
    return NULL;
}

/* A path in the image is that of the machine the image is built on. */
static const char *read_luks_file(struct arena *arena, const struct scfg_word *word, void *slot)
{
    struct luks_file *file = slot;
    file->said = true;
    if (*word->text != '/' && !strchr(word->text, ':'))
        return "is no path; write /path for a file that goes into the image, or VOLUME:/path";
    if (*word->text != '/')
        return read_place(arena, word, &file->place);
    const char *wrong = path_objection(word->text);
    if (wrong)
        return arena_printf(arena, "%s; write a path such as /etc/ebb/key", wrong);
    file->path = word->text;
    return NULL;
}

static const char *read_count(const char *text, void *slot)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || number > 1000)
        return "is not a number from 0 to 1000; write 0 for no limit";
    *(unsigned *)slot = (unsigned)number;
    return NULL;
}

static const char *read_bytes(const char *text, void *slot)
{
    static const char units[] = "kMG";
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = *end && !end[1] ? strchr(units, *end) : NULL;
    unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;
    if (!isdigit((unsigned char)*text) || errno || (*end && !unit) ||
        number > (unsigned long long)LLONG_MAX >> shift)
        return "is not a number of bytes; write for example 4096 or 4k";
    *(uint64_t *)slot = (uint64_t)number << shift;
    return NULL;
}

static const char *read_shell(const char *text, void *slot)
{
    if (strcmp(text, "no") != 0 && strcmp(text, "yes") != 0 && *text != '$')
        return "is unknown; write no, yes, or the hash of a password in quotes, as `mkpasswd` "
               "makes it";
    *(const char **)slot = text;
    return NULL;
}

static const char *read_degraded(const char *text, void *slot)
{
    struct degraded *degraded = slot;
    if (strcmp(text, "no") == 0)
        degraded->policy = DEGRADED_NO;
    else if (strcmp(text, "ro") == 0)
        degraded->policy = DEGRADED_READ_ONLY;
    else if (strncmp(text, "after=", 6) == 0 && !keyword_duration(text + 6, &degraded->after))
        degraded->policy = DEGRADED_AFTER;
    else
        return "is unknown; write no, ro, or after=TIME such as after=30s";
    return NULL;
}

/* The number of the choice that is called `text`, or -1. */
static int find_choice(const struct field *field, const char *text)
{
    for (int i = 0; field->choices[i]; i++)
        if (strcmp(field->choices[i], text) == 0)
            return i;
    return -1;
}

/* "a, b or c", and how many they are. */
static const char *list_choices(struct arena *arena, const struct field *field, size_t *count)
{
    const char *list = "";
    for (*count = 0; field->choices[*count];)
        ++*count;
    for (size_t i = 0; i < *count; i++) {
        const char *glue = i == 0 ? "" : i + 1 == *count ? " or " : ", ";
        list = arena_printf(arena, "%s%s%s", list, glue, field->choices[i]);
    }
    return list;
}

static const char *read_flags(struct arena *arena, const struct field *field, const char *text,
                              void *slot)
{
    unsigned flags = 0;
    size_t count;
    const char *list = list_choices(arena, field, &count);
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        const char *word = arena_copy(arena, at, length);
        int choice = find_choice(field, word);
        const char *near = choice < 0 ? suggest(word, field->choices, count) : NULL;
        if (!*word)
            return arena_printf(arena, "has an empty word; write some of %s", list);
        if (near)
            return arena_printf(arena, "has the unknown word \"%s\"; did you mean \"%s\"?", word,
                                near);
        if (choice < 0)
            return arena_printf(arena, "has the unknown word \"%.80s\"; write some of %s", word,
                                list);
        flags |= 1U << choice;
        at += length;
        if (!*at)
            break;
    }
    *(unsigned *)slot = flags;
    return NULL;
}

static const char *read_choice(struct arena *arena, const struct field *field, const char *text,
                               void *slot)
{
    size_t count;
    if (field->type == FIELD_FLAGS)
        return read_flags(arena, field, text, slot);
    const char *list = list_choices(arena, field, &count);
    int choice = find_choice(field, text);
    if (choice >= 0) {
        *(int *)slot = choice;
        return NULL;
    }
    const char *near = suggest(text, field->choices, count);
    return near ? arena_printf(arena, "is unknown; did you mean \"%s\"?", near)
                : arena_printf(arena, "is unknown; write %s", list);
}

static const char *read_seed(struct arena *arena, const char *text, void *slot)
{
    const char *objection = path_objection(text);
    if (*text == '/' && objection)
        return arena_printf(arena, "%s; write a path such as /etc/skel", objection);
    if (*text != '/' && strcmp(text, "none") != 0 && strcmp(text, "generation") != 0)
        return "is unknown; write none, generation, or a path in the generation's tree";
    *(const char **)slot = text;
    return NULL;
}

/* From the root on, or from a home on. */
static const char *read_path(struct arena *arena, const struct field *field, const char *text,
                             void *slot)
{
    bool relative = field->type == FIELD_RELATIVE;
    if (field->type == FIELD_SEED)
        return read_seed(arena, text, slot);
    if (relative && *text == '/')
        return "is absolute; write it from the home on, such as .ssh, or move it out of the block";
    if (relative && !*text)
        return "names nothing; write a path from the home on, such as .ssh";
    const char *objection = path_objection(relative ? arena_printf(arena, "/%s", text) : text);
    if (objection)
        return arena_printf(arena, "%s; write a path %s", objection,
                            relative ? "from the home on, such as .ssh" : "such as /var/log");
    *(const char **)slot = text;
    return NULL;
}

static const char *read_text(const char *text, void *slot)
{
    if (!*text)
        return "is empty; give it a value or leave it out";
    *(const char **)slot = text;
    return NULL;
}

/* A word in a message: enough to recognise it by, for its place is told as well. */
static const char *shown(struct config *config, const char *text)
{
    size_t length = 80;
    if (strlen(text) <= length)
        return text;
    while (((unsigned char)text[length] & 0xc0) == 0x80) /* inside a character */
        length--;
    return arena_printf(config->arena, "%.*s...", (int)length, text);
}

static void read_field(struct config *config, const struct field *field, void *object,
                       const struct scfg_word *word, const char *text, struct report *report)
{
    void *slot = (char *)object + field->offset;
    struct scfg_word value = {text, word->origin, word->quoted};
    const char *wrong = NULL;
    switch (field->type) {
    case FIELD_TEXT:
        wrong = read_text(text, slot);
        break;
    case FIELD_NAME:
        wrong = read_name(text, slot);
        break;
    case FIELD_OWNER:
    case FIELD_USER:
        wrong = read_owner(field, text, slot);
        break;
    case FIELD_PATH:
    case FIELD_SEED:
    case FIELD_RELATIVE:
        wrong = read_path(config->arena, field, text, slot);
        break;
    case FIELD_PLACE_IF_ANY:
    case FIELD_PLACE:
        wrong = read_place(config->arena, &value, slot);
        break;
    case FIELD_DEVICE:
        wrong = read_device(text, slot);
        break;
    case FIELD_CHOICE:
    case FIELD_FLAGS:
        wrong = read_choice(config->arena, field, text, slot);
        break;
    case FIELD_MODE:
        wrong = read_mode(text, slot);
        break;
    case FIELD_DURATION:
        wrong = keyword_duration(text, slot);
        break;
    case FIELD_AGE:
        wrong = read_age(text, slot);
        break;
    case FIELD_SIZE:
        wrong = read_size(text, slot);
        break;
    case FIELD_INODES:
        wrong = read_inodes(text, slot);
        break;
    case FIELD_COUNT:
        wrong = read_count(text, slot);
        break;
    case FIELD_BYTES:
        wrong = read_bytes(text, slot);
        break;
    case FIELD_LUKS_FILE:
        wrong = read_luks_file(config->arena, &value, slot);
        break;
    case FIELD_SHELL:
        wrong = read_shell(text, slot);
        break;
    case FIELD_DEGRADED:
        wrong = read_degraded(text, slot);
        break;
    case FIELD_KEYMAP:
        wrong = read_keymap(text, slot);
        break;
    case FIELD_CHOSEN:
        wrong = read_chosen(text, slot);
        break;
    }
    if (wrong)
        report_error(report, word->origin, "%s \"%s\" %s", field->name, shown(config, text), wrong);
}

/* `mode=0700`: the length of the name before "=", or 0 for a word that is no option. */
static size_t option_name(const struct scfg_word *word)
{
    size_t length = strspn(word->text, "abcdefghijklmnopqrstuvwxyz-");
    return !word->quoted && length > 0 && word->text[length] == '=' ? length : 0;
}

/* False for an option that is unknown. */
static bool read_option(struct config *config, const struct keyword *row, void *object,
                        const struct scfg_word *word, const struct scfg_directive *directive,
                        struct report *report)
{
    size_t length = option_name(word);
    for (const struct scfg_word *other = directive->words + 1; other < word; other++) {
        if (option_name(other) == length && strncmp(other->text, word->text, length) == 0) {
            report_error(report, word->origin, "option \"%.*s\" is given twice; remove one",
                         (int)length, word->text);
            return true;
        }
    }
    const char *known[16];
    for (size_t i = 0; i < row->option_count; i++) {
        known[i] = row->options[i].name;
        if (strlen(known[i]) == length && strncmp(known[i], word->text, length) == 0) {
            read_field(config, &row->options[i], object, word, word->text + length + 1, report);
            return true;
        }
    }
    const char *name = arena_copy(config->arena, word->text, length);
    const char *near = suggest(name, known, row->option_count);
    report_error(report, word->origin, "\"%s\" has no option \"%s\"; %s%s%s", row->name,
                 shown(config, name),
                 near ? "did you mean \"" : "write: ", near ? near : row->usage, near ? "\"?" : "");
    return false;
}

static void read_words(struct config *config, const struct keyword *row, void *object,
                       const struct scfg_directive *directive, struct report *report)
{
    size_t taken = 0;
    bool strange = false; /* an unknown option may be a parameter, such as uuid=… */
    for (size_t i = 1; i < directive->word_count; i++) {
        const struct scfg_word *word = &directive->words[i];
        if (option_name(word)) {
            strange |= !read_option(config, row, object, word, directive, report);
        } else if (taken < row->parameter_count) {
            read_field(config, &row->parameters[taken++], object, word, word->text, report);
        } else {
            report_error(report, word->origin, "\"%s\" is one word too many; write: %s",
                         shown(config, word->text), row->usage);
            return;
        }
    }
    if (taken < row->parameter_count && row->parameters[taken].type != FIELD_PLACE_IF_ANY &&
        !strange)
        report_error(report, directive->words[0].origin, "\"%s\" lacks its %s; write: %s",
                     row->name, row->parameters[taken].name, row->usage);
}

static const struct keyword *find_row(const struct keyword *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* `fs` twice in one volume: neither can be meant. */
static void refuse_repeats(const struct keyword *row, const struct scfg_directive *directive,
                           struct report *report)
{
    for (size_t i = 0; i < directive->child_count; i++) {
        const struct scfg_word *word = &directive->children[i].words[0];
        const struct keyword *child = find_row(row->children, row->child_count, word->text);
        for (size_t j = 0; child && !child->repeats && j < i; j++) {
            const struct scfg_word *first = &directive->children[j].words[0];
            if (strcmp(first->text, word->text) != 0)
                continue;
            report_error(report, word->origin,
                         "\"%s\" stands twice in this \"%s\", first at %s; remove one", word->text,
                         row->name, origin_text(report->arena, first->origin));
            break;
        }
    }
}

/* The block in which a word would be known, NULL for none. */
static const char *home_of(const char *word)
{
    for (size_t i = 0; i < language_length; i++)
        if (find_row(language[i].children, language[i].child_count, word))
            return language[i].name;
    return NULL;
}

static void unknown(struct config *config, const struct keyword *rows, size_t count,
                    const char *block, const struct scfg_word *word, struct report *report)
{
    const char *home = home_of(word->text);
    bool top =
        strcmp(word->text, "include") == 0 || find_row(language, language_length, word->text);
    config->incomplete = true;
    if (home || top) {
        report_error(report, word->origin, "\"%s\" belongs %s%s%s; move it there", word->text,
                     top ? "outside of all blocks" : "in the block of \"", top ? "" : home,
                     top ? "" : "\"");
        return;
    }
    const char *known[24];
    size_t known_count = 0;
    for (; known_count < count; known_count++)
        known[known_count] = rows[known_count].name;
    if (!block)
        known[known_count++] = "include";
    const char *near = suggest(word->text, known, known_count);
    report_error(report, word->origin, "unknown directive \"%s\"%s%s%s%s%s%s",
                 shown(config, word->text), block ? " in \"" : "", block ? block : "",
                 block ? "\"" : "", near ? "; did you mean \"" : "; see ebb.conf(5)",
                 near ? near : "", near ? "\"?" : "");
}

void keyword_read(struct config *config, const struct keyword *rows, size_t row_count, void *parent,
                  const char *block, struct scfg_directive *directive, struct report *report)
{
    const struct keyword *row = find_row(rows, row_count, directive->words[0].text);
    if (!row) {
        unknown(config, rows, row_count, block, &directive->words[0], report);
        return;
    }
    void *object = row->object(config, parent, directive);
    read_words(config, row, object, directive, report);
    if (row->stored)
        row->stored(config, object, directive);
    if (directive->has_block && row->child_count == 0)
        report_error(report, directive->words[0].origin, "\"%s\" takes no block; write: %s",
                     row->name, row->usage);
    refuse_repeats(row, directive, report);
    for (size_t i = 0; row->child_count > 0 && i < directive->child_count; i++)
        keyword_read(config, row->children, row->child_count, object, row->name,
                     &directive->children[i], report);
}
