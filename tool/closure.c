#include "tool/closure.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/run.h"

/* What stands before a name in a store: 32 characters of a digest, and a hyphen. */
enum { DIGEST_LENGTH = 33 };

/* As Nix has it: the version begins behind the first hyphen that no letter follows. */
static const char *find_version(const char *name)
{
    for (const char *at = name; (at = strchr(at, '-')); at++)
        if (at[1] && !isalpha((unsigned char)at[1]))
            return at + 1;
    return NULL;
}

static void add(struct packages *packages, const char *path)
{
    struct arena *arena = packages->arena;
    const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (strlen(file) <= DIGEST_LENGTH)
        return;
    const char *name = file + DIGEST_LENGTH, *version = find_version(name);
    size_t length = version ? (size_t)(version - 1 - name) : strlen(name);
    *ARENA_PUSH(arena, packages->items, packages->count) = (struct package){
        arena_copy(arena, name, length), version ? arena_string(arena, version) : ""};
}

static int by_version(const void *left, const void *right)
{
    const struct package *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->version, b->version);
}

/* One item for each name: digests differ where a build does, and that is no other package. */
static void join(struct packages *packages)
{
    size_t kept = 0;
    const char *before = NULL;
    for (size_t i = 0; i < packages->count; i++) {
        struct package *last = kept ? &packages->items[kept - 1] : NULL, next = packages->items[i];
        if (!last || strcmp(last->name, next.name) != 0)
            packages->items[kept++] = next;
        else if (strcmp(before, next.version) != 0)
            last->version = arena_printf(packages->arena, "%s%s%s", last->version,
                                         *last->version ? ", " : "", next.version);
        before = next.version;
    }
    packages->count = kept;
}

int closure_read(struct arena *arena, const char *system, struct packages *packages,
                 struct error *error)
{
    const char *const arguments[] = {"nix-store", "--query", "--requisites", system, NULL};
    char path[PATH_MAX];
    auto_output output = {0};
    const struct run run = {.arguments = arguments, .package = "nix-bin"};
    *packages = (struct packages){.arena = arena};
    if (run_find(arguments[0], run.package, path, sizeof(path), error) < 0)
        return 0;
    int code = run_program(&run, &output, error);
    if (code < 0)
        return code;
    char *rest = output.text;
    for (char *line; (line = strsep(&rest, "\n"));)
        add(packages, line);
    if (packages->count)
        qsort(packages->items, packages->count, sizeof(*packages->items), by_version);
    join(packages);
    packages->known = true;
    return 0;
}
