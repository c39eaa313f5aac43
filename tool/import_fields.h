/* The fields of the JSON that two NixOS modules evaluate to, with the defaults of the modules. */
#ifndef EBB_TOOL_IMPORT_FIELDS_H
#define EBB_TOOL_IMPORT_FIELDS_H

#include <json-c/json.h>

#include "tool/import.h"

/* Where an entry stands: what the store and the user around it say for all of theirs. */
struct scope {
    struct import *import;
    bool preservation;
    const char *store;
    const char *user; /* NULL: the system's */
    struct import_home *home;
    const char *group; /* the user's own, NULL if that is not said */
    bool hide, trash;
    struct json_object *options; /* commonMountOptions, may be NULL */
};

bool json_is(struct json_object *value, enum json_type type);
/* A field of the wanted type; NULL if it is missing, null, or listed as of another type. `what` is
 * the object to the reader. */
struct json_object *json_field(const struct scope *scope, struct json_object *object,
                               const char *key, enum json_type type, const char *what);
/* Text without a NUL in it; `otherwise` if there is none. */
const char *json_text(const struct scope *scope, struct json_object *object, const char *key,
                      const char *what, const char *otherwise);
bool json_flag(const struct scope *scope, struct json_object *object, const char *key,
               const char *what, bool otherwise);
/* Lists the fields that are not `known`, but for those that say that something is not so. */
void json_tell_unknown(const struct scope *scope, struct json_object *object,
                       const char *const *known, const char *what);
/* Fills an entry from its object; NULL: it was only a path. */
void fields_fill(const struct scope *scope, struct import_entry *entry, struct json_object *object);

#endif
