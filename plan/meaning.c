#include "plan/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "plan/keyword.h"

static struct meaning_thing *add_thing(struct meaning *meaning, const char *key, const char *head)
{
    struct meaning_thing *thing = ARENA_PUSH(meaning->arena, meaning->things, meaning->count);
    *thing = (struct meaning_thing){.key = key, .head = head, .order = meaning->count};
    return thing;
}

static void add_fact(const struct meaning *meaning, struct meaning_thing *thing, const char *name,
                     const char *value, bool said)
{
    *ARENA_PUSH(meaning->arena, thing->facts, thing->count) =
        (struct meaning_fact){name, value, said};
}

static bool is_said(const struct scfg_directive *directive, const char *option)
{
    size_t length = strlen(option);
    for (size_t i = 1; i < directive->word_count; i++) {
        const struct scfg_word *word = &directive->words[i];
        if (!word->quoted && strncmp(word->text, option, length) == 0 && word->text[length] == '=')
            return true;
    }
    return false;
}

static const char *text_of(const struct meaning *meaning, const struct field *field,
                           const void *object)
{
    return value_text(meaning->arena, field, (const char *)object + field->offset);
}

/* `object` may be another one of the same type as that which the directive was read into. */
static void add_options(const struct meaning *meaning, struct meaning_thing *thing,
                        const char *prefix, const struct keyword *row, const void *object,
                        const struct scfg_directive *directive)
{
    for (size_t i = 0; i < row->option_count; i++)
        add_fact(meaning, thing, arena_printf(meaning->arena, "%s%s", prefix, row->options[i].name),
                 text_of(meaning, &row->options[i], object),
                 directive && is_said(directive, row->options[i].name));
}

/* All but the first `skipped` parameters, which name the thing. */
static void add_parameters(const struct meaning *meaning, struct meaning_thing *thing,
                           const struct keyword *row, const void *object, size_t skipped)
{
    for (size_t i = skipped; i < row->parameter_count; i++)
        add_fact(meaning, thing, row->parameters[i].name,
                 text_of(meaning, &row->parameters[i], object), true);
}

/* In a volume each block row is about it, too. */
static void add_row(const struct meaning *meaning, struct meaning_thing *thing,
                    const struct scfg_directive *directive)
{
    const struct keyword *row = directive->row;
    add_fact(meaning, thing, row->name,
             row->parameter_count ? text_of(meaning, row->parameters, directive->object) : "yes",
             true);
    add_options(meaning, thing, arena_printf(meaning->arena, "%s-", row->name), row,
                directive->object, directive);
}

/* A thing that is named by the first `named` parameters of its directive. */
static struct meaning_thing *add_named(struct meaning *meaning,
                                       const struct scfg_directive *directive, size_t named)
{
    const char *head = directive->row->name;
    for (size_t i = 0; i < named; i++)
        head = arena_printf(meaning->arena, "%s %s", head,
                            text_of(meaning, &directive->row->parameters[i], directive->object));
    struct meaning_thing *thing = add_thing(meaning, head, head);
    add_parameters(meaning, thing, directive->row, directive->object, named);
    add_options(meaning, thing, "", directive->row, directive->object, directive);
    return thing;
}

static void add_volume(struct meaning *meaning, const struct scfg_directive *directive)
{
    struct meaning_thing *thing = add_named(meaning, directive, 1);
    for (size_t i = 0; i < directive->child_count; i++)
        add_row(meaning, thing, &directive->children[i]);
}

/* The order of hooks means something: it is their number among those at the same point. */
static void add_hook(struct meaning *meaning, const struct scfg_directive *directive)
{
    const struct hook *hook = directive->object;
    unsigned number = 1;
    const char *point = arena_printf(meaning->arena, "hook %s ", hook_point_names[hook->point]);
    for (size_t i = 0; i < meaning->count; i++)
        number += strncmp(meaning->things[i].head, point, strlen(point)) == 0;
    struct meaning_thing *thing = add_named(meaning, directive, 2);
    add_fact(meaning, thing, "number", arena_printf(meaning->arena, "%u", number), false);
}

/* An owner and a mode that are not said count only when the entry is made. */
static bool is_meant(const struct persist_entry *entry, const char *option)
{
    if (strcmp(option, "owner") == 0)
        return entry->owner_said;
    if (strcmp(option, "group") == 0)
        return entry->group_said;
    return strcmp(option, "mode") != 0 || entry->mode_said;
}

static void add_entry(struct meaning *meaning, const struct scfg_directive *directive)
{
    const struct persist_entry *entry = directive->object;
    const struct keyword *row = directive->row;
    const struct place source = {.volume_name = entry->store->volume_name, .path = entry->source};
    struct meaning_thing *thing =
        add_thing(meaning, arena_printf(meaning->arena, "persist %s", entry->target),
                  arena_printf(meaning->arena, "%s %s", row->name, entry->target));
    add_options(meaning, thing, "", row, entry, directive);
    for (size_t i = 0; i < thing->count; i++) {
        struct meaning_fact *fact = &thing->facts[i];
        if (!is_meant(entry, fact->name))
            fact->value = NULL;
        fact->said |= entry->home && strcmp(fact->name, "owner") == 0;
    }
    add_fact(meaning, thing, "from", place_text(meaning->arena, &source), false);
}

