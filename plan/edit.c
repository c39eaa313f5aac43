#include "plan/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "plan/load.h"

enum { INDENT = 4 };

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Where the line begins that the byte at `at` lies in. */
static size_t line_start(const char *text, size_t at)
{
    while (at > 0 && text[at - 1] != '\n')
        at--;
    return at;
}

static size_t skip_blanks(const char *text, size_t at)
{
    while (is_blank(text[at]))
        at++;
    return at;
}

static const struct source_file *file_of(const struct config *config, const char *name)
{
    const struct source_file *file = config->files;
    while (strcmp(file->name, name) != 0)
        file++;
    return file;
}

/* The file with `added` in the place of what lies between two offsets. */
static void exchange(struct arena *arena, struct edit *edit, size_t from, size_t to,
                     const char *added)
{
    const struct source_file *file = edit->file;
    edit->text = arena_printf(arena, "%.*s%s%s", (int)from, file->text, added, file->text + to);
    edit->length = strlen(edit->text);
    edit->line = 1;
    for (size_t i = 0; i < from; i++)
        edit->line += file->text[i] == '\n';
}

/* Every line of `lines` with `indent` before it. */
static const char *indented(struct arena *arena, const char *lines, const char *indent)
{
    const char *result = "";
    for (size_t length; *lines; lines += length) {
        length = strcspn(lines, "\n") + 1;
        result = arena_printf(arena, "%s%s%.*s", result, indent, (int)length, lines);
    }
    return result;
}

/* As words of one line, for a block that is written so. */
static const char *joined(struct arena *arena, const char *lines)
{
    const char *result = "";
    for (size_t length; *lines; lines += length + 1) {
        lines = lines + skip_blanks(lines, 0);
        length = strcspn(lines, "\n");
        result = arena_printf(arena, "%s%s%.*s", result, *result ? " " : "", (int)length, lines);
    }
    return result;
}

/* How what stands in the block is indented: as its last directive that begins a line. */
static const char *indent_in(struct arena *arena, const struct scfg_directive *block,
                             const char *text)
{
    for (size_t i = block->child_count; i-- > 0;) {
        size_t begin = block->children[i].begin, start = line_start(text, begin);
        if (skip_blanks(text, start) == begin)
            return arena_copy(arena, text + start, begin - start);
    }
    size_t start = line_start(text, block->begin);
    return arena_printf(arena, "%.*s%*s", (int)(skip_blanks(text, start) - start), text + start,
                        INDENT, "");
}

/* Before the "}" of the block: on a line of its own, or on that of the block. */
static void add_to_block(struct arena *arena, const struct scfg_directive *block, const char *lines,
                         struct edit *edit)
{
    const char *text = edit->file->text;
    size_t close = block->close, start = line_start(text, close);
    if (skip_blanks(text, start) == close) {
        edit->lines = indented(arena, lines, indent_in(arena, block, text));
        exchange(arena, edit, start, start, edit->lines);
        return;
    }
    size_t last = close;
    while (is_blank(text[last - 1]))
        last--;
    char before = text[last - 1];
    const char *line = joined(arena, lines);
    edit->lines = arena_printf(arena, "%s\n", line);
    exchange(arena, edit, last, last,
             arena_printf(arena, "%s %s%s", before == '{' || before == ';' ? "" : ";", line,
                          last == close ? " " : ""));
}

static bool is_store(const struct declaration *declaration, const struct place *store)
{
    const struct place *place = declaration->object;
    return declaration->kind == DECLARED_STORE && !declaration->directive->dropped &&
           place->volume == store->volume && strcmp(place->path, store->path) == 0;
}

/* `home NAME`, with the path where that is not what everybody expects. */
static const char *home_head(struct arena *arena, const struct home *home)
{
    bool usual = strcmp(home->path, arena_printf(arena, "/home/%s", home->user)) == 0 ||
                 (strcmp(home->user, "root") == 0 && strcmp(home->path, "/root") == 0);
    return arena_printf(arena, usual ? "home %s" : "home %s path=%s", home->user, home->path);
}

static bool is_home(struct arena *arena, const struct scfg_directive *block,
                    const struct home *home)
{
    const char *head = "home";
    for (size_t i = 1; i < block->word_count; i++)
        head = arena_printf(arena, "%s %s", head, block->words[i].text);
    return strcmp(block->words[0].text, "home") == 0 && strcmp(head, home_head(arena, home)) == 0;
}

static const struct scfg_directive *home_in(struct arena *arena, const struct scfg_directive *block,
                                            const struct home *home)
{
    for (size_t i = 0; i < block->child_count; i++)
        if (is_home(arena, &block->children[i], home))
            return &block->children[i];
    return NULL;
}

/* The block for it: the user's home if there is one, else that of the store; of several the first
 * in the file that fewest includes lead to. */
