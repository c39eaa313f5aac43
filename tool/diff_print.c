#include <json-c/json.h>

#include "tool/diff.h"
#include "tool/name.h"

static void print_side(char sign, const struct diff_side *side, FILE *out)
{
    const struct generation *generation = side->generation;
    fprintf(out, "%c generation %u  %s", sign, generation->number,
            name_time(generation->created).text);
    if (side->kernel) {
        fputs("  ", out);
        name_print(side->kernel, true, out);
    }
    if (generation->label && *generation->label) {
        fputs("  \"", out);
        name_print(generation->label, true, out);
        fputc('"', out);
    }
    fputc('\n', out);
}

static void print_text(const char *before, const char *text, FILE *out)
{
    if (!*text)
        return;
    fputs(before, out);
    name_print(text, true, out);
}

static void print_line(char sign, const char *name, const char *text, FILE *out)
{
    fprintf(out, "%c ", sign);
    name_print(name, true, out);
    print_text(" ", text, out);
    fputc('\n', out);
}

/* In one line if both texts are short, as versions are. */
static void print_item(const struct diff_item *item, bool is_short, FILE *out)
{
    if (item->old && item->new &&is_short) {
        fputs("~ ", out);
        name_print(item->name, true, out);
        print_text(" ", item->old, out);
        print_text(" -> ", item->new, out);
        fputc('\n', out);
        return;
    }
    if (item->old)
        print_line('-', item->name, item->old, out);
    if (item->new)
        print_line('+', item->name, item->new, out);
}

static void print_part(const char *title, const struct diff_part *part, bool is_short, FILE *out)
{
    size_t added = 0, removed = 0;
    if (!part->count)
        return;
    fprintf(out, "\n%s:\n", title);
    for (size_t i = 0; i < part->count; i++) {
        print_item(&part->items[i], is_short, out);
        added += !part->items[i].old;
        removed += !part->items[i].new;
    }
    if (is_short)
        fprintf(out, "%zu added, %zu removed, %zu changed\n", added, removed,
                part->count - added - removed);
}

static void print_same(const struct diff *diff, FILE *out)
{
    const struct {
        bool known;
        const char *name;
    } parts[] = {{diff->declarations.known, "declarations"},
                 {diff->packages.known, "packages"},
                 {diff->files.known, "files"}};
    const char *between = "no difference in ";
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (!parts[i].known)
            continue;
        fprintf(out, "%s%s", between, parts[i].name);
        between = ", ";
    }
    fputc('\n', out);
}

void diff_print(const struct diff *diff, FILE *out)
{
    print_side('-', &diff->old, out);
    print_side('+', &diff->new, out);
    print_part("declarations", &diff->declarations, false, out);
    print_part("packages", &diff->packages, true, out);
    print_part("files", &diff->files, true, out);
    if (!diff->declarations.count && !diff->packages.count && !diff->files.count)
        print_same(diff, out);
}

static struct json_object *side_object(struct arena *arena, const struct diff_side *side)
{
    struct json_object *object = json_object_new_object();
    const struct generation *generation = side->generation;
    json_object_object_add(object, "number", json_object_new_int((int)generation->number));
    if (generation->label && *generation->label)
        json_object_object_add(object, "label", name_json(arena, generation->label));
    if (generation->created)
        json_object_object_add(object, "created", name_json(arena, generation->created));
    if (side->kernel)
        json_object_object_add(object, "kernel", name_json(arena, side->kernel));
    return object;
}

static void add_part(struct json_object *object, const char *name, const struct diff_part *part)
{
    if (!part->known)
        return;
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < part->count; i++) {
        const struct diff_item *item = &part->items[i];
        struct json_object *member = json_object_new_object();
        json_object_object_add(member, "name", name_json(part->arena, item->name));
        if (item->old)
            json_object_object_add(member, "old", name_json(part->arena, item->old));
        if (item->new)
            json_object_object_add(member, "new", name_json(part->arena, item->new));
        json_object_array_add(list, member);
    }
    json_object_object_add(object, name, list);
}

void diff_print_json(struct arena *arena, const struct diff *diff, FILE *out)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "format", json_object_new_int(1));
    json_object_object_add(object, "old", side_object(arena, &diff->old));
    json_object_object_add(object, "new", side_object(arena, &diff->new));
    add_part(object, "declarations", &diff->declarations);
    add_part(object, "packages", &diff->packages);
    add_part(object, "files", &diff->files);
    fprintf(out, "%s\n",
            json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                       JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}
