#include "plan/value.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "plan/hash.h"
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

const char *value_duration(const char *text, unsigned *milliseconds)
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

const char *value_age(const char *text, uint64_t *seconds)
{
    enum { DAYS = 36500 }; /* of which the kernel's clock has no more either */
    uint64_t number;
    const struct unit *unit = read_time(text, &number);
    if (!unit || unit->milliseconds < 1000)
        return "is not an age; write a number and s, min, h or d, such as 30d";
    if (number > DAYS * UINT64_C(86400000) / unit->milliseconds)
        return "is too long; the longest is 36500d";
    *seconds = number * (unit->milliseconds / 1000);
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

const char *value_label(const char *text)
{
    static const char *const taken[] = {"booted", "default", "latest", "menu", "previous"};
    size_t length = strlen(text);
    if (length > VALUE_LABEL)
        return "is longer than 200 bytes";
    for (size_t at = 0, size; at < length; at += size) {
        size = text_character(text + at, length - at);
        if (size == 0 || text_is_control(text + at, size))
            return "has what is no character, or a control character";
    }
    for (size_t i = 0; i < ARRAY_LENGTH(taken); i++)
        if (strcmp(text, taken[i]) == 0)
            return "means another generation";
    return length && strspn(text, "0123456789") == length ? "is a number" : NULL;
}

bool value_is_word(const char *text)
{
    bool number = *text != '0' && *text && !text[strspn(text, "0123456789")] && strlen(text) < 10;
    return number || strcmp(text, "latest") == 0 || strcmp(text, "previous") == 0;
}

const char *value_chosen(const char *text)
{
    return value_is_word(text) || (*text && !value_label(text))
               ? NULL
               : "names no generation; write its number or label, latest or previous";
}

static const char *read_chosen(const char *text, void *slot)
{
    const char *wrong = value_chosen(text);
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

static const char *read_place_or_tree(struct arena *arena, const struct scfg_word *word, void *slot)
{
    struct place *place = slot;
    if (*word->text != '/')
        return strchr(word->text, ':') ? read_place(arena, word, slot)
                                       : "is no path; write VOLUME:/path, or /path for a file in "
                                         "the tree of the generation";
    const char *wrong = path_objection(word->text);
    place->origin = word->origin;
    if (wrong)
        return arena_printf(arena, "%s; write a path such as /etc/secrets.yaml", wrong);
    *place = (struct place){word->origin, NULL, word->text, NULL};
    return NULL;
}

static const char *read_sha256(struct arena *arena, const char *text, void *slot)
{
    char *digest = arena_copy(arena, text, strlen(text));
    for (char *at = digest; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    if (strlen(digest) != 64 || strspn(digest, "0123456789abcdef") != 64)
        return "is no SHA-256; write its 64 hexadecimal digits, as sha256sum shows them";
    *(const char **)slot = digest;
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
    if (*text == '$' && !hash_is_known(text))
        return "is made by a method that PID 1 does not know; make a hash by " HASH_METHODS
               ", as `mkpasswd --method=yescrypt` does";
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
    else if (strncmp(text, "after=", 6) == 0 && !value_duration(text + 6, &degraded->after))
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
    bool within = field->type == FIELD_WITHIN, relative = within || field->type == FIELD_RELATIVE;
    const char *like = within     ? "without \"/\" at its beginning, such as wifi/psk"
                       : relative ? "from the home on, such as .ssh"
                                  : "such as /var/log";
    if (field->type == FIELD_SEED)
        return read_seed(arena, text, slot);
    if (within && (*text == '/' || !*text))
        return arena_printf(arena, "is no name of a secret; write one %s", like);
    if (relative && *text == '/')
        return "is absolute; write it from the home on, such as .ssh, or move it out of the block";
    if (relative && !*text)
        return "names nothing; write a path from the home on, such as .ssh";
    const char *objection = path_objection(relative ? arena_printf(arena, "/%s", text) : text);
    if (objection)
        return arena_printf(arena, "%s; write a path %s", objection, like);
    *(const char **)slot = text;
    return NULL;
}

static const char *read_paths(struct arena *arena, const char *text, void *slot)
{
    for (const char *at = text;; at++) {
        const char *path = arena_copy(arena, at, strcspn(at, ","));
        const char *objection = path_objection(path);
        if (objection)
            return arena_printf(arena,
                                "has \"%s\", which %s; write paths such as "
                                "/usr/sbin/dropbear,/etc/ebb/ssh",
                                path, objection);
        at += strlen(path);
        if (!*at)
            break;
    }
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

const char *value_read(struct arena *arena, const struct field *field, const struct scfg_word *word,
                       void *slot)
{
    const char *text = word->text;
    switch (field->type) {
    case FIELD_TEXT:
        return read_text(text, slot);
    case FIELD_NAME:
        return read_name(text, slot);
    case FIELD_OWNER:
    case FIELD_USER:
        return read_owner(field, text, slot);
    case FIELD_PATH:
    case FIELD_SEED:
    case FIELD_RELATIVE:
    case FIELD_WITHIN:
        return read_path(arena, field, text, slot);
    case FIELD_PATHS:
        return read_paths(arena, text, slot);
    case FIELD_PLACE_OR_TREE:
        return read_place_or_tree(arena, word, slot);
    case FIELD_SHA256:
        return read_sha256(arena, text, slot);
    case FIELD_PLACE_IF_ANY:
    case FIELD_PLACE:
        return read_place(arena, word, slot);
    case FIELD_DEVICE:
        return read_device(text, slot);
    case FIELD_CHOICE:
    case FIELD_FLAGS:
        return read_choice(arena, field, text, slot);
    case FIELD_MODE:
        return read_mode(text, slot);
    case FIELD_DURATION:
        return value_duration(text, slot);
    case FIELD_AGE:
        return value_age(text, slot);
    case FIELD_SIZE:
        return read_size(text, slot);
    case FIELD_INODES:
        return read_inodes(text, slot);
    case FIELD_KEEP:
        return value_keep(text, slot);
    case FIELD_COUNT:
        return read_count(text, slot);
    case FIELD_BYTES:
        return read_bytes(text, slot);
    case FIELD_LUKS_FILE:
        return read_luks_file(arena, word, slot);
    case FIELD_SHELL:
        return read_shell(text, slot);
    case FIELD_DEGRADED:
        return read_degraded(text, slot);
    case FIELD_KEYMAP:
        return read_keymap(text, slot);
    case FIELD_CHOSEN:
        return read_chosen(text, slot);
    }
    return NULL;
}
