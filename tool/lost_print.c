#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool/lost.h"
#include "tool/name.h"

static const int json_form = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_remarks(const struct lost_item *item, FILE *out)
{
    if (S_ISDIR(item->mode))
        fputc('/', out);
    if (item->unseen)
        fputs("  (not looked into)", out);
    else if (item->whole && item->files == 0)
        fputs("  (no files)", out);
    else if (item->whole)
        fprintf(out, "  (%ju file%s)", (uintmax_t)item->files, plural(item->files));
    if (item->change == LOST_CHANGED)
        fputs(S_ISDIR(item->mode) ? "  (changed itself)" : "  (changed)", out);
    if (item->noise)
        fputs("  (noise)", out);
    fputc('\n', out);
}

/* A folder with nothing but one thing on the way to it shares its line. */
static bool is_passed(const struct lost_item *item)
{
    return item->change == LOST_NOTHING && item->children == 1;
}

static void print_sum(const struct lost *lost, FILE *out)
{
    if (lost->count == 0)
        fputs(lost->blind_count ? "nothing would be lost of what could be looked at\n"
                                : "nothing would be lost\n",
              out);
    else
        fprintf(out, "%s in %ju file%s would be gone at the next boot\n",
                name_size(lost->size).text, (uintmax_t)lost->files, plural(lost->files));
}

void lost_print_tree(const struct lost *lost, FILE *out)
{
    /* How far each is indented: a folder that shares a line does not indent what follows. */
    unsigned *depths = calloc(lost->count + 1, sizeof(*depths));
    if (!depths)
        memory_exhausted();
    bool begins = true;
    for (size_t i = 0; i < lost->count; i++) {
        const struct lost_item *item = &lost->items[i];
        bool passed = is_passed(item);
        if (item->parent != LOST_TOP)
            depths[i] = depths[item->parent] + !is_passed(&lost->items[item->parent]);
        if (begins)
            fprintf(out, "%10s  %*s", name_size(item->size).text, (int)(2 * depths[i]), "");
        if (item->parent == LOST_TOP)
            fputc('/', out);
        name_print(lost_name(lost, item), true, out);
        if (passed)
            fputc('/', out);
        else
            print_remarks(item, out);
        begins = !passed;
    }
    free(depths);
    print_sum(lost, out);
}

static const char *kind_of(mode_t mode)
{
    return S_ISREG(mode)    ? "file"
           : S_ISDIR(mode)  ? "folder"
           : S_ISLNK(mode)  ? "link"
           : S_ISCHR(mode)  ? "character device"
           : S_ISBLK(mode)  ? "block device"
           : S_ISFIFO(mode) ? "pipe"
                            : "socket";
}

/* A folder that was only changed itself does not count what is lost in it: that is told apart. */
static bool counts_itself(const struct lost_item *item)
{
    return item->whole || !S_ISDIR(item->mode);
}

static struct json_object *item_object(struct arena *arena, const struct lost *lost,
                                       const struct lost_item *item)
{
    bool counts = counts_itself(item);
    auto_string path = lost_path(lost, item);
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "path", name_json(arena, path));
    json_object_object_add(object, "type", json_object_new_string(kind_of(item->mode)));
    json_object_object_add(
        object, "change", json_object_new_string(item->change == LOST_CHANGED ? "changed" : "new"));
    json_object_object_add(object, "size", json_object_new_uint64(counts ? item->size : 0));
    json_object_object_add(object, "files", json_object_new_uint64(counts ? item->files : 0));
    json_object_object_add(object, "mtime", json_object_new_int64(item->change_time.tv_sec));
    json_object_object_add(object, "noise", json_object_new_boolean(item->noise));
    return object;
}

