#include "persist/copied.h"

#include <errno.h>

#include "base/log.h"
#include "persist/object.h"
#include "persist/required.h"
#include "persist/resolve.h"

void copied_sentence(const struct step *step, FILE *stream)
{
    const struct persist_entry *entry = step->entry;
    fprintf(stream, "copy %s:%s to %s", entry->store->volume_name, entry->source, entry->target);
}

/* A root that is made a second time, after rescue, has what the second time brought. */
static void forget(struct context *context, const struct persist_entry *entry)
{
    for (size_t i = 0; i < context->copied_count; i++)
        if (context->copied[i] == entry)
            context->copied[i] = context->copied[--context->copied_count];
}

static int bring_back(const struct persist_entry *entry, const struct context *context,
                      struct error *error)
{
    auto_object kept = {.fd = -1};
    int volume = context_volume(context, entry->store->volume)->fd;
    int code = entry->home ? home_verify(entry->home, context, error) : 0;
    if (code == 0)
        code = object_find(volume, entry->source, &kept, error);
    if (code == -ENOENT) {
        log_info("nothing is kept as \"%s:%s\" yet", entry->store->volume_name, entry->source);
        return 0;
    }
    if (code < 0)
        return error_prefix(error, "on the volume \"%s\"", entry->store->volume_name);
    /* The root is memory: what is in it needs to outlive nothing. */
    code = object_write(&kept, context->root.fd, entry->target, false, error);
    return code < 0 ? error_prefix(error, "in the new root") : 0;
}

int copied_apply(const struct step *step, struct context *context, struct error *error)
{
    forget(context, step->entry);
    int code = bring_back(step->entry, context, error);
    /* Only then: what is kept, and could not be read, must not be overwritten with what the
     * generation has in its place. */
    if (code == 0)
        *ARENA_PUSH(context->arena, context->copied, context->copied_count) = step->entry;
    return code < 0 ? required_failed(step->entry, context, error) : 0;
}
