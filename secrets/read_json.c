/* JSON by the letter of RFC 8259. json-c has the last of two equal keys and forgets how a number
 * was written; both decide here. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "secrets/scalar.h"
#include "secrets/tree.h"

struct reading {
    struct tree *tree;
    const char *at, *end;
    size_t line, depth;
};

static int read_value(struct reading *reading, struct node *parent, const char *key);

static int fail(const struct reading *reading, const char *what)
{
    return tree_fail(reading->tree, FAULT_CORRUPT, reading->line,
                     "it is no JSON: %s; restore the file", what);
}

static void skip_blanks(struct reading *reading)
{
    for (; reading->at < reading->end && strchr(" \t\r\n", *reading->at) && *reading->at;
         reading->at++)
        if (*reading->at == '\n')
            reading->line++;
}

static bool skip(struct reading *reading, char byte)
{
    skip_blanks(reading);
    if (reading->at == reading->end || *reading->at != byte)
        return false;
    reading->at++;
    return true;
}

/* Four hexadecimal digits; -1: they are not there. */
static long read_unit(struct reading *reading)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    long unit = 0;
    if (reading->end - reading->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *digit = *reading->at ? strchr(digits, *reading->at++) : NULL;
        if (!digit)
            return -1;
        unit = unit * 16 + (digit - digits) % 16;
    }
    return unit;
}

static char *put_character(char *out, unsigned long character)
{
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    *out++ = (char)(first[more] | character >> (6 * more));
    while (more-- > 0)
        *out++ = (char)(0x80 | (character >> (6 * more) & 0x3f));
    return out;
}

/* Half a pair is refused: one reader replaces it, another drops it. */
static char *read_escape(struct reading *reading, char *out)
{
    static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char name = reading->at < reading->end ? *reading->at++ : '\0';
    const char *known = name ? strchr(names, name) : NULL;
    if (known) {
        *out++ = bytes[known - names];
        return out;
    }
    long unit = name == 'u' ? read_unit(reading) : -1;
    if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000))
        return NULL;
    if (unit < 0xd800 || unit >= 0xe000)
        return put_character(out, (unsigned long)unit);
    if (reading->end - reading->at < 6 || reading->at[0] != '\\' || reading->at[1] != 'u')
        return NULL;
    reading->at += 2;
    long low = read_unit(reading);
    if (low < 0xdc00 || low >= 0xe000)
        return NULL;
    return put_character(out, 0x10000 + (unsigned long)((unit - 0xd800) * 0x400 + low - 0xdc00));
}

/* Behind the first quote. What comes out is never longer than what went in. */
static int read_string(struct reading *reading, const char **text, size_t *length)
{
    const char *quote = reading->at;
    while (quote < reading->end && *quote != '"')
        quote += *quote == '\\' && quote + 1 < reading->end ? 2 : 1;
    char *start = arena_alloc(reading->tree->arena, (size_t)(quote - reading->at) + 1);
    char *out = start;
    while (reading->at < reading->end && *reading->at != '"') {
        size_t size = text_character(reading->at, (size_t)(reading->end - reading->at));
        if (size == 0)
            return fail(reading, "a string is not UTF-8");
        if ((unsigned char)*reading->at < ' ')
            return fail(reading, "a string has a control character in it");
        if (*reading->at == '\\') {
            reading->at++;
            out = read_escape(reading, out);
            if (!out)
                return fail(reading, "a string has a wrong escape in it");
            continue;
        }
        memcpy(out, reading->at, size);
        out += size;
        reading->at += size;
    }
    if (reading->at == reading->end)
        return fail(reading, "a string does not end");
    reading->at++;
    *text = start;
    *length = (size_t)(out - start);
    return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int read_members(struct reading *reading, struct node *object)
{
    if (skip(reading, '}'))
        return 0;
    do {
        const char *key = NULL;
        size_t length = 0;
        if (!skip(reading, '"'))
            return fail(reading, "a key is missing");
        int code = read_string(reading, &key, &length);
        if (code == 0)
            code = tree_check_key(reading->tree, key, length, reading->line);
        if (code == 0 && !skip(reading, ':'))
            code = fail(reading, "a colon is missing");
        if (code == 0)
            code = read_value(reading, object, key);
        if (code < 0)
            return code;
    } while (skip(reading, ','));
    return skip(reading, '}') ? 0 : fail(reading, "an object does not end");
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int read_items(struct reading *reading, struct node *list)
{
    if (skip(reading, ']'))
        return 0;
    do {
        int code = read_value(reading, list, NULL);
        if (code < 0)
            return code;
    } while (skip(reading, ','));
    return skip(reading, ']') ? 0 : fail(reading, "a list does not end");
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int read_container(struct reading *reading, struct node *parent, const char *key)
{
    enum node_kind kind = *reading->at++ == '{' ? NODE_MAPPING : NODE_LIST;
    if (reading->depth == TREE_DEEPEST)
        return tree_fail(reading->tree, FAULT_REFUSED, reading->line,
                         "there are more than %d levels; flatten the file", TREE_DEEPEST);
    struct node *node = tree_add(reading->tree, parent, kind, key, reading->line);
    if (!node)
        return -EPERM;
    reading->depth++;
    int code = kind == NODE_MAPPING ? read_members(reading, node) : read_items(reading, node);
    reading->depth--;
    return code;
}

/* -?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)? */
static bool is_number(const char *text)
{
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || (digits > 1 && *text == '0'))
        return false;
    text += digits;
    if (*text == '.') {
        digits = strspn(++text, "0123456789");
        if (digits == 0)
            return false;
        text += digits;
    }
    if (*text != 'e' && *text != 'E')
        return *text == '\0';
    text++;
    text += *text == '-' || *text == '+';
    digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == '\0';
}

static int read_word(struct reading *reading, struct node *parent, const char *key)
{
    size_t length = 0, rest = (size_t)(reading->end - reading->at);
    while (length < rest && !strchr(" \t\r\n,]}", reading->at[length]))
        length++;
    struct node *node =
        tree_add_string(reading->tree, parent, key, reading->at, length, reading->line);
    if (!node)
        return -EPERM;
    reading->at += length;
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0 ||
        strcmp(node->text, "null") == 0)
        return scalar_resolve(reading->tree->arena, node);
    if (!is_number(node->text))
        return fail(reading, "a value is missing or none");
    return scalar_number(reading->tree->arena, node) ? fail(reading, "a number is too large") : 0;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int read_value(struct reading *reading, struct node *parent, const char *key)
{
    skip_blanks(reading);
    if (reading->at == reading->end)
        return fail(reading, "it ends too early");
    if (*reading->at == '{' || *reading->at == '[')
        return read_container(reading, parent, key);
    if (*reading->at != '"')
        return read_word(reading, parent, key);
    const char *text = NULL;
    size_t length = 0, line = reading->line;
    reading->at++;
    int code = read_string(reading, &text, &length);
    if (code < 0)
        return code;
    return tree_add_string(reading->tree, parent, key, text, length, line) ? 0 : -EPERM;
}

int read_json(struct tree *tree, const char *text, size_t length)
{
    struct reading reading = {.tree = tree, .at = text, .end = text + length, .line = 1};
    if (!skip(&reading, '{'))
        return fail(&reading, "it does not begin with \"{\"");
    reading.at--;
    int code = read_value(&reading, &tree->documents, NULL);
    if (code < 0)
        return code;
    skip_blanks(&reading);
    return reading.at == reading.end ? 0 : fail(&reading, "something follows its end");
}
