#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "tool/import.h"

void import_lose(struct import *import, const char *store, const char *object, const char *format,
                 ...)
{
    char *reason = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&reason, format, arguments) < 0)
        memory_exhausted();
    va_end(arguments);
    struct import_loss *loss = ARENA_PUSH(import->arena, import->losses, import->loss_count);
    *loss = (struct import_loss){import_shown(import->arena, store),
                                 import_shown(import->arena, object),
                                 arena_string(import->arena, reason)};
    free(reason);
}

const char *import_shown(struct arena *arena, const char *text)
{
    enum { MOST = 200 };
    char shown[MOST * 4 + 4];
    size_t length = strlen(text), used = 0, at = 0;
    while (at < length && used < MOST) {
        size_t size = text_character(text + at, length - at);
        if (size == 0 || text_is_control(text + at, size)) {
            used += (size_t)snprintf(shown + used, 5, "\\x%02x", (unsigned char)text[at]);
            at++;
            continue;
        }
        memcpy(shown + used, text + at, size);
        used += size;
        at += size;
    }
    memcpy(shown + used, "...", at < length ? 4 : 0);
    return arena_copy(arena, shown, used + (at < length ? 3 : 0));
}

const char *import_clean(struct arena *arena, const char *path)
{
    char *clean = arena_alloc(arena, strlen(path) + 2), *out = clean;
    bool absolute = *path == '/';
    for (const char *part = path + strspn(path, "/"); *part; part += strspn(part, "/")) {
        size_t length = strcspn(part, "/");
        bool dot = length == 1 && *part == '.';
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return NULL;
        if (!dot) {
            if (absolute || out > clean)
                *out++ = '/';
            memcpy(out, part, length);
            out += length;
        }
        part += length;
    }
    if (absolute && out == clean)
        *out = '/';
    return clean;
}

const char *import_objection(const char *text, size_t length)
{
    static const char replaced[] = "\xef\xbf\xbd";
    if (length == 0)
        return "is empty; name the path";
    for (size_t at = 0; at < length;) {
        size_t size = text_character(text + at, length - at);
        if (size == 0)
            return "is not UTF-8, so it cannot be written; rename it";
        if (text_is_control(text + at, size))
            return "has a control character, such as a new line, so it cannot be written; rename "
                   "it";
        if (size == 3 && memcmp(text + at, replaced, size) == 0)
            return "has U+FFFD, the mark of a character that JSON could not tell; write it "
                   "yourself";
        at += size;
    }
    return NULL;
}

/* Why no entry can have this path, in the words of persist_check. */
static const char *objection_to_path(const char *path)
{
    if (strcmp(path, "/") == 0)
        return "is the root, which is thrown away at every boot; name the folders to keep";
    if (*path == '/' && path_kernel_folder(path))
        return "lies in a folder that is made anew at every boot; leave it out";
    if (*path != '/')
        return "is relative; write the whole path";
    return path_objection(path);
}

/* Whether `home NAME` takes the name: a number is none. */
static bool is_user(const char *name)
{
    return *name != '-' && text_is_name(name) && name[strspn(name, "0123456789")];
}

const char *import_home_path(struct arena *arena, const char *user)
{
    return strcmp(user, "root") == 0 ? "/root" : arena_printf(arena, "/home/%s", user);
}

int import_own_mode(const struct import_entry *entry)
{
    if (entry->home)
        return entry->file ? 0600 : 0700;
    if (!entry->file && path_folder_mode(entry->full) != 0755)
        return -1;
    return entry->file ? 0644 : 0755;
}

struct import_entry *import_add(struct import *import, const char *store,
                                const struct import_home *home, bool file, const char *path,
                                size_t length)
{
    struct arena *arena = import->arena;
    const char *wrong = import_objection(path, length), *clean = NULL;
    if (!wrong && !(clean = import_clean(arena, path)))
        wrong = "contains \"..\"; write the path that it means";
    if (!wrong && home && !is_user(home->user))
        wrong = "belongs to a user whose name is a number, or more than letters, digits, - and _; "
                "keep the whole home as a folder";
    if (wrong) {
        import_lose(import, store, path, "%s", wrong);
        return NULL;
    }
    if (home && *clean == '/') /* the modules put the home before it, whatever it begins with */
        clean++;
    struct import_entry entry = {
        .store = store, .file = file, .home = home, .mode = -1, .order = import->entry_count};
    entry.path = entry.full = clean;
    if (home && *clean)
        entry.full =
            arena_printf(arena, "%s/%s", strcmp(home->path, "/") != 0 ? home->path : "", clean);
    if (home && !*clean) { /* all of it: no path relative to itself */
        entry.home = NULL;
        entry.path = entry.full = home->path;
        entry.owner = home->user;
    }
    wrong = objection_to_path(entry.full);
    if (wrong) {
        import_lose(import, store, entry.full, "%s", wrong);
        return NULL;
    }
    struct import_entry *added = arena_alloc(arena, sizeof(*added));
    *added = entry;
    *ARENA_PUSH(arena, import->entries, import->entry_count) = added;
    return added;
}
