#include "vm/tree.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/run.h"

enum { PROGRAM_LIMIT = 32 << 20, FIRST_ID = 1000 };

static const char package[] = "busybox-static";

struct piece {
    const char *path, *text; /* a text: a file; NULL: a folder */
    mode_t mode;
};

/* The init applet reaps, and starts a shell for whoever presses Enter on the console. */
static const struct piece pieces[] = {
    {"dev", NULL, 0755},
    {"etc", NULL, 0755},
    {"home", NULL, 0755},
    {"mnt", NULL, 0755},
    {"proc", NULL, 0555},
    {"root", NULL, 0700},
    {"run", NULL, 0755},
    {"srv", NULL, 0755},
    {"sys", NULL, 0555},
    {"tmp", NULL, 01777},
    {"usr", NULL, 0755},
    {"usr/bin", NULL, 0755},
    {"var", NULL, 0755},
    {"var/lib", NULL, 0755},
    {"var/log", NULL, 0755},
    {"etc/hostname", "ebb\n", 0644},
    {"etc/inittab",
     "::sysinit:/bin/hostname -F /etc/hostname\n::askfirst:-/bin/sh\n"
     "::ctrlaltdel:/bin/reboot\n",
     0644},
    {"usr/lib", NULL, 0755},
    {"etc/os-release", "ID=ebb-scratch\nPRETTY_NAME=\"a scratch system of ebb vm\"\n", 0644},
    {"usr/share", NULL, 0755},
};

static const struct {
    const char *path, *target;
} links[] = {
    {"bin", "usr/bin"},
    {"sbin", "usr/bin"},
    {"lib", "usr/lib"},
};

static int make_pieces(int top, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        const struct piece *piece = &pieces[i];
        if (piece->text) {
            if (path_write(top, piece->path, piece->text, strlen(piece->text), piece->mode, error) <
                0)
                return -error->code;
        } else if (mkdirat(top, piece->path, 0700) < 0 ||
                   fchmodat(top, piece->path, piece->mode, 0) < 0) {
            return error_system(error, errno, "cannot make the folder \"%s\" of a scratch tree",
                                piece->path);
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
        if (symlinkat(links[i].target, top, links[i].path) < 0)
            return error_system(error, errno, "cannot make the link \"%s\" of a scratch tree",
                                links[i].path);
    return 0;
}

/* A program that asks for an interpreter needs libraries that the tree does not have. */
static bool is_static(const char *program, size_t length)
{
    const Elf64_Ehdr *header = (const void *)program;
    if (length < sizeof(*header) || memcmp(program, ELFMAG, SELFMAG) != 0)
        return false;
    for (size_t i = 0; i < header->e_phnum; i++) {
        size_t at = header->e_phoff + i * sizeof(Elf64_Phdr);
        if (at > length - sizeof(Elf64_Phdr))
            return false;
        if (((const Elf64_Phdr *)(const void *)(program + at))->p_type == PT_INTERP)
            return false;
    }
    return true;
}

static int add_busybox(int top, struct error *error)
{
    char path[PATH_MAX];
    auto_string program = NULL;
    size_t length;
    if (run_find("busybox", package, path, sizeof(path), error) < 0 ||
        path_read(AT_FDCWD, path, PROGRAM_LIMIT, &program, &length, error) < 0)
        return -error->code;
    if (!is_static(program, length))
        return error_set(error, ENOEXEC, "\"%s\" is not static; install the package \"%s\"", path,
                         package);
    if (path_write(top, "usr/bin/busybox", program, length, 0755, error) < 0)
        return -error->code;
    const char *const arguments[] = {"busybox", "--list", NULL};
    struct run run = {.arguments = arguments, .package = package};
    auto_output applets = {0};
    if (run_program(&run, &applets, error) < 0)
        return -error->code;
    char *rest = applets.text;
    for (const char *applet; (applet = strsep(&rest, "\n"));) {
        snprintf(path, sizeof(path), "usr/bin/%s", applet);
        if (*applet && symlinkat("busybox", top, path) < 0 && errno != EEXIST)
            return error_system(error, errno, "cannot make the link \"%s\" of a scratch tree",
                                path);
    }
    return 0;
}

/* The names that own persist entries, each once, root left out; each is a user and a group. */
struct names {
    const char **list;
    size_t count;
};

static void add_name(struct arena *arena, struct names *names, const char *name)
{
    if (isdigit((unsigned char)name[0]) || strcmp(name, "root") == 0)
        return;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i], name) == 0)
            return;
    *ARENA_PUSH(arena, names->list, names->count) = name;
}

static int add_names(int top, const struct config *config, struct error *error)
{
    auto_arena arena = arena_new();
    struct names names = {0};
    for (size_t i = 0; i < config->entry_count; i++) {
        add_name(arena, &names, config->entries[i]->owner);
        add_name(arena, &names, config->entries[i]->group);
    }
    const char *users = "root:x:0:0:root:/root:/bin/sh\n", *groups = "root:x:0:\n";
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.list[i];
        size_t id = FIRST_ID + i;
        users =
            arena_printf(arena, "%s%s:x:%zu:%zu::/home/%s:/bin/sh\n", users, name, id, id, name);
        groups = arena_printf(arena, "%s%s:x:%zu:\n", groups, name, id);
    }
    int code = path_write(top, "etc/passwd", users, strlen(users), 0644, error);
    return code < 0 ? code : path_write(top, "etc/group", groups, strlen(groups), 0644, error);
}

int tree_make(const char *path, const struct config *config, struct error *error)
{
    if (mkdir(path, 0755) < 0)
        return error_system(error, errno, "cannot make the folder \"%s\"", path);
    auto_fd top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0 || fchmod(top, 0755) < 0)
        return error_system(error, errno, "cannot open the folder \"%s\"", path);
    if (make_pieces(top, error) < 0 || add_busybox(top, error) < 0 ||
        add_names(top, config, error) < 0)
        return error_prefix(error, "cannot make a scratch tree");
    return 0;
}
