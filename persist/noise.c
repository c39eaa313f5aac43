#include "persist/noise.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The file itself stays the only copy of its text. */
__asm__(".pushsection .rodata\n"
        "noise_list_begin: .incbin \"persist/noise.list\"\n"
        "noise_list_end: .byte 0\n"
        ".popsection\n");
extern const char noise_list_begin[];

/* One name of a pattern. */
struct part {
    enum {
        PART_NAME,
        PART_END,
        PART_GLOB,
        PART_ANY
    } kind;           /* PART_END: "*" and the rest as it is */
    const char *text; /* of PART_END: the rest */
    size_t length;
    bool last;
};

struct noise {
    struct arena *arena;
    struct part *names; /* that are noise wherever they are */
    size_t name_count;
    const struct part **paths; /* where each begins */
    size_t path_count;
};

static struct part part_of(struct arena *arena, const char *text, size_t length)
{
    static const char special[] = "*?[\\";
    char *name = arena_copy(arena, text, length);
    if (strcmp(name, "**") == 0)
        return (struct part){.kind = PART_ANY};
    if (!strpbrk(name, special))
        return (struct part){.kind = PART_NAME, .text = name, .length = length};
    if (*name == '*' && !strpbrk(name + 1, special))
        return (struct part){.kind = PART_END, .text = name + 1, .length = length - 1};
    return (struct part){.kind = PART_GLOB, .text = name, .length = length};
}

/* `glob` is cleaned already: parts and single slashes between them. */
static void add_pattern(struct noise *noise, const char *glob)
{
    struct part *parts = NULL;
    size_t count = 0;
    if (*glob != '/') {
        struct part part = part_of(noise->arena, glob, strlen(glob));
        *ARENA_PUSH(noise->arena, noise->names, noise->name_count) = part;
        return;
    }
    do {
        size_t length = strcspn(++glob, "/");
        struct part part = part_of(noise->arena, glob, length);
        *ARENA_PUSH(noise->arena, parts, count) = part;
        glob += length;
    } while (*glob);
    parts[count - 1].last = true;
    *ARENA_PUSH(noise->arena, noise->paths, noise->path_count) = parts;
}

static const char *objection_to(const char *glob)
{
    if (*glob != '/' && strchr(glob, '/'))
        return "is neither a name nor a path from \"/\" on; begin it with \"/\" or \"/**/\"";
    if (strstr(glob, "//") || glob[strlen(glob) - 1] == '/')
        return "has an empty part; write one \"/\" between names and none at the end";
    return NULL;
}

int noise_add(struct noise *noise, const char *name, const char *text, struct error *error)
{
    for (unsigned line = 1; *text; line++) {
        size_t length = strcspn(text, "\n");
        const char *begin = text + strspn(text, " \t\r");
        /* The reason stands behind a blank and "#"; a glob has no blanks, "?" stands for them. */
        char *glob = arena_copy(noise->arena, begin, strcspn(begin, " \t\r\n"));
        const char *rest = begin + strlen(glob);
        text += length + (text[length] != '\0');
        if (begin >= text || !*glob || *glob == '#')
            continue;
        rest += strspn(rest, " \t\r");
        if (*rest && *rest != '\n' && *rest != '#')
            return error_set(error, EINVAL,
                             "%s:%u: there is more than one word; write \"?\" for a blank in a "
                             "name, and \"#\" before the reason",
                             name, line);
        const char *objection = objection_to(glob);
        if (objection)
            return error_set(error, EINVAL, "%s:%u: \"%s\" %s", name, line, glob, objection);
        add_pattern(noise, glob);
    }
    return 0;
}

struct noise *noise_new(struct arena *arena)
{
    struct noise *noise = arena_alloc(arena, sizeof(*noise));
    struct error error;
    noise->arena = arena;
    if (noise_add(noise, "persist/noise.list", noise_list_begin, &error) < 0)
        abort(); /* the list is ours, and a test reads it */
    return noise;
}

struct noise_range noise_begin(const struct noise *noise)
{
    return (struct noise_range){noise->paths, noise->path_count};
}

static bool is(const struct part *part, const char *name, size_t length)
{
    switch (part->kind) {
    case PART_NAME:
        return length == part->length && memcmp(name, part->text, length) == 0;
    case PART_END:
        return length >= part->length &&
               memcmp(name + length - part->length, part->text, part->length) == 0;
    case PART_GLOB:
        return fnmatch(part->text, name, 0) == 0;
    case PART_ANY:
        break;
    }
    return true;
}

bool noise_matches(const struct noise *noise, struct noise_range range, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < noise->name_count; i++)
        if (is(&noise->names[i], name, length))
            return true;
    for (size_t i = 0; i < range.count; i++) {
        const struct part *part = range.parts[i];
        if (part->kind == PART_ANY && !part->last)
            part++; /* no folder at all between */
        if (part->last && is(part, name, length))
            return true;
    }
    return false;
}

struct noise_range noise_enter(struct noise_range range, const char *name, struct arena *arena)
{
    struct noise_range below = {NULL, 0};
    size_t length = strlen(name);
    for (size_t i = 0; i < range.count; i++) {
        const struct part *part = range.parts[i];
        if (part->kind == PART_ANY) {
            *ARENA_PUSH(arena, below.parts, below.count) = part;
            if (part->last)
                continue;
            part++;
        }
        if (!part->last && is(part, name, length))
            *ARENA_PUSH(arena, below.parts, below.count) = part + 1;
    }
    return below;
}
