#include "plan/scfg.h"

#include <string.h>

#include "base/text.h"

struct parser {
    struct arena *arena;
    struct report *report;
    const char *file;
    const char *text, *at, *end;
    unsigned line, column;
    char *out;    /* where the next word goes: without its quotes it is no longer than its text */
    bool stopped; /* the rest was given up, and nothing further can be said of it */
};

static struct origin here(const struct parser *parser)
{
    return (struct origin){parser->file, parser->line, parser->column};
}

static size_t offset(const struct parser *parser)
{
    return (size_t)(parser->at - parser->text);
}

static bool at_end(const struct parser *parser)
{
    return parser->at == parser->end;
}

static void advance(struct parser *parser)
{
    unsigned char byte = (unsigned char)*parser->at++;
    if (byte == '\n') {
        parser->line++;
        parser->column = 1;
    } else if ((byte & 0xc0) != 0x80) { /* columns count characters, not bytes */
        parser->column++;
    }
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static void skip_line(struct parser *parser)
{
    while (!at_end(parser) && *parser->at != '\n')
        advance(parser);
}

/* To the next thing that is neither blank nor comment; line ends stop it. */
static void skip_blanks(struct parser *parser)
{
    while (!at_end(parser) && is_blank(*parser->at))
        advance(parser);
    if (!at_end(parser) && *parser->at == '#')
        skip_line(parser);
}

/* Of the control characters, a text file needs those that part words and lines. */
static bool is_unwanted(const char *text, size_t length)
{
    bool parts = *text == '\t' || *text == '\n' || *text == '\r';
    return text_is_control(text, length) && !parts;
}

/* Bytes that no editor writes into a configuration end the parse of the file. */
static bool is_text(struct parser *parser)
{
    struct parser scan = *parser;
    while (!at_end(&scan)) {
        size_t length = text_character(scan.at, (size_t)(scan.end - scan.at));
        unsigned char byte = (unsigned char)*scan.at;
        bool lone = byte == '\r' && (scan.at + 1 == scan.end || scan.at[1] != '\n');
        if (length == 0 || lone || is_unwanted(scan.at, length)) {
            report_error(parser->report, here(&scan),
                         length == 0 ? "the byte 0x%02x is not UTF-8; save the file as UTF-8 text"
                                     : "there is a control character (0x%02x); remove it",
                         length == 2 ? (unsigned char)scan.at[1] : byte);
            return false;
        }
        for (size_t i = 0; i < length; i++)
            advance(&scan);
    }
    return true;
}

static bool ends_word(char byte)
{
    return is_blank(byte) || byte == '\n' || byte == ';';
}

/* Appends the inside of a quote to the word. False if the line ends before the quote does. */
static bool read_quote(struct parser *parser)
{
    struct origin start = here(parser);
    char quote = *parser->at;
    for (advance(parser); !at_end(parser) && *parser->at != '\n'; advance(parser)) {
        if (*parser->at == quote) {
            advance(parser);
            return true;
        }
        if (quote == '"' && *parser->at == '\\') {
            advance(parser);
            if (at_end(parser) || *parser->at == '\n')
                break;
        }
        *parser->out++ = *parser->at;
    }
    report_error(parser->report, start, "the quote %c is not closed on its line; close it", quote);
    return false;
}

static bool read_word(struct parser *parser, struct scfg_word *word)
{
    bool good = true;
    word->text = parser->out;
    word->origin = here(parser);
    word->quoted = *parser->at == '"' || *parser->at == '\'';
    while (good && !at_end(parser) && !ends_word(*parser->at)) {
        if (*parser->at == '"' || *parser->at == '\'') {
            good = read_quote(parser);
            continue;
        }
        if (*parser->at == '\\') {
            advance(parser);
            if (at_end(parser) || *parser->at == '\r' || *parser->at == '\n') {
                report_error(parser->report, word->origin,
                             "nothing follows the backslash, and no line is continued on the next; "
                             "join the two");
                skip_line(parser);
                if (!at_end(parser))
                    advance(parser); /* its continuation is skipped, too */
                good = false;
                break;
            }
        }
        *parser->out++ = *parser->at;
        advance(parser);
    }
    *parser->out++ = '\0'; /* there is room: a blank, a line end or the end of the text follows */
    return good;
}

/* Behind a word that is broken: to the end of the line, or to the brace that stands there, so that
 * one missing quote is not followed by complaints about the whole block. */
static void skip_broken_line(struct parser *parser, const char *start)
{
    skip_line(parser);
    const char *last = parser->at;
    while (last > start && is_blank(last[-1]))
        last--;
    if (last - start < 2 || !strchr("{}", last[-1]) || !ends_word(last[-2]))
        return;
    parser->column -= (unsigned)(parser->at - last) + 1;
    parser->at = last - 1;
}

static void parse_block(struct parser *parser, struct scfg_directive **list, size_t *count,
                        unsigned depth, const struct scfg_word *owner);

/* Behind the `{` of `directive`. */
static bool parse_children(struct parser *parser, struct scfg_directive *directive, unsigned depth)
{
    directive->has_block = true;
    if (depth >= SCFG_MAX_DEPTH) {
        report_error(parser->report, here(parser),
                     "the block of \"%s\" lies more than %d blocks deep; close one above it",
                     directive->words[0].text, SCFG_MAX_DEPTH);
        parser->at = parser->end;
        parser->stopped = true;
        return false;
    }
    advance(parser);
    parse_block(parser, &directive->children, &directive->child_count, depth + 1,
                &directive->words[0]);
    directive->end = offset(parser);
    directive->close = directive->end - 1;
    skip_blanks(parser);
    bool ended = at_end(parser) || *parser->at == '\n' || *parser->at == ';' || *parser->at == '}';
    if (!ended) {
        report_error(parser->report, here(parser),
                     "a new directive begins behind \"}\"; put it on a line of its own");
        skip_line(parser);
    }
    return true;
}

static void parse_directive(struct parser *parser, struct scfg_directive **list, size_t *count,
                            unsigned depth)
{
    struct scfg_directive directive = {0};
    bool good = true;
    for (;;) {
        skip_blanks(parser);
        if (at_end(parser) || *parser->at == '\n' || *parser->at == ';' || *parser->at == '}')
            break;
        if (*parser->at == '{') {
            if (directive.word_count == 0) {
                report_error(parser->report, here(parser),
                             "\"{\" stands alone; put it on the line of its directive");
                directive.words = ARENA_PUSH(parser->arena, directive.words, directive.word_count);
                *directive.words = (struct scfg_word){"", here(parser), true};
                good = false;
            }
            good = parse_children(parser, &directive, depth) && good;
            break;
        }
        struct scfg_word *word = ARENA_PUSH(parser->arena, directive.words, directive.word_count);
        const char *start = parser->at;
        if (directive.word_count == 1)
            directive.begin = offset(parser);
        if (!read_word(parser, word)) {
            skip_broken_line(parser, start);
            good = false;
        }
        directive.end = offset(parser);
    }
    if (good && directive.word_count > 0)
        *ARENA_PUSH(parser->arena, *list, *count) = directive;
}

/* Directives up to the "}" that closes `owner`'s block, or to the end of the file without one. */
static void parse_block(struct parser *parser, struct scfg_directive **list, size_t *count,
                        unsigned depth, const struct scfg_word *owner)
{
    for (;;) {
        skip_blanks(parser);
        if (at_end(parser)) {
            if (owner && !parser->stopped)
                report_error(parser->report, owner->origin,
                             "the block of \"%s\" is not closed; add a line with \"}\"",
                             owner->text);
            return;
        }
        if (*parser->at == '\n' || *parser->at == ';') {
            advance(parser);
        } else if (*parser->at == '}') {
            struct origin place = here(parser);
            advance(parser);
            if (owner)
                return;
            report_error(parser->report, place, "\"}\" closes nothing; remove it");
        } else {
            parse_directive(parser, list, count, depth);
        }
    }
}

void scfg_parse(struct arena *arena, const char *file, const char *text, size_t length,
                struct scfg_directive **directives, size_t *count, struct report *report)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */
    struct parser parser = {.arena = arena,
                            .report = report,
                            .file = arena_string(arena, file),
                            .text = text,
                            .at = text,
                            .end = text + length,
                            .line = 1,
                            .column = 1};
    if (length > SCFG_MAX_SIZE) {
        report_error(report, (struct origin){parser.file, 0, 0},
                     "the file has %zu bytes, and a configuration at most %d; name the right file",
                     length, SCFG_MAX_SIZE);
        return;
    }
    if (length >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0)
        parser.at += strlen(mark);
    if (!is_text(&parser))
        return;
    parser.out = arena_alloc(arena, length + 1);
    parse_block(&parser, directives, count, 0, NULL);
}

