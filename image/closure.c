#include "image/closure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/path.h"
#include "image/elf.h"
#include "image/ldconf.h"
#include "image/links.h"

enum { DEEPEST_SCRIPT = 4 /* as in the kernel */, SHEBANG_LENGTH = 256, LARGEST_PROGRAM = 1 << 30 };

/* A program or library of one closure. */
struct object {
    struct needed_file file;
    const struct object *parent; /* who needs it */
    const char *name;            /* the word of DT_NEEDED */
    struct elf elf;
};

struct closure {
    struct arena *arena;
    int root;
    const char **configured; /* folders of ld.so.conf */
    size_t configured_count;
    struct needed_file *files;
    size_t count;
};

/* One program with its libraries, in the order in which the loader takes them. */
struct family {
    struct closure *closure;
    struct object **objects;
    size_t count;
    const char *loader_folder; /* NULL for a static program */
};

static const char *const default_folders[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib",
                                              "/usr/local/lib"};
static const char *const program_folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                              "/usr/bin",        "/sbin",          "/bin"};

static int read_file(const struct closure *closure, const char *path, char **data, size_t *length,
                     struct error *error)
{
    auto_fd fd = path_open_in_root(closure->root, path, O_RDONLY | O_NONBLOCK);
    return fd < 0 ? error_system(error, -fd, "cannot read \"%s\"", path)
                  : path_read_fd(fd, path, LARGEST_PROGRAM, data, length, error);
}

static const char *folder_of(struct arena *arena, const char *path)
{
    return arena_copy(arena, path, (size_t)(strrchr(path, '/') - path));
}

static void push(struct closure *closure, struct needed_file file)
{
    for (size_t i = 0; i < closure->count; i++)
        if (strcmp(closure->files[i].path, file.path) == 0)
            return;
    *ARENA_PUSH(closure->arena, closure->files, closure->count) = file;
}

/* Takes `file` as the library `name` if it can work with the program; another kind of machine is
 * passed over, as the loader does it. */
static int try_library(struct family *family, const struct object *parent, const char *name,
                       struct needed_file file)
{
    struct closure *closure = family->closure;
    auto_string data = NULL;
    size_t length = 0;
    struct elf elf;
    struct error ignored; /* what cannot be read here may lie in the next folder */
    if (read_file(closure, file.source, &data, &length, &ignored) < 0 ||
        elf_read(closure->arena, file.source, data, length, &elf, &ignored) < 0)
        return 0;
    if (elf.class != family->objects[0]->elf.class ||
        elf.machine != family->objects[0]->elf.machine)
        return 0;
    struct object *object = arena_alloc(closure->arena, sizeof(*object));
    *object = (struct object){file, parent, name, elf};
    *ARENA_PUSH(closure->arena, family->objects, family->count) = object;
    push(closure, file);
    return 1;
}

/* $ORIGIN is where the object that says it lies: one folder now, perhaps another in the image. */
static const char *expand(struct arena *arena, const char *text, const char *origin)
{
    static const char *const spellings[] = {"$ORIGIN", "${ORIGIN}"};
    for (size_t i = 0; i < ARRAY_LENGTH(spellings); i++) {
        const char *at = strstr(text, spellings[i]);
        if (at)
            return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, origin,
                                at + strlen(spellings[i]));
    }
    return text;
}

static int try_spelling(struct family *family, const struct object *parent, const char *name,
                        const struct object *speaker, const char *spelling)
{
    struct arena *arena = family->closure->arena;
    const char *path = expand(arena, spelling, folder_of(arena, speaker->file.path));
    const char *source = expand(arena, spelling, folder_of(arena, speaker->file.source));
    if (path[0] != '/' || source[0] != '/' || strchr(path, '$'))
        return 0;
    return try_library(family, parent, name, (struct needed_file){path, source});
}

