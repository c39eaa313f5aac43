/* The file as it was before SOPS encrypted it, for programs that read one of that kind: its first
 * document, without comments. Strings of YAML are all in quotes, so that none of them is taken for
 * something else. */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "secrets/sops.h"
#include "secrets/tree.h"

/* Written twice: once to learn how long it is, so that no copy lies about. */
struct writer {
    const struct sops *sops;
    size_t next; /* leaf: they are in the order of the tree */
    unsigned char *bytes;
    size_t length;
};

static void put(struct writer *writer, const void *bytes, size_t length)
{
    if (writer->bytes)
        memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_indent(struct writer *writer, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        put_text(writer, "    ");
}

/* As JSON and YAML read it. */
static void put_quoted(struct writer *writer, const char *bytes, size_t length)
{
    static const char special[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
    put_text(writer, "\"");
    for (const char *at = bytes, *end = at + length; at < end; at++) {
        char escaped[8];
        const char *found = *at ? strchr(special, *at) : NULL;
        if (found)
            snprintf(escaped, sizeof(escaped), "\\%c", names[found - special]);
        else if ((unsigned char)*at < ' ' || *at == 0x7f)
            snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*at);
        else
            snprintf(escaped, sizeof(escaped), "%c", *at);
        put_text(writer, escaped);
    }
    put_text(writer, "\"");
}

static const struct sops_leaf *take(struct writer *writer)
{
    return &writer->sops->leaves[writer->next++];
}

static void put_scalar(struct writer *writer)
{
    const struct sops_leaf *leaf = take(writer);
    const char *text = (const char *)leaf->value.bytes;
    if (!leaf->bare)
        put_quoted(writer, text, leaf->value.length);
    else if (leaf->value.length == 0)
        put_text(writer, "null");
    else if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)
        put_text(writer, text[0] == 't' || text[0] == 'T' ? "true" : "false");
    else
        put_text(writer, text);
}

/* As deep as the readers let a file be; likewise below. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void put_json(struct writer *writer, const struct node *node, unsigned depth)
{
    bool is_list = node->kind == NODE_LIST;
    if (node->kind == NODE_SCALAR) {
        put_scalar(writer);
        return;
    }
    put_text(writer, is_list ? "[" : "{");
    for (const struct node *child = node->first; child; child = child->next) {
        put_text(writer, "\n");
        put_indent(writer, depth + 1);
        if (!is_list) {
            put_quoted(writer, child->key, strlen(child->key));
            put_text(writer, ": ");
        }
        put_json(writer, child, depth + 1);
        if (child->next)
            put_text(writer, ",");
    }
    if (node->first) {
        put_text(writer, "\n");
        put_indent(writer, depth);
    }
    put_text(writer, is_list ? "]" : "}");
}

/* What is in a line of its own: items, and keys with what they name. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void put_yaml(struct writer *writer, const struct node *node, unsigned depth)
{
    for (const struct node *child = node->first; child; child = child->next) {
        put_indent(writer, depth);
        if (node->kind == NODE_LIST) {
            put_text(writer, "-");
        } else {
            put_quoted(writer, child->key, strlen(child->key));
            put_text(writer, ":");
        }
        if (child->kind != NODE_SCALAR && child->first) {
            put_text(writer, "\n");
            put_yaml(writer, child, depth + 1);
            continue;
        }
        put_text(writer, " ");
        put_json(writer, child, depth);
        put_text(writer, "\n");
    }
}

/* The names of keys are as they stand there, and only "\n" means something. */
static void put_dotenv(struct writer *writer, const struct node *document)
{
    for (const struct node *child = document->first; child; child = child->next) {
        const struct sops_leaf *leaf = take(writer);
        put_text(writer, child->key);
        put_text(writer, "=");
        for (size_t i = 0; i < leaf->value.length; i++) {
            bool is_newline = leaf->value.bytes[i] == '\n';
            put(writer, is_newline ? (const void *)"\\n" : &leaf->value.bytes[i],
                is_newline ? 2 : 1);
        }
        put_text(writer, "\n");
    }
}

static const char *ini_quote(const struct secret *value)
{
    const char *text = (const char *)value->bytes;
    if (memchr(text, '\n', value->length))
        return "\"\"\"";
    return text[strcspn(text, "#;\"'\\`")] || *text == ' ' || *text == '\t' ? "`" : "";
}

static void put_ini(struct writer *writer, const struct node *document)
{
    for (const struct node *section = document->first; section; section = section->next) {
        if (strcmp(section->key, "DEFAULT") != 0 || section != document->first) {
            put_text(writer, section == document->first ? "[" : "\n[");
            put_text(writer, section->key);
            put_text(writer, "]\n");
        }
        for (const struct node *child = section->first; child; child = child->next) {
            const struct sops_leaf *leaf = take(writer);
            const char *quote = ini_quote(&leaf->value);
            put_text(writer, child->key);
            put_text(writer, " = ");
            put_text(writer, quote);
            put(writer, leaf->value.bytes, leaf->value.length);
            put_text(writer, quote);
            put_text(writer, "\n");
        }
    }
}

static void put_file(struct writer *writer, enum sops_format format)
{
    const struct node *document = writer->sops->document;
    switch (format) {
    case SOPS_JSON:
        put_json(writer, document, 0);
        put_text(writer, "\n");
        break;
    case SOPS_YAML:
        if (document->first)
            put_yaml(writer, document, 0);
        else
            put_text(writer, "{}\n");
        break;
    case SOPS_DOTENV:
        put_dotenv(writer, document);
        break;
    case SOPS_INI:
        put_ini(writer, document);
        break;
    case SOPS_BINARY: {
        const struct sops_leaf *data = sops_find(writer->sops, "data");
        if (data)
            put(writer, data->value.bytes, data->value.length);
        break;
    }
    }
}

void sops_write(const struct sops *sops, enum sops_format format, struct secret *text)
{
    struct writer writer = {.sops = sops};
    *text = (struct secret){0};
    if (!sops->document)
        return;
    put_file(&writer, format);
    *text = secret_new(writer.length);
    writer = (struct writer){.sops = sops, .bytes = text->bytes};
    put_file(&writer, format);
}
