/* ebb drop: a path of the running system persists no longer. */
#include <errno.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "persist/machine_id.h"
#include "persist/object.h"
#include "tool/counter.h"
#include "tool/in_use.h"
#include "tool/keep.h"
#include "tool/name.h"
#include "tool/options.h"
#include "tool/running.h"
#include "tool/verb.h"

struct dropping {
    struct running running;
    const struct keep_wish *wish;
    FILE *out;
    const struct config *config;
    const struct persist_entry *entry;
    struct edit edit;
};

/* Declared elsewhere, too, the entry would come back when its line goes. */
static int find(struct dropping *dropping, struct error *error)
{
    const struct config *config = dropping->config;
    struct arena *arena = dropping->running.arena;
    const char *path = dropping->wish->path;
    const struct persist_entry *entry = config_entry(config, path);
    if (!entry)
        return error_set(error, ENOENT, "\"%s\" is not declared in \"%s\"", path, config->file);
    for (size_t i = 0; i < config->override_count; i++)
        if (strcmp(config->overrides[i].winner.file, entry->origin.file) == 0 &&
            config->overrides[i].winner.line == entry->origin.line)
            return error_set(error, EEXIST,
                             "\"%s\" is also declared in %s, which would hold then; take it out "
                             "there first",
                             path, origin_line(arena, config->overrides[i].loser));
    dropping->entry = entry;
    edit_remove(config, entry, &dropping->edit);
    return edit_check(&dropping->edit, error);
}

/* What is bound, and comes into the root. 1: the entry is bound. */
static int look(const struct dropping *dropping, struct live *live, struct amount *amount,
                struct error *error)
{
    const struct persist_entry *entry = dropping->entry;
    const struct context *context = dropping->running.context;
    struct stat status;
    struct statfs room;
    if (entry->method != METHOD_BIND || machine_id_is(entry))
        return 0;
    auto_fd source = live_source(entry, context, error);
    if (source == -ENOENT)
        return 0;
    int code = source < 0 ? source : live_open(context, entry->target, live, error);
    if (code < 0)
        return code;
    if (fstat(source, &status) < 0 || fstatfs(context->root.fd, &room) < 0)
        return error_system(error, errno, "cannot look at \"%s\"", entry->target);
    if (status.st_dev != live->status.st_dev || status.st_ino != live->status.st_ino)
        return 0;
    const char *mount = live_mount_in(dropping->running.arena, live);
    if (mount)
        return error_set(error, EBUSY, "\"%s%s\" is mounted in it; drop or unmount that first",
                         entry->target, mount);
    *amount = counter_amount(live);
    if (amount->bytes / (uint64_t)room.f_bsize > room.f_bavail)
        return error_set(error, ENOSPC,
                         "\"%s\" has %s, and the root has no room for that; take the line out of "
                         "the configuration yourself: then it goes with the next boot",
                         entry->target, name_size(amount->bytes).text);
    return 1;
}

static void show(const struct dropping *dropping, bool bound, struct amount amount)
{
    const struct edit *edit = &dropping->edit;
    fprintf(dropping->out, "out of %s, line %u:\n%s", edit->file->real, edit->line, edit->lines);
    if (bound)
        fprintf(dropping->out, "copying %ju file%s, %s, into the root\n", (uintmax_t)amount.files,
                amount.files == 1 ? "" : "s", name_size(amount.bytes).text);
    fflush(dropping->out);
}

static int hide(const struct dropping *dropping, struct live *live, struct amount amount,
                struct error *error)
{
    const struct persist_entry *entry = dropping->entry;
    dev_t device = live->status.st_dev;
    struct counter counter;
    live->progress = counter_begin(&counter, "copying", entry->target, amount);
    int code = live_hide(entry, dropping->running.context, live, error);
    counter_end(&counter);
    if (code != -EBUSY)
        return code;
    const char *users = in_use(dropping->running.arena, entry->target, device);
    return error_set(error, EBUSY,
                     "\"%s\" is in use%s%.300s; end that, or take the line out of the "
                     "configuration yourself: then it goes with the next boot",
                     entry->target, users ? " by " : "", users ? users : "");
}

/* What the running system has is no longer what lies on the volume. */
static int part(const struct dropping *dropping, struct error *error)
{
    const struct persist_entry *entry = dropping->entry;
    const struct context *context = dropping->running.context;
    int code = 0;
    if (entry->method == METHOD_COPY) {
        code = copies_change(COPIES_LIST, entry->target, NULL, error);
        if (code == 0)
            running_write_back();
    } else if (entry->method == METHOD_SYMLINK && entry->kind == PERSIST_FILE) {
        auto_object kept = {.fd = -1};
        int volume = context_volume(context, entry->store->volume)->fd;
        code = object_find(volume, entry->source, &kept, error);
        if (code == 0)
            code = object_write(&kept, context->root.fd, entry->target, false, error);
        code = code == -ENOENT ? 0 : code;
    } else if (entry->method == METHOD_SYMLINK) {
        log_warning("\"%s\" stays a link to the volume until the next boot", entry->target);
    }
    return code;
}

static int drop(struct dropping *dropping, struct error *error)
{
    const struct persist_entry *entry = dropping->entry;
    struct running *running = &dropping->running;
    auto_live live = {.fd = -1};
    struct amount amount = {0};
    int bound = running_context(running, dropping->config, entry, error);
    if (bound == 0)
        bound = look(dropping, &live, &amount, error);
    if (bound < 0)
        return bound;
    show(dropping, bound, amount);
    if (dropping->wish->dry_run)
        return 0;
    int code = bound ? hide(dropping, &live, amount, error) : part(dropping, error);
    if (code == 0)
        code = edit_write(&dropping->edit, error);
    if (code == 0)
        code = booted_change(running->root, entry->target, NULL, error);
    if (code < 0)
        return code;
    fprintf(dropping->out, "dropped: ");
    name_print(entry->target, true, dropping->out);
    fprintf(dropping->out,
            "\nwhat is on the volume stays, as an orphan: %s:", entry->store->volume_name);
    name_print(entry->source, true, dropping->out);
    fputc('\n', dropping->out);
    running_tell(running, dropping->config, &dropping->edit);
    return 0;
}

int drop_path(struct target root, const struct keep_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct error error;
    struct dropping dropping = {.wish = wish, .out = out};
    auto_config config = verb_config(wish->file, NULL);
    if (!config)
        return EXIT_NO;
    dropping.config = config;
    int code = running_open(arena, root, &dropping.running, &error);
    if (code == 0)
        code = find(&dropping, &error);
    if (code == 0)
        code = drop(&dropping, &error);
    running_close(&dropping.running);
    if (code == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

int verb_drop(int argc, char **argv)
{
    struct keep_wish wish = {0};
    const struct option_row options[] = {
        OPTION_FLAG("dry-run", "only tell", &wish.dry_run),
        OPTION_TEXT("config", "CONF", "the configuration; /etc/ebb/ebb.conf unless given",
                    &wish.file),
    };
    const struct usage usage = {
        .synopsis = "drop [--dry-run] [--config CONF] PATH...",
        .about = "The way back from `ebb keep`: copies what persists into the root, puts that in "
                 "place, and takes the declaration out of the configuration. What is on the "
                 "volume stays there.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = (size_t)argc};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (words == 0) {
        fputs("ebb drop: name a path; see `ebb drop --help`\n", stderr);
        return EXIT_USAGE;
    }
    return keep_each(argv + 1, words, &wish, drop_path);
}
