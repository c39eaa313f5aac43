/* Events of libyaml become a tree. What YAML has beyond mappings, lists and scalars is refused: an
 * alias makes a large tree of a small file, and a tag says that a value is not what it looks like.
 */

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "secrets/scalar.h"
#include "secrets/tree.h"

struct reading {
    struct tree *tree;
    struct node *parents[TREE_DEEPEST + 1]; /* the documents, and what is open in them */
    size_t depth;                           /* of the last one */
    const char *key;                        /* read, and its value not yet */
    size_t line;
};

static void delete_parser(yaml_parser_t *parser)
{
    yaml_parser_delete(parser);
}

static void delete_event(yaml_event_t *event)
{
    yaml_event_delete(event);
}

static bool wants_key(const struct reading *reading)
{
    return reading->parents[reading->depth]->kind == NODE_MAPPING && !reading->key;
}

static struct node *add(struct reading *reading, enum node_kind kind)
{
    struct node *node = tree_add(reading->tree, reading->parents[reading->depth], kind,
                                 reading->key, reading->line);
    reading->key = NULL;
    return node;
}

static int refuse_anchor(struct reading *reading, const void *anchor)
{
    return anchor ? tree_fail(reading->tree, FAULT_REFUSED, reading->line,
                              "there is an anchor; write what it stands for in its places")
                  : 0;
}

/* libyaml has added the tags that are implied already, where none is written. */
static int refuse_tag(struct reading *reading, const void *tag, const char *usual)
{
    return tag && strcmp(tag, usual) != 0 && strcmp(tag, "!") != 0
               ? tree_fail(reading->tree, FAULT_REFUSED, reading->line,
                           "there is a tag, which Ebb does not read; remove it")
               : 0;
}

static int open_node(struct reading *reading, enum node_kind kind)
{
    if (reading->depth == TREE_DEEPEST)
        return tree_fail(reading->tree, FAULT_REFUSED, reading->line,
                         "there are more than %d levels; flatten the file", TREE_DEEPEST);
    if (wants_key(reading))
        return tree_fail(reading->tree, FAULT_CORRUPT, reading->line,
                         "a key is no string; make it one");
    if (reading->depth == 0 && kind == NODE_LIST)
        return tree_fail(reading->tree, FAULT_CORRUPT, reading->line,
                         "the document is a list; make it a mapping");
    struct node *node = add(reading, kind);
    if (!node)
        return -EPERM;
    reading->parents[++reading->depth] = node;
    return 0;
}

static int read_key(struct reading *reading, const struct node *scalar)
{
    if (scalar->type != SCALAR_STRING)
        return tree_fail(reading->tree, FAULT_CORRUPT, reading->line,
                         "a key is no string; put it in quotes");
    reading->key = scalar->text;
    return tree_check_key(reading->tree, scalar->text, scalar->length, reading->line);
}

static int read_scalar(struct reading *reading, const yaml_event_t *event)
{
    struct tree *tree = reading->tree;
    struct node scalar = {.length = event->data.scalar.length};
    scalar.text =
        arena_copy(tree->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    int code = refuse_anchor(reading, event->data.scalar.anchor);
    if (code == 0)
        code = refuse_tag(reading, event->data.scalar.tag, YAML_STR_TAG);
    if (code < 0)
        return code;
    if (event->data.scalar.plain_implicit && !event->data.scalar.tag &&
        event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
        scalar_resolve(tree->arena, &scalar) < 0)
        return tree_fail(tree, FAULT_CORRUPT, reading->line,
                         "there is a number that is too large; put it in quotes");
    if (wants_key(reading))
        return read_key(reading, &scalar);
    if (reading->depth == 0 && scalar.type != SCALAR_NULL)
        return tree_fail(tree, FAULT_CORRUPT, reading->line,
                         "the document is no mapping; make it one");
    struct node *node = add(reading, reading->depth ? NODE_SCALAR : NODE_MAPPING);
    if (!node)
        return -EPERM;
    node->type = scalar.type;
    node->text = scalar.text;
    node->length = scalar.length;
    node->hashed = scalar.hashed;
    return 0;
}

static int read_event(struct reading *reading, const yaml_event_t *event)
{
    int code = 0;
    reading->line = event->start_mark.line + 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(reading, event);
    case YAML_MAPPING_START_EVENT:
        code = refuse_anchor(reading, event->data.mapping_start.anchor);
        if (code == 0)
            code = refuse_tag(reading, event->data.mapping_start.tag, YAML_MAP_TAG);
        return code ? code : open_node(reading, NODE_MAPPING);
    case YAML_SEQUENCE_START_EVENT:
        code = refuse_anchor(reading, event->data.sequence_start.anchor);
        if (code == 0)
            code = refuse_tag(reading, event->data.sequence_start.tag, YAML_SEQ_TAG);
        return code ? code : open_node(reading, NODE_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        reading->depth--;
        return 0;
    case YAML_ALIAS_EVENT:
        return tree_fail(reading->tree, FAULT_REFUSED, reading->line,
                         "there is an alias; write what it stands for instead");
    default: /* begin and end of documents and of the stream */
        return 0;
    }
}

int read_yaml(struct tree *tree, const char *text, size_t length)
{
    struct reading reading = {.tree = tree, .parents = {&tree->documents}};
    AUTO(delete_parser) yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        memory_exhausted();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    for (bool more = true; more;) {
        AUTO(delete_event) yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            memset(&event, 0, sizeof(event));
            return tree_fail(tree, FAULT_CORRUPT, parser.problem_mark.line + 1,
                             "it is no YAML: %s; restore the file", parser.problem);
        }
        int code = read_event(&reading, &event);
        if (code < 0)
            return code;
        more = event.type != YAML_STREAM_END_EVENT;
    }
    return 0;
}
