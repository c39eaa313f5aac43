#include "plan/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "plan/sops_nix.h"

/* The files that led to an include, innermost first: an include of one of them is a loop. */
struct chain {
    const struct chain *outer;
    size_t file; /* its place in config->files */
};

static void load(struct config *config, const char *file, size_t written, struct origin place,
                 const struct chain *chain, unsigned depth, struct report *report);

static bool is_glob(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

/* A relative name is relative to the file that includes it. */
static const char *beside(struct config *config, const char *including, const char *name)
{
    const char *slash = strrchr(including, '/');
    if (name[0] == '/' || !slash)
        return name;
    return arena_printf(config->arena, "%.*s%s", (int)(slash - including + 1), including, name);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Not glob(3): it asks glibc's name services for "~", which a static PID 1 cannot. */
static void load_matches(struct config *config, const char *pattern, size_t written,
                         struct origin origin, const struct chain *chain, unsigned depth,
                         struct report *report)
{
    const char *slash = strrchr(pattern, '/'), **names = NULL;
    size_t folder_length = slash ? (size_t)(slash - pattern) + 1 : 0, count = 0;
    const char *folder = arena_copy(config->arena, pattern, folder_length);
    if (is_glob(folder)) {
        report_error(report, origin,
                     "\"%s\" has a wildcard in a folder; use it in the last part only", pattern);
        return;
    }
    auto_dir list = opendir(slash ? folder : ".");
    if (!list && errno != ENOENT) {
        report_error(report, origin, "cannot list \"%s\": %s; correct the name", folder,
                     strerror(errno));
        return;
    }
    for (struct dirent *entry; list && (entry = readdir(list));)
        if (fnmatch(slash ? slash + 1 : pattern, entry->d_name, FNM_PERIOD) == 0)
            *ARENA_PUSH(config->arena, names, count) =
                arena_printf(config->arena, "%s%s", folder, entry->d_name);
    if (count == 0)
        report_warning(report, origin, "no file matches \"%s\"; ignoring the include", pattern);
    else
        qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++)
        load(config, names[i], written, origin, chain, depth, report);
}

static void include(struct config *config, const struct scfg_directive *directive,
                    const struct chain *chain, unsigned depth, struct report *report)
{
    if (directive->word_count != 2 || directive->has_block) {
        report_error(report, directive->words[0].origin,
                     "\"include\" takes one file or glob, such as: include common.conf");
        return;
    }
    const struct scfg_word *word = &directive->words[1];
    const char *path = beside(config, config->files[chain->file].name, word->text);
    size_t written = strlen(path) - strlen(word->text);
    if (is_glob(path))
        load_matches(config, path, written, word->origin, chain, depth, report);
    else
        load(config, path, written, word->origin, chain, depth, report);
}

/* A shorter way to a file was found: what it includes is nearer, too. */
static void lower(struct config *config, size_t file, unsigned depth)
{
    if (config->files[file].depth <= depth)
        return;
    config->files[file].depth = depth;
    for (size_t i = 0; i < config->include_count; i++)
        if (config->includes[i].from == file)
            lower(config, config->includes[i].to, depth + 1);
}

static void note_include(struct config *config, const struct chain *chain, size_t to,
                         const char *written)
{
    if (chain)
        *ARENA_PUSH(config->arena, config->includes, config->include_count) =
            (struct include){chain->file, to, arena_string(config->arena, written)};
}

/* Whether the file may be read: not in a loop, not for a second time, not one too many. */
static bool may_read(struct config *config, const char *file, size_t written, const char *real,
                     struct origin place, const struct chain *chain, unsigned depth,
                     struct report *report)
{
    for (const struct chain *outer = chain; outer; outer = outer->outer) {
        if (strcmp(config->files[outer->file].real, real) != 0)
            continue;
        if (outer == chain)
            report_error(report, place, "\"%s\" includes itself; remove the include", file);
        else
            report_error(report, place,
                         "\"%s\" includes itself by way of \"%s\"; remove one include", file,
                         config->files[chain->file].name);
        return false;
    }
    for (size_t i = 0; i < config->file_count; i++) {
        if (strcmp(config->files[i].real, real) != 0)
            continue;
        note_include(config, chain, i, file + written);
        lower(config, i, depth);
        return false; /* included twice says nothing new */
    }
    if (depth > LOAD_MAX_DEPTH)
        report_error(report, place, "\"%s\" is included more than %d deep; include it further up",
                     file, LOAD_MAX_DEPTH);
    else if (config->file_count >= LOAD_MAX_FILES)
        report_error(report, place, "\"%s\" is one file too many, after %d; join some", file,
                     LOAD_MAX_FILES);
    else
        return true;
    return false;
}

static const char *remedy(int code)
{
    return code == ENOENT   ? "; make it, or correct the name"
           : code == EISDIR ? "; name a file in it, or all with a glob such as *.conf"
           : code == EFBIG  ? ", which no configuration is; correct the name"
                            : "";
}

/* What the include itself says begins `written` bytes into the name of the file. */
static void load(struct config *config, const char *file, size_t written, struct origin place,
                 const struct chain *chain, unsigned depth, struct report *report)
{
    auto_string real = realpath(file, NULL);
    if (!may_read(config, file, written, real ? real : file, place, chain, depth, report))
        return;
    struct error error;
    char *text;
    size_t length;
    if (path_read(AT_FDCWD, file, SCFG_MAX_SIZE, &text, &length, &error) < 0) {
        report_error(report, place, "%s%s", error.text, remedy(error.code));
        return;
    }
    const char *name = arena_string(config->arena, file);
    const char *own = arena_copy(config->arena, text, length);
    free(text);
    if (chain && sops_nix_is(own)) {
        own = sops_nix_text(config->arena, name, own, length, report);
        length = own ? strlen(own) : 0;
    }
    const struct chain here = {chain, config->file_count};
    *ARENA_PUSH(config->arena, config->files, config->file_count) =
        (struct source_file){.name = name,
                             .text = own ? own : "",
                             .length = length,
                             .real = arena_string(config->arena, real ? real : file),
                             .depth = depth,
                             .added = !chain && depth > 0};
    note_include(config, chain, here.file, file + written);

    struct scfg_directive *list = NULL;
    size_t count = 0;
    scfg_parse(config->arena, name, config->files[here.file].text, length, &list, &count, report);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].words[0].text, "include") == 0)
            include(config, &list[i], &here, depth + 1, report);
        else
            *ARENA_PUSH(config->arena, config->directives, config->directive_count) = list[i];
    }
}

void load_file(struct config *config, const char *file, unsigned depth, struct report *report)
{
    load(config, file, 0, (struct origin){file, 0, 0}, NULL, depth, report);
}

unsigned load_depth(const struct config *config, struct origin origin)
{
    for (size_t i = 0; i < config->file_count; i++)
        if (strcmp(config->files[i].name, origin.file) == 0)
            return config->files[i].depth;
    return 0;
}
