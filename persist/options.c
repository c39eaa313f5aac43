#include "persist/options.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/log.h"

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

/* Spaces and their like as libmount reads them. */
static const char *mangled(struct arena *arena, const char *text)
{
    auto_string mangle = mnt_mangle(text);
    if (!mangle)
        memory_exhausted();
    return arena_string(arena, mangle);
}

/* One line as libmount reads it: the mount is found again by source, root and target, and the
 * target is the path that the running system will see. */
static int write_line(const struct persist_entry *entry, const struct volume_state *state,
                      struct error *error)
{
    auto_arena arena = arena_new();
    const char *top = strcmp(state->root, "/") == 0 ? "" : state->root;
    bool hide = entry->options & OPTION_HIDE, trash = entry->options & OPTION_TRASH;
    const char *line = arena_printf(arena, "SRC=%s TARGET=%s ROOT=%s OPTS=%s%s%s\n",
                                    mangled(arena, state->source), mangled(arena, entry->target),
                                    mangled(arena, arena_printf(arena, "%s%s", top, entry->source)),
                                    hide ? "x-gvfs-hide" : "", hide && trash ? "," : "",
                                    trash ? "x-gvfs-trash" : "");
    if (mkdir("/run/mount", 0755) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"/run/mount\"");
    auto_fd file = open("/run/mount/utab", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int code = file < 0 ? -errno : path_write_all(file, line, strlen(line));
    return code < 0 ? error_system(error, -code, "cannot write \"/run/mount/utab\"") : 0;
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
