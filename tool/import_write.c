#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "persist/method.h"
#include "plan/scfg.h"
#include "tool/import.h"

/* The words of one line. */
struct line {
    struct arena *arena;
    struct scfg_directive directive;
};

/* `quoted` is for what may have a "=" in it and is no option. */
static void add(struct line *line, const char *text, bool quoted)
{
    *ARENA_PUSH(line->arena, line->directive.words, line->directive.word_count) =
        (struct scfg_word){.text = text, .quoted = quoted};
}

/* `opening` stands in front, as a "#" does, and `comment` behind. */
static void print(const struct line *line, unsigned depth, const char *opening, const char *comment,
                  FILE *stream)
{
    char *text = NULL;
    size_t length = 0;
    FILE *words = open_memstream(&text, &length);
    if (!words)
        memory_exhausted();
    scfg_print(&line->directive, 0, words);
    if (fclose(words) != 0)
        memory_exhausted();
    auto_string owned = text;
    text[strcspn(text, "\n")] = '\0';
    fprintf(stream, "%*s%s%s%s%s\n", (int)depth * 4, "", opening, text, *comment ? "   # " : "",
            comment);
}

static const char *option_list(struct arena *arena, unsigned options)
{
    static const char *const names[] = {"ro", "noexec", "nosuid", "nodev", "hide", "trash"};
    const char *list = "";
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (options & 1U << i)
            list = arena_printf(arena, "%s%s%s", list, *list ? "," : "", names[i]);
    return list;
}

static void write_entry(struct arena *arena, const struct import_entry *entry, FILE *stream)
{
    struct line line = {.arena = arena};
    add(&line, entry->file ? "file" : "dir", false);
    add(&line, entry->path, strchr(entry->path, '=') != NULL);
    if (entry->owner)
        add(&line, arena_printf(arena, "owner=%s", entry->owner), false);
    if (entry->group)
        add(&line, arena_printf(arena, "group=%s", entry->group), false);
    if (entry->mode >= 0)
        add(&line, arena_printf(arena, "mode=%04o", (unsigned)entry->mode), false);
    if (entry->options)
        add(&line, arena_printf(arena, "options=%s", option_list(arena, entry->options)), false);
    if (entry->method)
        add(&line, arena_printf(arena, "method=%s", entry->method), false);
    if (entry->keep_existing)
        add(&line, "existing=keep", false);
    const char *comment =
        entry->part_of ? arena_printf(arena, "part of %s", import_shown(arena, entry->part_of))
        : entry->file && method_writer(entry->full)
            ? "replaced by renaming; method=copy survives that"
            : "";
    print(&line, entry->home ? 2 : 1, entry->part_of ? "# " : "", comment, stream);
}

static void open_home(struct arena *arena, const struct import_home *home, FILE *stream)
{
    struct line line = {.arena = arena};
    add(&line, "home", false);
    add(&line, home->user, false);
    if (strcmp(home->path, import_home_path(arena, home->user)) != 0)
        add(&line, arena_printf(arena, "path=%s", home->path), false);
    line.directive.has_block = true;
    print(&line, 1, "", "", stream);
}

/* The --volume that maps the longest part of the store's path. */
static struct import_volume *volume_of(const struct import *import, const char *store)
{
    struct import_volume *best = NULL;
    for (size_t i = 0; i < import->volume_count; i++) {
        struct import_volume *volume = &import->volumes[i];
        size_t length = strcmp(volume->store, "/") ? strlen(volume->store) : 0;
        bool within =
            strncmp(volume->store, store, length) == 0 && (store[length] == '/' || !store[length]);
        if (within && (!best || length > strlen(best->store)))
            best = volume;
    }
    return best;
}

const struct import_volume *import_unused(struct import *import)
{
    const char *store = NULL;
    for (size_t i = 0; i < import->entry_count; i++) {
        if (store && strcmp(store, import->entries[i]->store) == 0)
            continue;
        store = import->entries[i]->store;
        struct import_volume *volume = volume_of(import, store);
        if (volume)
            volume->used = true;
    }
    for (size_t i = 0; i < import->volume_count; i++)
        if (!import->volumes[i].used)
            return &import->volumes[i];
    return NULL;
}