static const struct scfg_directive *choose_block(const struct config *config,
                                                 const struct place *store, const struct home *home)
{
    const struct scfg_directive *chosen = NULL;
    bool found_home = false;
    unsigned depth = 0;
    for (size_t i = 0; i < config->declaration_count; i++) {
        const struct declaration *declaration = config->declarations[i];
        if (!is_store(declaration, store))
            continue;
        const struct scfg_directive *inner =
            home ? home_in(config->arena, declaration->directive, home) : NULL;
        if (chosen &&
            (found_home > !!inner || (found_home == !!inner && depth <= declaration->depth)))
            continue;
        chosen = inner ? inner : declaration->directive;
        found_home = inner;
        depth = declaration->depth;
    }
    return chosen;
}

/* The directive as text, inside of the blocks that it needs. */
static const char *written(struct arena *arena, const struct scfg_directive *directive,
                           const char *const *blocks, size_t count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        memory_exhausted();
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%*s%s {\n", (int)i * INDENT, "", blocks[i]);
    scfg_print(directive, (unsigned)count, stream);
    while (count-- > 0)
        fprintf(stream, "%*s}\n", (int)count * INDENT, "");
    fclose(stream);
    const char *copy = arena_string(arena, text);
    free(text);
    return copy;
}

void edit_add(const struct config *config, const struct place *store, const struct home *home,
              const struct scfg_directive *directive, struct edit *edit)
{
    struct arena *arena = config->arena;
    const struct scfg_directive *block = choose_block(config, store, home);
    const char *const blocks[] = {
        arena_printf(arena, "persist %s:%s", store->volume_name, store->path),
        home ? home_head(arena, home) : NULL};
    size_t count = home ? 2 : 1, there = !block ? 0 : home && is_home(arena, block, home) ? 2 : 1;
    *edit =
        (struct edit){.file = file_of(config, block ? block->words[0].origin.file : config->file),
                      .whole = written(arena, directive, blocks, count),
                      .lines = written(arena, directive, blocks + there, count - there)};
    if (block) {
        add_to_block(arena, block, edit->lines, edit);
        return;
    }
    size_t end = edit->file->length;
    bool ended = end == 0 || edit->file->text[end - 1] == '\n';
    exchange(arena, edit, end, end, arena_printf(arena, "%s\n%s", ended ? "" : "\n", edit->lines));
    edit->line += ended ? 1 : 2;
}

void edit_remove(const struct config *config, const struct persist_entry *entry, struct edit *edit)
{
    const struct declaration *const *declaration =
        (const struct declaration *const *)config->declarations;
    while ((*declaration)->object != entry)
        declaration++;
    const struct scfg_directive *directive = (*declaration)->directive;
    *edit = (struct edit){.file = file_of(config, entry->origin.file)};
    const char *text = edit->file->text;
    size_t begin = directive->begin, end = directive->end, start = line_start(text, begin);
    edit->lines = arena_printf(config->arena, "%.*s\n", (int)(end - begin), text + begin);
    size_t next = skip_blanks(text, end);
    bool separated = text[next] == ';';
    if (separated)
        next = skip_blanks(text, next + 1);
    bool ends_line = !text[next] || text[next] == '\n' || text[next] == '#';
    if (ends_line && skip_blanks(text, start) == begin) { /* it has the line for itself */
        begin = start;
        next += strcspn(text + next, "\n");
        next += text[next] == '\n';
    } else if (!separated) { /* the last on its line: what parted it from the one before goes */
        next = end;
        while (begin > 0 && (is_blank(text[begin - 1]) || text[begin - 1] == ';'))
            begin--;
    }
    exchange(config->arena, edit, begin, next, "");
}

static int refuse(const struct edit *edit, int code, struct error *error)
{
    auto_arena arena = arena_new();
    return error_set(error, code,
                     "cannot write \"%s\": %s; change it there yourself, in line %u: %s",
                     edit->file->real, strerror(code), edit->line, joined(arena, edit->lines));
}

int edit_check(const struct edit *edit, struct error *error)
{
    const char *slash = strrchr(edit->file->real, '/');
    auto_arena arena = arena_new();
    const char *folder =
        arena_copy(arena, edit->file->real, slash ? (size_t)(slash - edit->file->real) + 1 : 0);
    if (access(edit->file->real, W_OK) < 0 || access(slash ? folder : ".", W_OK) < 0)
        return refuse(edit, errno, error);
    return 0;
}

int edit_write(const struct edit *edit, struct error *error)
{
    const struct source_file *file = edit->file;
    auto_string text = NULL;
    size_t length;
    struct stat status;
    int code = path_read(AT_FDCWD, file->real, SCFG_MAX_SIZE, &text, &length, error);
    if (code < 0)
        return code;
    if (length != file->length || memcmp(text, file->text, length) != 0)
        return error_set(error, ESTALE, "\"%s\" was changed meanwhile; do it again", file->real);
    if (stat(file->real, &status) < 0)
        return refuse(edit, errno, error);
    if (path_write(AT_FDCWD, file->real, edit->text, edit->length, status.st_mode & 07777, error) <
        0)
        return refuse(edit, error->code, error);
    if (lchown(file->real, status.st_uid, status.st_gid) < 0)
        return refuse(edit, errno, error);
    return 0;
}
