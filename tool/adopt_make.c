/* A generation made of a system that is in use, and what is declared to persist beside it. The
 * generation has its number only when all of it is on the disk, and a volume its identity only when
 * there is a generation to boot. */
#include "tool/adopting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/btrfs.h"
#include "base/log.h"
#include "generations/change.h"
#include "generations/identity.h"
#include "mounts/prove.h"
#include "persist/trash.h"
#include "tool/counter.h"

/* Somebody may go on writing for ever. */
enum { PASSES = 5 };

static int copy_system(const struct adopting *adopting, int tree, struct error *error)
{
    struct counter counter;
    const struct amount whole = {adopting->tree.files, adopting->tree.bytes};
    struct copy_progress *progress = counter_begin(&counter, "copying", "the system", whole);
    int changed = 1,
        code = copy_live_part(adopting->root.fd, tree, &adopting->choice, progress, error);
    counter_end(&counter);
    progress = counter_begin(&counter, "comparing", "the system", whole);
    for (int pass = 0; code == 0 && changed > 0 && pass < PASSES; pass++) {
        if (syncfs(tree) < 0)
            code = error_system(error, errno, "cannot write the copy to the disk");
        else
            changed =
                copy_refresh_part(adopting->root.fd, tree, &adopting->choice, progress, error);
    }
    counter_end(&counter);
    return code < 0 ? code : changed < 0 ? changed : 0;
}

/* What a boot does last before it enters the system. */
static int prove(const struct adopting *adopting, int tree, struct error *error)
{
    const struct generation generation = {.number = 1};
    const struct step step = {.init = "/sbin/init", .generation = &generation};
    struct context *context = context_new(adopting->arena, adopting->config, "", "");
    context->root.fd = tree;
    return prove_apply(&step, context, error);
}

static int write_config(const struct adopting *adopting, int folder, struct error *error)
{
    char *made = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&made, &length);
    if (!stream)
        memory_exhausted();
    config_print(adopting->config, stream);
    fclose(stream);
    auto_string text = made;
    return path_write(folder, "ebb.conf", text, length, 0644, error);
}

static int write_fstab(const struct adopting *adopting, int folder, const char *path,
                       struct error *error)
{
    return adopting->fstab
               ? path_write(folder, path, adopting->fstab, strlen(adopting->fstab), 0644, error)
               : 0;
}

/* On btrfs: `ebb new` makes snapshots of it then. */
static int become_subvolume(int folder, struct error *error)
{
    struct btrfs_subvolume subvolume;
    if (btrfs_look(folder, &subvolume) == -ENOTTY)
        return 0;
    int code = unlinkat(folder, "tree", AT_REMOVEDIR) < 0 ? -errno : 0;
    if (code == 0)
        code = btrfs_make(folder, "tree", -1);
    return code < 0 ? error_system(error, -code, "cannot make the subvolume of the tree") : 0;
}

static int fill(const struct adopting *adopting, int folder, struct error *error)
{
    if (become_subvolume(folder, error) < 0)
        return -error->code;
    auto_fd tree = path_open(folder, "tree", O_RDONLY | O_DIRECTORY);
    if (tree < 0)
        return error_system(error, -tree, "cannot open the new tree");
    int code = copy_system(adopting, tree, error);
    if (code == 0)
        code = write_fstab(adopting, tree, "etc/fstab", error);
    if (code == 0)
        code = prove(adopting, tree, error);
    return code < 0 ? code : write_config(adopting, folder, error);
}

static int clear_place(const struct adopting *adopting, const struct seed *seed,
                       struct error *error)
{
    struct stat status;
    const char *place;
    const struct persist_entry *entry = seed->entry;
    auto_fd source = live_source(entry, adopting->context, error);
    if (source == -ENOENT)
        return 0;
    if (source < 0 || fstat(source, &status) < 0)
        return source < 0 ? source : error_system(error, errno, "cannot look at the volume");
    const struct orphan orphan = {.path = entry->source,
                                  .mode = status.st_mode,
                                  .device = status.st_dev,
                                  .number = status.st_ino};
    int volume = context_volume(adopting->context, entry->store->volume)->fd;
    if (mkdirat(volume, ".ebb", 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make .ebb on the volume");
    return trash_move(adopting->arena, volume, &orphan, time(NULL), &place, error);
}

static int keep(const struct adopting *adopting, struct seed *seed, struct error *error)
{
    struct counter counter;
    struct persist_entry entry = *seed->entry;
    const struct amount whole = {seed->size.files, seed->size.bytes};
    int code = seed->replaces ? clear_place(adopting, seed, error) : 0;
    if (code < 0)
        return code;
    entry.method = METHOD_BIND; /* which only matters once it is brought back */
    seed->live.progress = counter_begin(&counter, "copying", entry.target, whole);
    code = live_copy(&entry, adopting->context, &seed->live, error);
    counter_end(&counter);
    if (code == 0 && strcmp(entry.target, "/etc/fstab") == 0)
        code = write_fstab(adopting, context_volume(adopting->context, entry.store->volume)->fd,
                           entry.source, error);
    return code;
}

/* Up to the first that fails; that and those before it are none of the volume then. */
static int keep_all(struct adopting *adopting, struct error *error)
{
    size_t done = 0;
    int code = 0;
    for (; code == 0 && done < adopting->seed_count; done++)
        if (adopting->seeds[done].fate == SEED_COPIED)
            code = keep(adopting, &adopting->seeds[done], error);
    while (code < 0 && done-- > 0)
        if (adopting->seeds[done].fate == SEED_COPIED)
            live_undo(adopting->seeds[done].entry, adopting->context);
    return code;
}

static int identify(const struct adopting *adopting, struct error *error)
{
    char known[IDENTITY_SIZE];
    for (size_t i = 0; i < adopting->config->volume_count; i++) {
        const struct volume *volume = adopting->config->volumes[i];
        int fd = context_volume(adopting->context, volume)->fd;
        if (volume->holds_state && identity_read(fd, known, error) == -ENOENT &&
            identity_make(fd, volume->identity, error) < 0)
            return error_prefix(error, "the volume \"%s\"", volume->name);
    }
    return 0;
}

int adopt_make(struct adopting *adopting, unsigned *number, struct error *error)
{
    struct error second;
    auto_fd store = -1, folder = -1;
    const struct place *place = &adopting->config->generations.place;
    const struct generation_facts facts = {.label = adopting->wish->label};
    int volume = context_volume(adopting->context, place->volume)->fd;
    int code = store_lock(volume, place->path, &store, error);
    if (code < 0)
        return code;
    code = generation_prepare(store, &facts, &folder, error);
    if (code == 0)
        code = fill(adopting, folder, error);
    if (code == 0)
        code = keep_all(adopting, error);
    if (code == 0)
        code = generation_commit(store, number, error);
    if (code < 0 && generation_abandon(store, &second) < 0)
        log_warning("%s; the next `ebb adopt` tries again", second.text);
    return code < 0 ? error_prefix(error, "nothing is made") : identify(adopting, error);
}