void lost_print_line(const struct lost *lost, const struct lost_item *item, bool json, FILE *out)
{
    auto_arena arena = arena_new();
    if (json) {
        struct json_object *object = item_object(arena, lost, item);
        fprintf(out, "%s\n", json_object_to_json_string_ext(object, json_form));
        json_object_put(object);
        return;
    }
    char when[32] = "?";
    struct tm time;
    if (localtime_r(&item->change_time.tv_sec, &time))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &time);
    auto_string path = lost_path(lost, item);
    fprintf(out, "%16s %10s  ", when, name_size(counts_itself(item) ? item->size : 0).text);
    name_print(path, true, out);
    print_remarks(item, out);
}

static int newer_first(const void *left, const void *right)
{
    const struct lost_item *a = *(const struct lost_item *const *)left,
                           *b = *(const struct lost_item *const *)right;
    if (a->change_time.tv_sec != b->change_time.tv_sec)
        return a->change_time.tv_sec < b->change_time.tv_sec ? 1 : -1;
    if (a->change_time.tv_nsec != b->change_time.tv_nsec)
        return a->change_time.tv_nsec < b->change_time.tv_nsec ? 1 : -1;
    return a < b ? -1 : a > b;
}

/* All that is lost, without the folders on the way; for free(3). */
static const struct lost_item **list_items(const struct lost *lost, bool newest, size_t *count)
{
    const struct lost_item **items = calloc(lost->count + 1, sizeof(*items));
    if (!items)
        memory_exhausted();
    *count = 0;
    for (size_t i = 0; i < lost->count; i++)
        if (lost->items[i].change != LOST_NOTHING)
            items[(*count)++] = &lost->items[i];
    if (newest)
        qsort(items, *count, sizeof(*items), newer_first);
    return items;
}

void lost_print_newest(const struct lost *lost, FILE *out)
{
    size_t count;
    const struct lost_item **items = list_items(lost, true, &count);
    for (size_t i = 0; i < count; i++)
        lost_print_line(lost, items[i], false, out);
    free(items);
    print_sum(lost, out);
}

static void print_member(const char *name, struct json_object *value, FILE *out)
{
    fprintf(out, "\"%s\":%s,\n", name, json_object_to_json_string_ext(value, json_form));
    json_object_put(value);
}

/* Item by item: there may be hundreds of thousands. */
void lost_print_json(const struct lost *lost, unsigned generation, const char *kind, bool newest,
                     FILE *out)
{
    size_t count;
    const struct lost_item **items = list_items(lost, newest, &count);
    fputs("{\"format\":1,\n", out);
    print_member("generation", json_object_new_int64(generation), out);
    print_member("root", json_object_new_string(kind), out);
    print_member("size", json_object_new_uint64(lost->size), out);
    print_member("files", json_object_new_uint64(lost->files), out);
    fputs("\"lost\":[", out);
    for (size_t i = 0; i < count; i++) {
        auto_arena arena = arena_new();
        struct json_object *object = item_object(arena, lost, items[i]);
        fprintf(out, "%s\n%s", i ? "," : "", json_object_to_json_string_ext(object, json_form));
        json_object_put(object);
    }
    free(items);
    fputs("],\n\"unseen\":[", out);
    for (size_t i = 0; i < lost->blind_count; i++) {
        auto_arena arena = arena_new();
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "path", name_json(arena, lost->blind[i].path));
        json_object_object_add(object, "error",
                               json_object_new_string(strerror(lost->blind[i].code)));
        fprintf(out, "%s\n%s", i ? "," : "", json_object_to_json_string_ext(object, json_form));
        json_object_put(object);
    }
    fputs("]}\n", out);
}

void lost_print_blind(const struct lost *lost)
{
    static const size_t most = 10;
    if (lost->blind_count == 0)
        return;
    fprintf(stderr, "ebb: could not look at %zu place%s, so more may be lost; run it as root:\n",
            lost->blind_count, plural(lost->blind_count));
    for (size_t i = 0; i < lost->blind_count && i < most; i++) {
        fputs("  ", stderr);
        name_print(lost->blind[i].path, true, stderr);
        fprintf(stderr, ": %s\n", strerror(lost->blind[i].code));
    }
    if (lost->blind_count > most)
        fprintf(stderr, "  and %zu more, which --json lists\n", lost->blind_count - most);
}
