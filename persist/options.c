#include "persist/options.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/utab.h"

enum { USER_OPTIONS = OPTION_HIDE | OPTION_TRASH };

void options_print(const struct persist_entry *entry, FILE *stream)
{
    const char *glue = " with ";
    for (unsigned i = 0; persist_option_names[i]; i++) {
        if (!(entry->options & 1U << i))
            continue;
        fprintf(stream, "%s%s", glue, persist_option_names[i]);
        glue = ",";
    }
}

int options_set(const struct persist_entry *entry, int mount)
{
    struct mount_attr attributes = {
        .attr_set = (entry->options & OPTION_RO ? MOUNT_ATTR_RDONLY : 0U) |
                    (entry->options & OPTION_NOEXEC ? MOUNT_ATTR_NOEXEC : 0U) |
                    (entry->options & OPTION_NOSUID ? MOUNT_ATTR_NOSUID : 0U) |
                    (entry->options & OPTION_NODEV ? MOUNT_ATTR_NODEV : 0U),
    };
    if (!attributes.attr_set)
        return 0;
    return mount_setattr(mount, "", AT_EMPTY_PATH, &attributes, sizeof(attributes));
}

/* How the kernel tells of the volume. The table of mounts is read once for each volume, not for
 * each entry: it grows with every one of them. */
static int look_up(const struct context *context, struct volume_state *state, struct error *error)
{
    struct statx status;
    if (statx(state->fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0)
        return error_system(error, errno, "cannot look at the mount");
    struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
    struct libmnt_iter *place = mnt_new_iter(MNT_ITER_BACKWARD);
    if (table && !place)
        memory_exhausted();
    for (struct libmnt_fs *fs; table && mnt_table_next_fs(table, place, &fs) == 0;) {
        if (mnt_fs_get_id(fs) != (int)status.stx_mnt_id || !mnt_fs_get_root(fs))
            continue;
        const char *source = mnt_fs_get_source(fs);
        state->source = arena_string(context->arena, source ? source : "none");
        state->root = arena_string(context->arena, mnt_fs_get_root(fs));
    }
    mnt_free_iter(place);
    mnt_unref_table(table);
    return state->source ? 0 : error_set(error, ENOENT, "it is not in /proc/self/mountinfo");
}

static int write_line(const struct persist_entry *entry, const struct volume_state *state,
                      struct error *error)
{
    auto_arena arena = arena_new();
    const char *top = strcmp(state->root, "/") == 0 ? "" : state->root;
    bool hide = entry->options & OPTION_HIDE, trash = entry->options & OPTION_TRASH;
    const struct utab_line line = {.source = state->source,
                                   .target = entry->target,
                                   .root = arena_printf(arena, "%s%s", top, entry->source),
                                   .options = hide && trash ? "x-gvfs-hide,x-gvfs-trash"
                                              : hide        ? "x-gvfs-hide"
                                                            : "x-gvfs-trash"};
    return utab_add(&line, error);
}

void options_record(const struct persist_entry *entry, const struct context *context)
{
    struct volume_state *state = context_volume(context, entry->store->volume);
    struct error error;
    int code = 0;
    if (!(entry->options & USER_OPTIONS))
        return;
    if (!state->source)
        code = look_up(context, state, &error);
    if (code == 0)
        code = write_line(entry, state, &error);
    if (code < 0)
        log_warning("ignoring that file managers cannot be told of \"%s\": %s", entry->target,
                    error.text);
}
