#include "plan/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

/* The files that led to the one being read, innermost first: an include of one of them is a loop.
 */
struct chain {
    const struct chain *outer;
    const char *file;
    struct origin include;
};

static void load(struct config *config, const char *file, unsigned depth, const struct chain *chain,
                 struct report *report);

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
static void include_matches(struct config *config, const char *pattern, struct origin origin,
                            unsigned depth, const struct chain *chain, struct report *report)
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
    for (struct dirent *entry; list && (entry = readdir(list));)
        if (fnmatch(slash ? slash + 1 : pattern, entry->d_name, FNM_PERIOD) == 0)
            *ARENA_PUSH(config->arena, names, count) =
                arena_printf(config->arena, "%s%s", folder, entry->d_name);
    if (count == 0)
        report_warning(report, origin, "no file matches \"%s\"", pattern);
    else
        qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++)
        load(config, names[i], depth + 1, chain, report);
}

static void include(struct config *config, const struct scfg_directive *directive, unsigned depth,
                    const struct chain *chain, struct report *report)
{
    if (directive->word_count != 2 || directive->has_block) {
        report_error(report, directive->words[0].origin,
                     "\"include\" takes one file or glob, such as: include common.conf");
        return;
    }
    const struct scfg_word *word = &directive->words[1];
    struct chain here = {chain, chain->file, word->origin};
    const char *path = beside(config, chain->file, word->text);
    if (!is_glob(path)) {
        load(config, path, depth + 1, &here, report);
        return;
    }
    include_matches(config, path, word->origin, depth, &here, report);
}

/* Two names of one file, such as a.conf and ./a.conf, are one file. */
static bool same_file(const char *left, const char *right)
{
    auto_string a = realpath(left, NULL);
    auto_string b = realpath(right, NULL);
    return a && b && strcmp(a, b) == 0;
}

/* Whether the file may be read: not in a loop, not for a second time, not one too many. */
static bool may_read(struct config *config, const char *file, struct origin place, unsigned depth,
                     const struct chain *chain, struct report *report)
{
    for (const struct chain *outer = chain; outer; outer = outer->outer) {
        if (same_file(outer->file, file)) {
            report_error(report, place, "\"%s\" includes itself%s%s; remove one include", file,
                         outer == chain ? "" : " by way of ", outer == chain ? "" : chain->file);
            return false;
        }
    }
    if (depth > LOAD_MAX_DEPTH || config->file_count >= LOAD_MAX_FILES) {
        report_error(report, place, "more than %d files, or %d includes deep", LOAD_MAX_FILES,
                     LOAD_MAX_DEPTH);
        return false;
    }
    for (size_t i = 0; i < config->file_count; i++)
        if (same_file(config->files[i].name, file))
            return false; /* included twice says nothing new */
    return true;
}

static void load(struct config *config, const char *file, unsigned depth, const struct chain *chain,
                 struct report *report)
{
    struct origin place = chain ? chain->include : (struct origin){file, 0, 0};
    if (!may_read(config, file, place, depth, chain, report))
        return;
    struct error error;
    char *text;
    size_t length;
    if (path_read(AT_FDCWD, file, SCFG_MAX_SIZE, &text, &length, &error) < 0) {
        const char *remedy = error.code == ENOENT ? "; make it, or correct the name" : "";
        report_error(report, place, "%s%s", error.text, remedy);
        return;
    }
    const char *name = arena_string(config->arena, file);
    struct source_file *source = ARENA_PUSH(config->arena, config->files, config->file_count);
    *source = (struct source_file){name, arena_copy(config->arena, text, length), length, depth,
                                   !chain && depth > 0};
    free(text);

    struct scfg_directive *list = NULL;
    size_t count = 0;
    scfg_parse(config->arena, name, source->text, length, &list, &count, report);
    const struct chain here = {chain, name, place};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].words[0].text, "include") == 0)
            include(config, &list[i], depth, &here, report);
        else
            *ARENA_PUSH(config->arena, config->directives, config->directive_count) = list[i];
    }
}

void load_file(struct config *config, const char *file, unsigned depth, struct report *report)
{
    load(config, file, depth, NULL, report);
}

unsigned load_depth(const struct config *config, struct origin origin)
{
    for (size_t i = 0; i < config->file_count; i++)
        if (strcmp(config->files[i].name, origin.file) == 0)
            return config->files[i].depth;
    return 0;
}