/* Quotes always where any byte could be read as syntax, or the word would look like an option. */
static void print_word(const struct scfg_word *word, FILE *stream)
{
    if (*word->text && !word->quoted && !strpbrk(word->text, " \t\r;\"'\\") &&
        !strchr("#{}", word->text[0])) {
        fputs(word->text, stream);
        return;
    }
    const char *value = word->text;
    if (!word->quoted) { /* an option keeps its name outside of the quotes */
        size_t name = strcspn(value, "= \t;\"'\\#{}");
        if (name > 0 && value[name] == '=') {
            fwrite(value, 1, name + 1, stream);
            value += name + 1;
        }
    }
    fputc('"', stream);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            fputc('\\', stream);
        fputc(*value, stream);
    }
    fputc('"', stream);
}

void scfg_print(const struct scfg_directive *directive, unsigned depth, FILE *stream)
{
    if (directive->dropped)
        return;
    fprintf(stream, "%*s", (int)depth * 4, "");
    for (size_t i = 0; i < directive->word_count; i++) {
        if (i > 0)
            fputc(' ', stream);
        print_word(&directive->words[i], stream);
    }
    fputs(directive->has_block ? " {\n" : "\n", stream);
    for (size_t i = 0; i < directive->child_count; i++)
        scfg_print(&directive->children[i], depth + 1, stream);
    if (directive->has_block)
        fprintf(stream, "%*s}\n", (int)depth * 4, "");
}