/* Looks through an RPATH or RUNPATH of `speaker`. */
static int try_list(struct family *family, const struct object *parent, const char *name,
                    const struct object *speaker, const char *list)
{
    struct arena *arena = family->closure->arena;
    for (const char *at = list; at && *at;) {
        size_t length = strcspn(at, ":");
        const char *spelling = arena_printf(arena, "%.*s/%s", (int)length, at, name);
        if (length && try_spelling(family, parent, name, speaker, spelling))
            return 1;
        at += length + (at[length] == ':');
    }
    return 0;
}

/* Whether the loader looks into `folder` unasked: its own folder and the one with or without /usr
 * in front are built into it. */
static int is_known_to_loader(struct closure *closure, const char *folder, const char *loader)
{
    char real[PATH_MAX];
    struct error ignored; /* a folder that cannot be resolved is not the loader's */
    if (links_resolve(folder, links_on_disk, &closure->root, real, &ignored) < 0)
        return 0;
    if (strncmp(loader, "/usr/", 5) == 0)
        loader += 4;
    return strcmp(real, loader) == 0 ||
           (strncmp(real, "/usr/", 5) == 0 && strcmp(real + 4, loader) == 0);
}

/* An image has no ld.so.cache, so what only ld.so.conf leads to is put beside the loader. */
static int try_folder(struct family *family, const struct object *parent, const char *name,
                      const char *folder)
{
    struct closure *closure = family->closure;
    const char *source = arena_printf(closure->arena, "%s/%s", folder, name), *path = source;
    const char *loader = family->loader_folder;
    if (loader && !is_known_to_loader(closure, folder, loader))
        path = arena_printf(closure->arena, "%s/%s", loader, name);
    return try_library(family, parent, name, (struct needed_file){path, source});
}

static int try_system(struct family *family, const struct object *parent, const char *name)
{
    const struct closure *closure = family->closure;
    for (size_t i = 0; i < closure->configured_count; i++)
        if (try_folder(family, parent, name, closure->configured[i]))
            return 1;
    const char *loader = family->loader_folder;
    if (loader && try_folder(family, parent, name, loader))
        return 1;
    if (loader && try_folder(family, parent, name,
                             strncmp(loader, "/usr/", 5) == 0
                                 ? loader + 4
                                 : arena_printf(closure->arena, "/usr%s", loader)))
        return 1;
    for (size_t i = 0; i < ARRAY_LENGTH(default_folders); i++)
        if (try_folder(family, parent, name, default_folders[i]))
            return 1;
    return 0;
}

static int is_loaded(const struct family *family, const char *name)
{
    for (size_t i = 1; i < family->count; i++) {
        const struct object *object = family->objects[i];
        if (strcmp(object->name, name) == 0 ||
            (object->elf.soname && strcmp(object->elf.soname, name) == 0))
            return 1;
    }
    return 0;
}

/* In the order of ld.so(8). An RPATH counts for everything below the object that has it, but not
 * when the object asking has a RUNPATH. */
static int find_library(struct family *family, const struct object *object, const char *name,
                        struct error *error)
{
    if (is_loaded(family, name))
        return 0;
    if (strchr(name, '/')) {
        if (try_spelling(family, object, name, object, name))
            return 0;
    } else {
        if (!object->elf.runpath)
            for (const struct object *at = object; at; at = at->parent)
                if (!at->elf.runpath && try_list(family, object, name, at, at->elf.rpath))
                    return 0;
        if (try_list(family, object, name, object, object->elf.runpath) ||
            try_system(family, object, name))
            return 0;
    }
    return error_set(
        error, ENOENT,
        "\"%s\" needs the library \"%s\", which is nowhere on this system: install the "
        "package that has it",
        object->file.source, name);
}

static int add_interpreter(struct family *family, const char *interpreter, struct error *error)
{
    struct closure *closure = family->closure;
    const struct object *program = family->objects[0];
    char real[PATH_MAX];
    int code = links_resolve(interpreter, links_on_disk, &closure->root, real, error);
    if (code < 0)
        return code;
    if (!try_library(family, program, interpreter, (struct needed_file){interpreter, interpreter}))
        return error_set(error, ENOENT,
                         "\"%s\" needs the loader \"%s\", which is missing or made for another "
                         "machine: install the package that has it",
                         program->file.source, interpreter);
    family->loader_folder = folder_of(closure->arena, real);
    return 0;
}