static void add_secret(struct meaning *meaning, const struct scfg_directive *directive)
{
    const struct secret_entry *secret = directive->object;
    const char *head = arena_printf(meaning->arena, "secret %s", secret->name);
    const struct place *place = secret->file ? &secret->file->place : &secret->template;
    struct meaning_thing *thing = add_thing(meaning, head, head);
    add_fact(meaning, thing, secret->file ? "file" : "template", place_text(meaning->arena, place),
             true);
    add_fact(meaning, thing, "key", secret->key, true);
    add_options(meaning, thing, "", directive->row, secret, directive);
}

static void add_secrets(struct meaning *meaning, const struct scfg_directive *directive)
{
    const struct secrets *secrets = directive->object;
    const char *file = place_text(meaning->arena, &secrets->place);
    add_named(meaning, directive, 1);
    for (size_t i = 0; i < directive->child_count; i++) {
        const struct scfg_directive *child = &directive->children[i];
        if (strcmp(child->row->name, "key") != 0) {
            if (!child->dropped)
                add_secret(meaning, child);
            continue;
        }
        struct meaning_thing *key = add_named(meaning, child, 1);
        key->key = key->head = arena_printf(meaning->arena, "%s of %s", key->head, file);
    }
}

static void add_entries(struct meaning *meaning, const struct scfg_directive *directive)
{
    for (size_t i = 0; i < directive->child_count; i++) {
        const struct scfg_directive *child = &directive->children[i];
        if (child->has_block)
            add_entries(meaning, child);
        else if (!child->dropped)
            add_entry(meaning, child);
    }
}

/* What there is one of, whether it is declared or not: only how it is can differ. */
static void add_only(struct meaning *meaning, const char *name, const void *object)
{
    for (const struct keyword *row = language; row < language + language_length; row++) {
        if (strcmp(row->name, name) != 0)
            continue;
        struct meaning_thing *thing = add_thing(meaning, name, name);
        add_parameters(meaning, thing, row, object, 0);
        add_options(meaning, thing, "", row, object, NULL);
    }
}

static void add_directive(struct meaning *meaning, const struct scfg_directive *directive)
{
    const char *name = directive->row->name;
    if (strcmp(name, "volume") == 0)
        add_volume(meaning, directive);
    else if (strcmp(name, "persist") == 0)
        add_entries(meaning, directive);
    else if (strcmp(name, "secrets") == 0)
        add_secrets(meaning, directive);
    else if (strcmp(name, "template") == 0)
        add_secret(meaning, directive);
    else if (strcmp(name, "hook") == 0)
        add_hook(meaning, directive);
    else if (strcmp(name, "root") != 0 && strcmp(name, "rescue") != 0)
        add_named(meaning, directive, strcmp(name, "module") == 0 ? 1 : 0);
}

static int by_key(const void *left, const void *right)
{
    const struct meaning_thing *a = left, *b = right;
    int order = strcmp(a->key, b->key);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

void meaning_of(struct arena *arena, const struct config *config, struct meaning *meaning)
{
    *meaning = (struct meaning){.arena = arena};
    add_only(meaning, "root", &config->root);
    add_only(meaning, "rescue", &config->rescue);
    for (size_t i = 0; i < config->directive_count; i++)
        if (config->directives[i].row && !config->directives[i].dropped)
            add_directive(meaning, &config->directives[i]);
    qsort(meaning->things, meaning->count, sizeof(*meaning->things), by_key);
}

static const struct meaning_fact *find(const struct meaning_thing *thing, const char *name)
{
    for (size_t i = 0; i < thing->count; i++)
        if (strcmp(thing->facts[i].name, name) == 0)
            return &thing->facts[i];
    return NULL;
}

/* Whether the other thing is meant to be so, too. */
static bool is_shared(const struct meaning_fact *fact, const struct meaning_thing *other)
{
    const struct meaning_fact *its = find(other, fact->name);
    const char *value = its ? its->value : NULL;
    return fact->value && value ? strcmp(fact->value, value) == 0 : !fact->value && !value;
}

static bool is_same(const struct meaning_thing *one, const struct meaning_thing *other)
{
    bool same = strcmp(one->head, other->head) == 0;
    for (size_t i = 0; same && i < one->count; i++)
        same = is_shared(&one->facts[i], other);
    for (size_t i = 0; same && i < other->count; i++)
        same = is_shared(&other->facts[i], one);
    return same;
}

void meaning_compare(const struct meaning *old, const struct meaning *new,
                     struct meaning_difference **differences, size_t *count)
{
    for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
        int order = i == old->count   ? 1
                    : j == new->count ? -1
                                      : strcmp(old->things[i].key, new->things[j].key);
        struct meaning_difference difference = {order <= 0 ? &old->things[i++] : NULL,
                                                order >= 0 ? &new->things[j++] : NULL};
        if (order || !is_same(difference.old, difference.new))
            *ARENA_PUSH(new->arena, *differences, *count) = difference;
    }
}

const char *meaning_text(struct arena *arena, const struct meaning_thing *thing,
                         const struct meaning_thing *other)
{
    const char *text = "";
    for (size_t i = 0; i < thing->count; i++) {
        const struct meaning_fact *fact = &thing->facts[i];
        bool is_comparable = other && find(other, fact->name);
        if (fact->value && (is_comparable ? !is_shared(fact, other) : fact->said))
            text =
                arena_printf(arena, "%s%s%s=%s", text, *text ? " " : "", fact->name, fact->value);
    }
    return text;
}
