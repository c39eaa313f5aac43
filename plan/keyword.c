#include "plan/keyword.h"

#include <string.h>

#include "plan/hash.h"
#include "plan/suggest.h"

/* A word in a message: enough to recognise it by, for its place is told as well. */
static const char *shown(struct config *config, const char *text)
{
    size_t length = 80;
    if (strlen(text) <= length)
        return text;
    while (((unsigned char)text[length] & 0xc0) == 0x80) /* inside a character */
        length--;
    return arena_printf(config->arena, "%.*s...", (int)length, text);
}

/* Messages end up in logs, where the hash of a password is not to be. */
static const char *shown_value(struct config *config, const struct field *field, const char *text)
{
    if (field->type != FIELD_SHELL || *text != '$')
        return shown(config, text);
    return arena_printf(config->arena, "%.*s...", (int)hash_method_length(text), text);
}

static void read_field(struct config *config, const struct field *field, void *object,
                       const struct scfg_word *word, const char *text, struct report *report)
{
    const struct scfg_word value = {text, word->origin, word->quoted};
    const char *wrong = value_read(config->arena, field, &value, (char *)object + field->offset);
    if (wrong)
        report_error(report, word->origin, "%s \"%s\" %s", field->name,
                     shown_value(config, field, text), wrong);
}

/* `mode=0700`: the length of the name before "=", or 0 for a word that is no option. */
static size_t option_name(const struct scfg_word *word)
{
    size_t length = strspn(word->text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return !word->quoted && length > 0 && word->text[length] == '=' ? length : 0;
}

/* False for an option that is unknown. */
static bool read_option(struct config *config, const struct keyword *row, void *object,
                        const struct scfg_word *word, const struct scfg_directive *directive,
                        struct report *report)
{
    size_t length = option_name(word);
    for (const struct scfg_word *other = directive->words + 1; other < word; other++) {
        if (option_name(other) == length && strncmp(other->text, word->text, length) == 0) {
            report_error(report, word->origin, "option \"%.*s\" is given twice; remove one",
                         (int)length, word->text);
            return true;
        }
    }
    const char *known[16];
    for (size_t i = 0; i < row->option_count; i++) {
        known[i] = row->options[i].name;
        if (strlen(known[i]) == length && strncmp(known[i], word->text, length) == 0) {
            read_field(config, &row->options[i], object, word, word->text + length + 1, report);
            return true;
        }
    }
    const char *name = arena_copy(config->arena, word->text, length);
    const char *near = suggest(name, known, row->option_count);
    report_error(report, word->origin, "\"%s\" has no option \"%s\"; %s%s%s", row->name,
                 shown(config, name),
                 near ? "did you mean \"" : "write: ", near ? near : row->usage, near ? "\"?" : "");
    return false;
}

static void read_words(struct config *config, const struct keyword *row, void *object,
                       const struct scfg_directive *directive, struct report *report)
{
    size_t taken = 0;
    bool strange = false; /* an unknown option may be a parameter, such as uuid=… */
    for (size_t i = 1; i < directive->word_count; i++) {
        const struct scfg_word *word = &directive->words[i];
        if (option_name(word)) {
            strange |= !read_option(config, row, object, word, directive, report);
        } else if (taken < row->parameter_count) {
            read_field(config, &row->parameters[taken++], object, word, word->text, report);
        } else {
            report_error(report, word->origin, "\"%s\" is one word too many; write: %s",
                         shown(config, word->text), row->usage);
            return;
        }
    }
    if (taken < row->parameter_count && row->parameters[taken].type != FIELD_PLACE_IF_ANY &&
        !strange)
        report_error(report, directive->words[0].origin, "\"%s\" lacks its %s; write: %s",
                     row->name, row->parameters[taken].name, row->usage);
}

static const struct keyword *find_row(const struct keyword *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* `fs` twice in one volume: neither can be meant. */
static void refuse_repeats(const struct keyword *row, const struct scfg_directive *directive,
                           struct report *report)
{
    for (size_t i = 0; i < directive->child_count; i++) {
        const struct scfg_word *word = &directive->children[i].words[0];
        const struct keyword *child = find_row(row->children, row->child_count, word->text);
        for (size_t j = 0; child && !child->repeats && j < i; j++) {
            const struct scfg_word *first = &directive->children[j].words[0];
            if (strcmp(first->text, word->text) != 0)
                continue;
            report_error(report, word->origin,
                         "\"%s\" stands twice in this \"%s\", first at %s; remove one", word->text,
                         row->name, origin_text(report->arena, first->origin));
            break;
        }
    }
}

/* The block in which a word would be known, NULL for none. */
static const char *home_of(const char *word)
{
    for (size_t i = 0; i < language_length; i++)
        if (find_row(language[i].children, language[i].child_count, word))
            return language[i].name;
    return NULL;
}

static void unknown(struct config *config, const struct keyword *rows, size_t count,
                    const char *block, const struct scfg_word *word, struct report *report)
{
    const char *home = home_of(word->text);
    bool top =
        strcmp(word->text, "include") == 0 || find_row(language, language_length, word->text);
    config->incomplete = true;
    if (home || top) {
        report_error(report, word->origin, "\"%s\" belongs %s%s%s; move it there", word->text,
                     top ? "outside of all blocks" : "in the block of \"", top ? "" : home,
                     top ? "" : "\"");
        return;
    }
    const char *known[24];
    size_t known_count = 0;
    for (; known_count < count; known_count++)
        known[known_count] = rows[known_count].name;
    if (!block)
        known[known_count++] = "include";
    const char *near = suggest(word->text, known, known_count);
    report_error(report, word->origin, "unknown directive \"%s\"%s%s%s%s%s%s",
                 shown(config, word->text), block ? " in \"" : "", block ? block : "",
                 block ? "\"" : "", near ? "; did you mean \"" : "; see ebb.conf(5)",
                 near ? near : "", near ? "\"?" : "");
}

void keyword_read(struct config *config, const struct keyword *rows, size_t row_count, void *parent,
                  const char *block, struct scfg_directive *directive, struct report *report)
{
    const struct keyword *row = find_row(rows, row_count, directive->words[0].text);
    if (!row) {
        unknown(config, rows, row_count, block, &directive->words[0], report);
        return;
    }
    void *object = row->object(config, parent, directive);
    directive->row = row;
    directive->object = object;
    read_words(config, row, object, directive, report);
    if (row->stored)
        row->stored(config, object, directive);
    if (directive->has_block && row->child_count == 0)
        report_error(report, directive->words[0].origin, "\"%s\" takes no block; write: %s",
                     row->name, row->usage);
    refuse_repeats(row, directive, report);
    for (size_t i = 0; row->child_count > 0 && i < directive->child_count; i++)
        keyword_read(config, row->children, row->child_count, object, row->name,
                     &directive->children[i], report);
}
