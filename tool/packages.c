#include "tool/packages.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

/* What all of Debian would need is half of that. */
enum { STATUS_LIMIT = 128 << 20, DESC_LIMIT = 1 << 20, PACKAGES_LIMIT = 200000 };

static const char dpkg_status[] = "var/lib/dpkg/status", pacman_local[] = "var/lib/pacman/local";

static int add(struct packages *packages, const char *name, const char *version,
               struct error *error)
{
    if (packages->count == PACKAGES_LIMIT)
        return error_set(error, E2BIG, "more than %d packages are in the tree", PACKAGES_LIMIT);
    *ARENA_PUSH(packages->arena, packages->items, packages->count) =
        (struct package){arena_string(packages->arena, name),
                         arena_string(packages->arena, version ? version : "?")};
    return 0;
}

/* `text` stays NULL if there is no such file. */
static int read_file(int folder, const char *path, size_t limit, char **text, struct error *error)
{
    auto_fd fd = path_open(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    if (fd < 0)
        return error_system(error, -fd, "cannot read \"%s\" in the tree", path);
    return path_read_fd(fd, path, limit, text, NULL, error);
}

/* The stanza of a package. */
struct stanza {
    const char *package, *version, *architecture, *status;
    bool is_same; /* for several architectures at once, so its name alone is not enough */
};

static void read_field(struct stanza *stanza, char *line)
{
    char *value = strchr(line, ':');
    if (!value || *line == ' ')
        return;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcmp(line, "Package") == 0)
        stanza->package = value;
    else if (strcmp(line, "Version") == 0)
        stanza->version = value;
    else if (strcmp(line, "Architecture") == 0)
        stanza->architecture = value;
    else if (strcmp(line, "Status") == 0)
        stanza->status = value;
    else if (strcmp(line, "Multi-Arch") == 0)
        stanza->is_same = strcmp(value, "same") == 0;
}

/* "install ok installed": the last word counts, and what is half installed is there, too. */
static bool is_installed(const struct stanza *stanza)
{
    const char *state = stanza->status ? strrchr(stanza->status, ' ') : NULL;
    return state && strcmp(state, " not-installed") != 0 && strcmp(state, " config-files") != 0;
}

static int add_stanza(struct packages *packages, const struct stanza *stanza, struct error *error)
{
    if (!stanza->package || !is_installed(stanza))
        return 0;
    const char *name = stanza->package;
    if (stanza->is_same && stanza->architecture)
        name = arena_printf(packages->arena, "%s:%s", name, stanza->architecture);
    return add(packages, name, stanza->version, error);
}

static int read_dpkg(int tree, struct packages *packages, struct error *error)
{
    auto_string text = NULL;
    struct stanza stanza = {0};
    int code = read_file(tree, dpkg_status, STATUS_LIMIT, &text, error);
    if (code < 0 || !text)
        return code;
    packages->known = true;
    for (char *line = text, *next; code == 0 && *line; line = next) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] == '\n');
        line[length] = '\0';
        if (*line) {
            read_field(&stanza, line);
            continue;
        }
        code = add_stanza(packages, &stanza, error);
        stanza = (struct stanza){0};
    }
    return code < 0 ? code : add_stanza(packages, &stanza, error);
}

/* The line behind the one that is `title`; NULL: there is none. Belongs to the arena. */
static const char *line_behind(struct arena *arena, const char *text, const char *title)
{
    for (const char *at = text; (at = strstr(at, title)); at++) {
        const char *value = at + strlen(title);
        if ((at == text || at[-1] == '\n') && *value == '\n')
            return arena_copy(arena, value + 1, strcspn(value + 1, "\n"));
    }
    return NULL;
}

static int read_desc(int folder, const char *entry, struct packages *packages, struct error *error)
{
    auto_string text = NULL;
    const char *path = arena_printf(packages->arena, "%s/desc", entry);
    int code = read_file(folder, path, DESC_LIMIT, &text, error);
    const char *name = code == 0 && text ? line_behind(packages->arena, text, "%NAME%") : NULL;
    return name ? add(packages, name, line_behind(packages->arena, text, "%VERSION%"), error)
                : code;
}

static int read_pacman(int tree, struct packages *packages, struct error *error)
{
    int fd = path_open(tree, pacman_local, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return error_system(error, fd < 0 ? -fd : errno, "cannot list \"%s\" in the tree",
                            pacman_local);
    packages->known = true;
    for (struct dirent *entry; errno = 0, (entry = readdir(folder));) {
        int code = *entry->d_name == '.' ? 0 : read_desc(fd, entry->d_name, packages, error);
        if (code < 0)
            return code;
    }
    return errno ? error_system(error, errno, "cannot list \"%s\" in the tree", pacman_local) : 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct package *)left)->name, ((const struct package *)right)->name);
}

int packages_read(struct arena *arena, int tree, struct packages *packages, struct error *error)
{
    *packages = (struct packages){.arena = arena};
    int code = read_dpkg(tree, packages, error);
    if (code == 0)
        code = read_pacman(tree, packages, error);
    if (code >= 0 && packages->count)
        qsort(packages->items, packages->count, sizeof(*packages->items), by_name);
    return code < 0 ? code : 0;
}