static int add_libraries(struct closure *closure, const struct object *program, struct error *error)
{
    struct object *first = arena_alloc(closure->arena, sizeof(*first));
    *first = *program;
    struct family family = {.closure = closure};
    *ARENA_PUSH(closure->arena, family.objects, family.count) = first;
    if (first->elf.interpreter) {
        int code = add_interpreter(&family, first->elf.interpreter, error);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < family.count; i++) {
        const struct object *object = family.objects[i];
        for (size_t j = 0; j < object->elf.needed_count; j++) {
            int code = find_library(&family, object, object->elf.needed[j], error);
            if (code < 0)
                return i == 0 ? code : error_prefix(error, "\"%s\"", program->file.source);
        }
    }
    return 0;
}

static int add_program(struct closure *closure, const char *path, const char *source, int depth,
                       struct error *error);

/* The program that `#! /usr/bin/env NAME` starts. */
static int add_by_name(struct closure *closure, const char *script, const char *name, int depth,
                       struct error *error)
{
    for (size_t i = 0; i < (name[0] == '/' ? 1 : ARRAY_LENGTH(program_folders)); i++) {
        const char *folder = name[0] == '/' ? "" : program_folders[i];
        const char *path = arena_printf(closure->arena, "%s/%s", folder, name + (name[0] == '/'));
        auto_fd fd = path_open_in_root(closure->root, path, O_PATH);
        if (fd < 0)
            continue;
        push(closure, (struct needed_file){path, path});
        return add_program(closure, path, path, depth + 1, error);
    }
    return error_set(error, ENOENT,
                     "the script \"%s\" needs the program \"%s\", which is nowhere on this system: "
                     "install the package that has it",
                     script, name);
}

static int add_script(struct closure *closure, const char *source, const char *data, int depth,
                      struct error *error)
{
    char *line = arena_copy(closure->arena, data + 2, strnlen(data + 2, SHEBANG_LENGTH - 2));
    char *rest = NULL;
    line[strcspn(line, "\n")] = '\0';
    const char *interpreter = strtok_r(line, " \t", &rest);
    if (!interpreter || interpreter[0] != '/')
        return error_set(error, ENOEXEC,
                         "the script \"%s\" names no absolute interpreter behind #!", source);
    if (depth == DEEPEST_SCRIPT)
        return error_set(error, ELOOP, "the script \"%s\" is the interpreter of too many others",
                         source);
    push(closure, (struct needed_file){interpreter, interpreter});
    int code = add_program(closure, interpreter, interpreter, depth + 1, error);
    if (code < 0)
        return error_prefix(error, "the interpreter of the script \"%s\"", source);
    if (strcmp(strrchr(interpreter, '/'), "/env") != 0)
        return 0;
    const char *word = strtok_r(NULL, " \t", &rest);
    while (word && (word[0] == '-' || strchr(word, '='))) /* options and variables of env */
        word = strtok_r(NULL, " \t", &rest);
    return word ? add_by_name(closure, source, word, depth, error) : 0;
}

/* Adds what `source` needs, not the file itself. */
static int add_program(struct closure *closure, const char *path, const char *source, int depth,
                       struct error *error)
{
    auto_string data = NULL;
    size_t length = 0;
    int code = read_file(closure, source, &data, &length, error);
    if (!data)
        return code;
    if (strncmp(data, "#!", 2) == 0)
        return add_script(closure, source, data, depth, error);
    struct object program = {.file = {path, source}};
    code = elf_read(closure->arena, source, data, length, &program.elf, error);
    return code < 0 ? code : add_libraries(closure, &program, error);
}

int closure_find(struct arena *arena, int root, const char *path, const char *source,
                 const struct needed_file **files, size_t *count, struct error *error)
{
    struct closure closure = {.arena = arena, .root = root};
    ldconf_read(arena, root, &closure.configured, &closure.configured_count);
    int code = add_program(&closure, path, source, 0, error);
    if (code < 0)
        return code;
    *files = closure.files;
    *count = closure.count;
    return 0;
}
