#include "persist/link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "persist/entry.h"
#include "persist/parents.h"
#include "persist/required.h"

/* Where the link leads. */
static const char *seen_at(const struct persist_entry *entry)
{
    const char *mount = entry->store->volume->mount;
    return strcmp(mount, "/") == 0 ? "" : mount;
}

void link_sentence(const struct step *step, FILE *stream)
{
    const struct persist_entry *entry = step->entry;
    fprintf(stream, "link %s to %s%s", entry->target, seen_at(entry), entry->source);
}

static int cannot_link(const struct persist_entry *entry, int code, struct error *error)
{
    return error_set(error, code, "cannot make the link \"%s\": %s%s", entry->target,
                     strerror(code),
                     code == EISDIR   ? "; the generation has a folder there, with things in it: "
                                        "remove it from the generation"
                     : code == EROFS  ? "; the generation is shown read-only there: put the link "
                                        "into it"
                     : code == EEXIST ? "; remove \".ebb-new\" beside it from the generation"
                                      : "");
}

static int bring_back(const struct persist_entry *entry, struct context *context,
                      struct error *error)
{
    const char *name;
    char text[PATH_MAX];
    auto_fd source = -1, parent = -1;
    int code = entry->home ? home_verify(entry->home, context, error) : 0;
    if (code == 0)
        code = entry_open_source(entry, context, &source, error);
    if (code < 0)
        return code;
    code = parents_open(entry, context, context->root.fd, entry->target, &parent, &name, error);
    if (code < 0)
        return error_prefix(error, "in the new root");
    if (snprintf(text, sizeof(text), "%s%s", seen_at(entry), entry->source) >= (int)sizeof(text))
        return cannot_link(entry, ENAMETOOLONG, error);
    if (entry->kind == PERSIST_DIR) /* an empty folder of the generation has nothing to lose */
        (void)unlinkat(parent, name, AT_REMOVEDIR); /* any other fails below, with its reason */
    code = path_link(parent, name, text);
    return code < 0 ? cannot_link(entry, -code, error) : 0;
}

int link_apply(const struct step *step, struct context *context, struct error *error)
{
    int code = bring_back(step->entry, context, error);
    return code < 0 ? required_failed(step->entry, context, error) : 0;
}
