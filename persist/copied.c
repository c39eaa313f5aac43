#include "persist/copied.h"

#include <errno.h>

#include "base/log.h"
#include "persist/object.h"

void copied_sentence(const struct step *step, FILE *stream)
{
    const struct persist_entry *entry = step->entry;
    fprintf(stream, "copy %s:%s to %s", entry->store->volume_name, entry->source, entry->target);
}

int copied_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct persist_entry *entry = step->entry;
    auto_object kept = {.fd = -1};
    int volume = context_volume(context, entry->store->volume)->fd;
    int code = object_find(volume, entry->source, &kept, error);
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
