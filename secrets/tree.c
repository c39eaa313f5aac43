#include "secrets/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const int fault_codes[] = {
    [FAULT_NO_MATCH] = ENOKEY, [FAULT_UNSUPPORTED] = EOPNOTSUPP, [FAULT_CORRUPT] = EBADMSG,
    [FAULT_TAMPERED] = EBADE,  [FAULT_REFUSED] = EPERM,
};

int tree_fail(struct tree *tree, enum fault fault, size_t line, const char *format, ...)
{
    char text[sizeof(tree->error->text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    *tree->fault = fault;
    if (line)
        return error_set(tree->error, fault_codes[fault], "\"%s\", line %zu: %s", tree->name, line,
                         text);
    return error_set(tree->error, fault_codes[fault], "\"%s\" %s", tree->name, text);
}

struct node *tree_add(struct tree *tree, struct node *parent, enum node_kind kind, const char *key,
                      size_t line)
{
    if (tree->nodes == TREE_MOST_NODES) {
        tree_fail(tree, FAULT_REFUSED, line, "there are more than %d values; split the file",
                  TREE_MOST_NODES);
        return NULL;
    }
    struct node *node = arena_alloc(tree->arena, sizeof(*node));
    tree->nodes++;
    node->kind = kind;
    node->key = key;
    node->line = line;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

struct node *tree_add_string(struct tree *tree, struct node *parent, const char *key,
                             const char *text, size_t length, size_t line)
{
    struct node *node = tree_add(tree, parent, NODE_SCALAR, key, line);
    if (node) {
        node->text = arena_copy(tree->arena, text, length);
        node->length = length;
    }
    return node;
}

struct node *tree_child(const struct node *parent, const char *key)
{
    struct node *child = parent->first;
    while (child && (!child->key || strcmp(child->key, key) != 0))
        child = child->next;
    return child;
}

int tree_check_key(struct tree *tree, const char *key, size_t length, size_t line)
{
    if (length > TREE_LONGEST_KEY)
        return tree_fail(tree, FAULT_REFUSED, line, "a key is longer than %d bytes; shorten it",
                         TREE_LONGEST_KEY);
    for (size_t i = 0; i < length;) {
        size_t size = text_character(key + i, length - i);
        if (size == 0)
            return tree_fail(tree, FAULT_REFUSED, line, "a key is not UTF-8; rename it");
        if (text_is_control(key + i, size))
            return tree_fail(tree, FAULT_REFUSED, line,
                             "a key has a control character in it; rename it");
        i += size;
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct node *one = *(struct node *const *)a, *other = *(struct node *const *)b;
    int order = strcmp(one->key, other->key);
    return order ? order : (one->line > other->line) - (one->line < other->line);
}

/* Sorted, because a file may be made of nothing but keys. */
static int check_mapping(struct tree *tree, const struct node *mapping)
{
    size_t count = 0;
    for (struct node *child = mapping->first; child; child = child->next)
        count++;
    struct node **sorted = arena_alloc(tree->arena, count * sizeof(*sorted));
    count = 0;
    for (struct node *child = mapping->first; child; child = child->next)
        sorted[count++] = child;
    qsort(sorted, count, sizeof(*sorted), by_key);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return tree_fail(tree, FAULT_REFUSED, sorted[i]->line,
                             "the key \"%s\" stands there twice, first in line %zu, and readers "
                             "differ in which they take; remove one",
                             sorted[i]->key, sorted[i - 1]->line);
    return 0;
}

/* As deep as the readers let a file be. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int check_node(struct tree *tree, const struct node *node)
{
    int code = node->kind == NODE_MAPPING ? check_mapping(tree, node) : 0;
    for (const struct node *child = node->first; child && code == 0; child = child->next)
        code = check_node(tree, child);
    return code;
}

int tree_check_unique(struct tree *tree)
{
    return check_node(tree, &tree->documents);
}
