/* live-boot's persistence.conf: a folder on each line, and behind it how it is kept. */
#include <errno.h>
#include <string.h>

#include "tool/import.h"

/* How live-boot brings a folder back; of several ways, the last one holds. */
struct way {
    enum { WAY_BIND, WAY_LINK, WAY_UNION } kind;
    const char *source;
};

/* One of the words behind the folder; false: live-boot does not know it either. */
static bool read_word(struct way *way, const char *word)
{
    if (strcmp(word, "bind") == 0)
        way->kind = WAY_BIND;
    else if (strcmp(word, "link") == 0)
        way->kind = WAY_LINK;
    else if (strcmp(word, "union") == 0)
        way->kind = WAY_UNION;
    else if (strncmp(word, "source=", 7) == 0)
        way->source = word + 7;
    else
        return false;
    return true;
}

/* Why the folder is not kept in its way, or NULL. */
static const char *objection(const struct way *way, const char *path)
{
    if (way->kind == WAY_LINK)
        return "is filled with links to the files that its source has, and what is new in it is "
               "thrown away; declare these files, or the folder with dir";
    if (way->kind == WAY_UNION && strcmp(path, "/") == 0)
        return "is kept as a whole, by a union; name the folders to keep, and declare \"root "
               "overlay\" for a root that can be written to everywhere";
    if (way->kind == WAY_UNION)
        return "is united with what the system has there; declare it with dir, which begins with a "
               "copy of that, or keep the changes in memory with \"root overlay\"";
    return NULL;
}

static void read_line(struct import *import, char *line, size_t number)
{
    struct arena *arena = import->arena;
    char *rest = NULL, *path = strtok_r(line, " \t\r", &rest);
    if (!path || *path == '#')
        return;
    const char *where = arena_printf(arena, "line %zu", number);
    struct way way = {0};
    for (char *word; (word = strtok_r(NULL, ", \t\r", &rest));)
        if (!read_word(&way, word)) {
            import_lose(import, where, path, "has the option \"%s\", which is unknown; correct it",
                        import_shown(arena, word));
            return;
        }
    const char *wrong = objection(&way, path);
    const char *clean = import_clean(arena, path);
    if (!wrong && *path != '/')
        wrong = "is relative; write the whole path";
    if (wrong) {
        import_lose(import, where, path, "%s", wrong);
        return;
    }
    const char *source = way.source ? import_clean(arena, way.source) : NULL;
    if (way.source && *way.source == '/') {
        import_lose(import, where, path,
                    "has an absolute source, for which live-boot leaves it out; leave out the "
                    "source to keep it");
        return;
    }
    if (way.source && (!source || !clean || strcmp(source, clean + 1) != 0)) {
        import_lose(
            import, where, path,
            "lies in \"%s\" of the volume; move it to \"%s\" there, where Ebb keeps it, and "
            "declare it with dir",
            import_shown(arena, way.source), import_shown(arena, clean ? clean : path));
        return;
    }
    (void)import_add(import, "persistence", NULL, false, path, strlen(path)); /* or it is listed */
}

int import_live(struct import *import, const char *text, size_t length, struct error *error)
{
    if (memchr(text, '\0', length))
        return error_set(error, EINVAL, "\"%s\" has a NUL in it, so it is no persistence.conf",
                         import->from);
    char *line = arena_copy(import->arena, text, length);
    for (size_t number = 1; line; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        read_line(import, line, number);
        line = end;
    }
    return 0;
}
