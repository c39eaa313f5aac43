#include "image/keymap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/run.h"

static const char vconsole[] = "/etc/vconsole.conf", keyboard[] = "/etc/default/keyboard";
static const char magic[] = "bkeymap";

/* What loadkeys is to compile. */
struct source {
    const char *whose; /* how messages call it: the keymap "de" at ebb.conf:3 */
    const char *remedy;
    const char *file; /* "-" for the text; NULL: the kernel's own keymap will do */
    const char *text;
};

static int run(const struct source *source, const struct run *program, struct run_output *output,
               struct error *error)
{
    char path[PATH_MAX];
    struct error why = {0};
    const char *name = program->arguments[0];
    if (run_find(name, program->package, path, sizeof(path), &why) < 0)
        return error_set(error, ENOENT,
                         "%s cannot be compiled without \"%s\"; install the package \"%s\", or "
                         "write \"keymap none\"",
                         source->whose, name, program->package);
    if (run_program(program, output, &why) < 0)
        return error_set(error, why.code,
                         "%s cannot be compiled (%.200s); %s, or write \"keymap none\"",
                         source->whose, why.text, source->remedy);
    return 0;
}

/* A file that is missing has no settings. */
static int read_settings(struct arena *arena, const char *path, const char **text,
                         struct error *error)
{
    auto_string read = NULL;
    int code = path_read(AT_FDCWD, path, 1 << 20, &read, NULL, error);
    *text = code == 0 ? arena_string(arena, read) : "";
    return code == -ENOENT ? 0 : code;
}

/* The value in the last line `key=value`, as a shell reads it; "" if there is none. */
static const char *setting(struct arena *arena, const char *text, const char *key)
{
    const char *value = "";
    size_t length = strlen(key);
    for (const char *line = text; *line; line += *line == '\n') {
        line += strspn(line, " \t");
        if (strncmp(line, key, length) == 0 && line[length] == '=') {
            const char *from = line + length + 1;
            const char quote[] = {*from, '\n', '\0'};
            value = *from == '"' || *from == '\''
                        ? arena_copy(arena, from + 1, strcspn(from + 1, quote))
                        : arena_copy(arena, from, strcspn(from, " \t\r\n;"));
        }
        line += strcspn(line, "\n");
    }
    return value;
}

/* "us" is built into every kernel; systemd calls that "@kernel". */
static bool is_built_in(const char *name)
{
    return strcmp(name, "us") == 0 || strcmp(name, "none") == 0 || strcmp(name, "@kernel") == 0;
}

static void from_name(struct arena *arena, const char *name, const char *place,
                      struct source *source)
{
    if (is_built_in(name))
        return;
    source->whose = arena_printf(arena, "the keymap \"%s\" %s", name, place);
    source->remedy =
        strchr(name, '/') ? "correct it" : "name another one, install the package \"console-data\"";
    source->file = name;
}

/* What Debian compiled before and loads at every boot, unless the settings are newer. Those of
 * other character sets than UTF-8 lack letters. */
static const char *cached(struct arena *arena, const char *root, const char *backspace)
{
    struct stat settings, made;
    const char *from = arena_printf(arena, "%s%s", root, keyboard);
    const char *path =
        arena_printf(arena, "%s/etc/console-setup/cached_UTF-8_%s.kmap.gz", root, backspace);
    if (stat(from, &settings) < 0 || stat(path, &made) < 0)
        return NULL;
    bool newer = made.st_mtim.tv_sec != settings.st_mtim.tv_sec
                     ? made.st_mtim.tv_sec > settings.st_mtim.tv_sec
                     : made.st_mtim.tv_nsec > settings.st_mtim.tv_nsec;
    return newer ? path : NULL;
}

/* The words are those of setupcon(1), so that the result is what it would load. */
static int from_layout(struct arena *arena, const char *root, const char *text,
                       struct source *source, struct error *error)
{
    const char *layout = setting(arena, text, "XKBLAYOUT");
    const char *variant = setting(arena, text, "XKBVARIANT");
    const char *options = setting(arena, text, "XKBOPTIONS");
    const char *model = setting(arena, text, "XKBMODEL");
    bool bs = strcmp(setting(arena, text, "BACKSPACE"), "bs") == 0;
    if ((!*layout || strcmp(layout, "us") == 0) && !*variant && !*options)
        return 0;
    source->whose = arena_printf(arena, "the layout \"%s\" of \"%s%s\"", layout, root, keyboard);
    source->remedy = "correct it";
    source->file = cached(arena, root, bs ? "bs" : "del");
    if (source->file)
        return 0;
    const char *const arguments[] = {"ckbcomp",
                                     "-backspace",
                                     bs ? "bs" : "del",
                                     "-model",
                                     *model ? model : "pc105",
                                     *layout ? layout : "us",
                                     variant,
                                     options,
                                     NULL};
    const struct run ckbcomp = {.arguments = arguments, .package = "console-setup"};
    auto_output output = {0};
    int code = run(source, &ckbcomp, &output, error);
    if (code < 0)
        return code;
    source->file = "-";
    source->text = arena_string(arena, output.text);
    return 0;
}

static int from_machine(struct arena *arena, const char *root, struct source *source,
                        struct error *error)
{
    const char *text, *path = arena_printf(arena, "%s%s", root, vconsole);
    int code = read_settings(arena, path, &text, error);
    if (code < 0)
        return code;
    const char *name = setting(arena, text, "KEYMAP");
    if (*name) {
        from_name(arena, name, arena_printf(arena, "of \"%s\"", path), source);
        return 0;
    }
    code = read_settings(arena, arena_printf(arena, "%s%s", root, keyboard), &text, error);
    return code < 0 ? code : from_layout(arena, root, text, source, error);
}

/* -u: the console is in Unicode mode, and loadkeys has none here to ask. */
static int compile(struct arena *arena, const struct source *source, const char **data,
                   size_t *length, struct error *error)
{
    const char *const arguments[] = {"loadkeys", "-q", "-b", "-u", "--", source->file, NULL};
    const struct run loadkeys = {.arguments = arguments, .package = "kbd", .input = source->text};
    auto_output output = {0};
    int code = run(source, &loadkeys, &output, error);
    if (code < 0)
        return code;
    const char *made = arena_copy(arena, output.text, output.length);
    if (strncmp(made, magic, strlen(magic)) != 0)
        return error_set(error, EPROTO,
                         "%s cannot be compiled (\"loadkeys\" wrote no \"%s\"); use the one of the "
                         "package \"kbd\", or write \"keymap none\"",
                         source->whose, magic);
    *data = made;
    *length = output.length;
    return 0;
}

int keymap_make(struct arena *arena, const struct keymap *declared, const char *root,
                const char **data, size_t *length, struct error *error)
{
    struct source source = {0};
    int code = 0;
    if (declared->name)
        from_name(arena, declared->name,
                  arena_printf(arena, "at %s", origin_line(arena, declared->origin)), &source);
    else
        code = from_machine(arena, root, &source, error);
    *data = "";
    *length = 0;
    return code < 0 || !source.file ? code : compile(arena, &source, data, length, error);
}
