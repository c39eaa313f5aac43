#include "plan/load.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    glob_t found;
    int code = glob(path, 0, NULL, &found); /* sorted by name */
    if (code == GLOB_NOMATCH)
        report_warning(report, word->origin, "no file matches \"%s\"", path);
    else if (code != 0)
        report_error(report, word->origin, "cannot look for \"%s\": %s", path, strerror(errno));
    for (size_t i = 0; code == 0 && i < found.gl_pathc; i++)
        load(config, arena_string(config->arena, found.gl_pathv[i]), depth + 1, &here, report);
    if (code != GLOB_NOSPACE)
        globfree(&found);
}

/* Two names of one file, such as a.conf and ./a.conf, are one file. */
static bool same_file(const char *left, const char *right)
{
    auto_string a = realpath(left, NULL);
    auto_string b = realpath(right, NULL);
    return a && b && strcmp(a, b) == 0;
}

/* Whether the file may be read: not in a loop, not for a second time, not one too many. */
static bool may_read(struct config *config, const char *file, unsigned depth,
                     const struct chain *chain, struct report *report)
{
    for (const struct chain *outer = chain; outer; outer = outer->outer) {
        if (same_file(outer->file, file)) {
            report_error(report, chain->include, "\"%s\" includes itself%s%s; remove one include",
                         file, outer == chain ? "" : " by way of ",
                         outer == chain ? "" : chain->file);
            return false;
        }
    }
    if (depth > LOAD_MAX_DEPTH || config->file_count >= LOAD_MAX_FILES) {
        report_error(report, chain->include, "more than %d files, or %d includes deep",
                     LOAD_MAX_FILES, LOAD_MAX_DEPTH);
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
    if (!may_read(config, file, depth, chain, report))
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
