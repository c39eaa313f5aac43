/* What a configuration declares, each thing for itself and in one form, so that two configurations
 * can be compared: order, comments, includes, blocks and spelling make no difference, nor does what
 * is said though it is so anyway. */
#ifndef EBB_PLAN_MEANING_H
#define EBB_PLAN_MEANING_H

#include "plan/config.h"

struct meaning_fact {
    const char *name;
    const char *value; /* NULL: none is meant */
    bool said;         /* else it is so anyway */
};

struct meaning_thing {
    const char *key;  /* what is the same thing in another configuration has the same */
    const char *head; /* "dir /var/log" */
    struct meaning_fact *facts;
    size_t count;
    size_t order; /* among all */
};

struct meaning {
    struct arena *arena;
    struct meaning_thing *things; /* by key */
    size_t count;
};

/* A thing that only one of them declares (the other is NULL then), or each in another way. */
struct meaning_difference {
    const struct meaning_thing *old, *new;
};

void meaning_of(struct arena *arena, const struct config *config, struct meaning *meaning);
void meaning_compare(const struct meaning *old, const struct meaning *new,
                     struct meaning_difference **differences, size_t *count);
/* What is said of a thing, "mode=0700 owner=alice"; or how it is not like `other`. */
const char *meaning_text(struct arena *arena, const struct meaning_thing *thing,
                         const struct meaning_thing *other);

#endif