/* A name for a volume that nobody has named. The number keeps two apart that look the same. */
static const char *volume_name(struct arena *arena, const char *store, size_t number)
{
    const char *from = store + strspn(store, "/");
    char *name = arena_string(arena, *from ? from : "volume");
    bool same = true;
    for (char *at = name; *at; at++) {
        char letter[2] = {*at, '\0'};
        if (!text_is_name(letter)) {
            *at = '-';
            same = false;
        }
    }
    return same ? name : arena_printf(arena, "%s-%zu", name, number);
}

static void open_store(const struct import *import, struct arena *arena, const char *store,
                       size_t number, FILE *stream)
{
    const struct import_volume *volume = volume_of(import, store);
    const char *place;
    bool path = *store == '/';
    if (volume) {
        const char *rest = store + (strcmp(volume->store, "/") ? strlen(volume->store) : 0);
        place = arena_printf(arena, "%s:%s%s", volume->name,
                             strcmp(volume->path, "/") != 0 || !*rest ? volume->path : "", rest);
    } else {
        const char *name = volume_name(arena, store, number), *shown = import_shown(arena, store);
        fprintf(stream,
                "# \"%s\" is no volume of ebb.conf yet. Complete this, and take the # away:\n"
                "# volume %s %s {\n#     fs ext4\n",
                shown, name, path ? "UUID=..." : "LABEL=persistence");
        if (path)
            fprintf(stream, "#     mount %s\n", shown);
        fprintf(stream,
                "# }\n# For one that is declared already, import with --volume '%s=NAME'.\n",
                shown);
        place = arena_printf(arena, "%s:/", name);
    }
    struct line line = {.arena = arena};
    add(&line, "persist", false);
    add(&line, place, strchr(place, '=') != NULL);
    line.directive.has_block = true;
    print(&line, 0, "", volume ? import_shown(arena, store) : "", stream);
}

static bool same_home(const struct import_home *a, const struct import_home *b)
{
    return a == b || (a && b && strcmp(a->user, b->user) == 0);
}

static void write_header(const struct import *import, struct arena *arena, FILE *stream)
{
    size_t wide = 0;
    for (size_t i = 0; i < import->entry_count; i++)
        wide += import->entries[i]->home && !import->entries[i]->file &&
                !import->entries[i]->dropped && import->entries[i]->mode == 0755;
    fprintf(stream, "# From %s, by `ebb import %s`. ebb.conf(5) tells what it means.\n",
            import_shown(arena, import->from), import->format);
    if (strcmp(import->format, "impermanence") == 0)
        fputs("# impermanence leaves the owner and mode of what exists: existing=keep says so.\n",
              stream);
    if (strcmp(import->format, "preservation") == 0)
        fputs("# preservation sets owner and mode at every boot: existing=correct says so.\n",
              stream);
    for (size_t i = 0; i < import->note_count; i++)
        fprintf(stream, "# %s\n", import->notes[i]);
    if (wide)
        fprintf(stream,
                "# mode=0755 in homes is what %s gives unless told; without it, Ebb gives 0700.\n",
                import->format);
    if (import->loss_count)
        fputs("#\n# Not carried over:\n", stream);
    for (size_t i = 0; i < import->loss_count; i++)
        fprintf(stream, "#   %s: \"%s\" %s\n", import->losses[i].store, import->losses[i].object,
                import->losses[i].reason);
}

void import_write(const struct import *import, FILE *stream)
{
    auto_arena arena = arena_new();
    const char *store = NULL;
    const struct import_home *home = NULL;
    size_t number = 0;
    write_header(import, arena, stream);
    for (size_t i = 0; i < import->entry_count; i++) {
        const struct import_entry *entry = import->entries[i];
        if (entry->dropped)
            continue;
        bool same = store && strcmp(store, entry->store) == 0;
        if (home && (!same || !same_home(home, entry->home)))
            fputs("    }\n", stream);
        if (!same) {
            fputs(store ? "}\n\n" : "\n", stream);
            open_store(import, arena, entry->store, ++number, stream);
        }
        if (entry->home && (!same || !same_home(home, entry->home)))
            open_home(arena, entry->home, stream);
        store = entry->store;
        home = entry->home;
        write_entry(arena, entry, stream);
    }
    if (home)
        fputs("    }\n", stream);
    if (store)
        fputs("}\n", stream);
}
