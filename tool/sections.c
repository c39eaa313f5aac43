#include "tool/sections.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/memory.h"
#include "image/pe.h"
#include "tool/name.h"

int sections_initramfs(const char *name, const char **data, size_t *length, struct error *error)
{
    struct pe pe;
    auto_arena arena = arena_new();
    if (!pe_looks_like_one(*data, *length))
        return 0;
    if (pe_read(arena, name, *data, *length, &pe, error) < 0)
        return -error->code;
    const struct pe_section *initramfs = pe_find(&pe, ".initrd");
    if (!initramfs)
        return error_set(error, ENOENT,
                         "\"%s\" is an EFI program without an initramfs; \"ebb image sections\" "
                         "shows what it has",
                         name);
    *data = initramfs->data;
    *length = initramfs->length;
    return 0;
}

/* NULL: it is nothing for people. */
static const char *words_of(struct arena *arena, const struct pe_section *section)
{
    static const char *const texts[] = {".osrel", ".cmdline", ".uname"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (strcmp(section->name, texts[i]) == 0)
            return arena_copy(arena, section->data, section->length);
    return NULL;
}

/* Of os-release(5), what it says to people in one line. */
static const char *short_words(struct arena *arena, const char *words)
{
    static const char key[] = "PRETTY_NAME=";
    for (const char *line = words; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *value = line + strlen(key);
        value += strspn(value, "\"'");
        return arena_copy(arena, value, strcspn(value, "\"'\n"));
    }
    return words;
}

static void print_section(struct arena *arena, const struct pe_section *section, bool terminal,
                          FILE *out)
{
    const char *words = words_of(arena, section);
    name_print(section->name, terminal, out);
    fprintf(out, "%*s%10zu", (int)(9 - strlen(section->name)), "", section->length);
    if (words) {
        fputs("  ", out);
        name_print(short_words(arena, words), terminal, out);
    }
    putc('\n', out);
}

static void print_json(struct arena *arena, const struct pe *pe, FILE *out)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < pe->count; i++) {
        const struct pe_section *section = &pe->sections[i];
        const char *words = words_of(arena, section);
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "name", name_json(arena, section->name));
        json_object_object_add(object, "size", json_object_new_int64((int64_t)section->length));
        if (words)
            json_object_object_add(object, "text", name_json(arena, words));
        json_object_array_add(list, object);
    }
    fprintf(out, "%s\n",
            json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(list);
}

int sections_list(const char *name, const char *data, size_t length, bool json, bool terminal,
                  FILE *out, struct error *error)
{
    struct pe pe;
    auto_arena arena = arena_new();
    if (!pe_looks_like_one(data, length))
        return error_set(error, ENOEXEC,
                         "\"%s\" is no EFI program and has no sections; \"ebb image ls\" shows "
                         "what is in an initramfs",
                         name);
    if (pe_read(arena, name, data, length, &pe, error) < 0)
        return -error->code;
    if (json)
        print_json(arena, &pe, out);
    for (size_t i = 0; !json && i < pe.count; i++)
        print_section(arena, &pe.sections[i], terminal, out);
    return 0;
}
