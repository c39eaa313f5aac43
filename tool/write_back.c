/* `ebb write-back`: brings what changed in copied files back to their volumes
 * (persist/write_back.h).
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "generations/identity.h"
#include "mounts/damaged.h"
#include "persist/keeper.h"
#include "persist/write_back.h"
#include "tool/booted.h"
#include "tool/options.h"
#include "tool/verb.h"

/* After a failure, such as a full volume, it is tried again. */
enum { RETRY_AFTER = 10000 /* milliseconds */ };

/* What was last said of each: a fault is told when it begins and when it changes. */
struct told {
    struct error failure;
    bool gone;
};

struct work {
    struct copies copies;
    struct told *told;
    int list; /* locked while something is written: two of us would use one temporary name */
    int root;
};

static int write_one(const struct work *work, size_t number, struct error *error)
{
    const struct copied *copied = &work->copies.items[number];
    struct told *told = &work->told[number];
    enum write_back_result result = WRITE_BACK_SAME;
    auto_fd volume = -1;
    /* Opened for each write and not longer, so that the volume can be unmounted at any time. */
    int code = identity_open(copied->place, copied->volume, copied->identity, &volume, error);
    if (code == 0)
        code = write_back(copied, work->root, volume, &result, error);
    if (code < 0) {
        if (strcmp(told->failure.text, error->text) != 0)
            log_error("%s", error->text);
        told->failure = *error;
        return code;
    }
    *told->failure.text = '\0';
    if (result == WRITE_BACK_WRITTEN)
        log_info("wrote \"%s\" back to \"%s:%s\"", copied->target, copied->volume, copied->path);
    if (result == WRITE_BACK_GONE && !told->gone)
        log_warning(
            "\"%s\" was deleted; \"%s:%s\" stays, and comes back at the next boot unless it "
            "is removed too",
            copied->target, copied->volume, copied->path);
    told->gone = result == WRITE_BACK_GONE;
    return 0;
}

/* Writes back all copies, or those that are due. False: some could not be. */
static bool write_all(const struct work *work, struct watched *watched)
{
    bool good = true;
    (void)flock(work->list, LOCK_EX); /* in memory, where it cannot fail but by a signal */
    for (size_t i = 0; i < work->copies.count; i++) {
        struct error error;
        if (watched && !watched[i].due)
            continue;
        bool done = write_one(work, i, &error) == 0;
        good &= done;
        if (watched)
            watched[i].due = !done;
    }
    (void)flock(work->list, LOCK_UN); /* as above */
    return good;
}

static int watch(struct arena *arena, const struct work *work, struct error *error)
{
    auto_keeper keeper;
    int code = keeper_open(arena, &work->copies, &keeper, error);
    for (bool good; code >= 0;) {
        code = keeper_watch(&keeper, error);
        good = write_all(work, keeper.watched);
        if (code == 0)
            code = keeper_wait(&keeper, good ? -1 : RETRY_AFTER, error);
        if (code == 0)
            break;
    }
    /* Whether it was asked to end or cannot go on: nothing that changed is left behind. */
    bool good = write_all(work, NULL);
    return code < 0 ? code : good ? EXIT_DONE : EXIT_NO;
}

/* It is done all the same: what reads the volume is to find it. */
static void warn_of_memory(struct arena *arena, const struct work *work)
{
    struct booted booted;
    struct error error;
    if (booted_read(arena, (struct target){work->root, ""}, &booted, &error) < 0)
        return; /* then nothing is known of the volumes */
    for (size_t i = 0; i < booted.volume_count; i++)
        for (size_t j = 0; booted.volumes[i].in_memory && j < work->copies.count; j++)
            if (strcmp(work->copies.items[j].volume, booted.volumes[i].name) == 0) {
                log_warning(DAMAGED_SENTENCE, booted.volumes[i].name);
                break;
            }
}

static int begin(struct arena *arena, struct work *work, struct error *error)
{
    int code = copies_read(arena, COPIES_LIST, &work->copies, error);
    if (code == -ENOENT)
        return error_set(error, ENOENT,
                         "there is no " COPIES_LIST ": nothing is declared with method=copy, or "
                         "this system was not booted by Ebb");
    if (code < 0)
        return code;
    work->told = arena_alloc(arena, (work->copies.count + 1) * sizeof(*work->told));
    work->list = open(COPIES_LIST, O_RDONLY | O_CLOEXEC);
    work->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (work->list < 0 || work->root < 0)
        return error_system(error, errno, "cannot open \"/\"");
    warn_of_memory(arena, work);
    return 0;
}

int verb_write_back(int argc, char **argv)
{
    bool watching = false;
    const struct option_row options[] = {
        OPTION_FLAG("watch", "go on until SIGTERM, and write back whatever changes", &watching),
    };
    const struct usage usage = {
        .synopsis = "write-back [--watch]",
        .about = "Writes what changed in files with method=copy back to their volumes. Exit "
                 "status: 0 all is kept, 1 something could not be.",
        .options = options,
        .option_count = ARRAY_LENGTH(options)};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    struct work work = {.list = -1, .root = -1};
    struct error error;
    int code = begin(arena, &work, &error);
    if (code == 0)
        code =
            !watching ? write_all(&work, NULL) ? EXIT_DONE : EXIT_NO : watch(arena, &work, &error);
    memory_close_fd(&work.list);
    memory_close_fd(&work.root);
    if (code >= 0)
        return code;
    log_error("%s", error.text);
    return EXIT_NO;
}
