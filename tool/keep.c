/* ebb keep: a path of the running system persists from now on. */
#include "tool/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "persist/entry.h"
#include "persist/machine_id.h"
#include "persist/trash.h"
#include "tool/counter.h"
#include "tool/in_use.h"
#include "tool/name.h"
#include "tool/new_entry.h"
#include "tool/options.h"
#include "tool/running.h"
#include "tool/verb.h"

struct keeping {
    struct running running;
    const struct keep_wish *wish;
    FILE *out;
    const struct config *config; /* as it is */
    struct new_entry made;       /* its file is NULL if the entry is declared already */
    const struct persist_entry *entry;
    struct live live;
};

/* An entry that the path is a part of. */
static const struct persist_entry *entry_above(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->entry_count; i++)
        if (path_is_within(path, config->entries[i]->target))
            return config->entries[i];
    return NULL;
}

static int declare(struct keeping *keeping, struct error *error)
{
    const char *path = keeping->wish->path;
    const struct persist_entry *above = entry_above(keeping->config, path);
    if (above)
        return error_set(error, EEXIST, "\"%s\" is kept already, as a part of \"%s\" (%s)", path,
                         above->target, origin_line(keeping->running.arena, above->origin));
    int code =
        new_entry_declare(keeping->running.arena, keeping->config, path, &keeping->live.status,
                          keeping->wish->store, &keeping->made, error);
    keeping->entry = keeping->made.entry;
    return code;
}

/* What lies on the volume already. 1: it is what the running system shows. */
static int clear_source(struct keeping *keeping, struct error *error)
{
    struct running *running = &keeping->running;
    const struct persist_entry *entry = keeping->entry;
    struct stat status;
    const char *place;
    auto_fd source = live_source(entry, running->context, error);
    if (source == -ENOENT)
        return 0;
    if (source < 0 || fstat(source, &status) < 0)
        return source < 0 ? source : error_system(error, errno, "cannot look at the volume");
    if (status.st_dev == keeping->live.status.st_dev &&
        status.st_ino == keeping->live.status.st_ino)
        return 1;
    if (!keeping->wish->replace)
        return error_set(error, EEXIST,
                         "\"%s:%s\" is there already, with something else in it; have it moved to "
                         "the volume's trash with --replace",
                         entry->store->volume_name, entry->source);
    const struct orphan orphan = {.path = entry->source,
                                  .mode = status.st_mode,
                                  .device = status.st_dev,
                                  .number = status.st_ino};
    if (keeping->wish->dry_run)
        return 0;
    int code =
        trash_move(running->arena, context_volume(running->context, entry->store->volume)->fd,
                   &orphan, time(NULL), &place, error);
    if (code == 0)
        log_info("what was in \"%s:%s\" is now \"%s:%s\"", entry->store->volume_name, entry->source,
                 entry->store->volume_name, place);
    return code;
}

/* What lies on a disk already, the next boot does not take away. */
static int check_place(const struct keeping *keeping, struct error *error)
{
    struct statx root, live;
    struct statfs kind;
    int fd = keeping->live.fd;
    if (!keeping->made.edit.file ||
        statx(keeping->running.root.fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &root) < 0 ||
        statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &live) < 0 || fstatfs(fd, &kind) < 0 ||
        root.stx_mnt_id == live.stx_mnt_id || kind.f_type == TMPFS_MAGIC)
        return 0;
    return error_set(error, EEXIST,
                     "\"%s\" does not lie in the root, but on a file system that is mounted in it, "
                     "so no boot takes it away; if it should be another entry, declare it",
                     keeping->wish->path);
}

static const struct config *config_of(const struct keeping *keeping)
{
    return keeping->made.config ? keeping->made.config : keeping->config;
}

static void show_edit(const struct keeping *keeping)
{
    const struct edit *edit = &keeping->made.edit;
    if (!edit->file)
        return;
    fprintf(keeping->out, "%s, line %u:\n%s", edit->file->real, edit->line, edit->lines);
}

static void show_copy(const struct keeping *keeping, struct amount amount)
{
    const struct persist_entry *entry = keeping->entry;
    fprintf(keeping->out, "copying ");
    name_print(entry->target, true, keeping->out);
    fprintf(keeping->out, " to %s:", entry->store->volume_name);
    name_print(entry->source, true, keeping->out);
    fprintf(keeping->out, ": %ju file%s, %s\n", (uintmax_t)amount.files,
            amount.files == 1 ? "" : "s", name_size(amount.bytes).text);
    fflush(keeping->out);
}

/* Whoever has the old files open goes on with them. */
static void warn_of_users(const struct keeping *keeping)
{
    const char *users =
        in_use(keeping->running.arena, keeping->entry->target, keeping->live.status.st_dev);
    if (users)
        log_warning("still in what was there before, so that what they write is lost: %s; restart "
                    "them",
                    users);
}

/* Puts it in place. What cannot be shown now is by the next boot: that is told, and no failure. */
static int show(struct keeping *keeping, struct error *error)
{
    const struct persist_entry *entry = keeping->entry;
    struct context *context = keeping->running.context;
    if (machine_id_is(entry))
        return 0; /* a copy by itself */
    if (entry->method == METHOD_COPY) {
        const struct copied copied = copies_item(entry, context);
        int code = copies_change(COPIES_LIST, entry->target, &copied, error);
        if (code == 0)
            running_write_back();
        return code;
    }
    if (entry->method == METHOD_SYMLINK) {
        log_warning(
            "\"%s\" is on the volume, and cannot become a link to there while it is in use; "
            "what is written until the next boot is not kept",
            entry->target);
        return 0;
    }
    int code = live_show(entry, context, &keeping->live, error);
    if (code == 0)
        warn_of_users(keeping);
    return code;
}

/* What the boot told of is true of the system again. */
static int note(const struct keeping *keeping, struct error *error)
{
    const struct edit *edit = &keeping->made.edit;
    struct plan plan = {.arena = keeping->running.arena};
    struct step *step = entry_plan(keeping->entry, &plan);
    if (edit->file) /* not that in memory */
        step->origin = (struct origin){edit->file->name, edit->line, 1};
    return booted_change(keeping->running.root, keeping->entry->target, step, error);
}

static int copy(struct keeping *keeping, struct amount amount, struct error *error)
{
    struct counter counter;
    keeping->live.progress = counter_begin(&counter, "copying", keeping->entry->target, amount);
    int code = live_copy(keeping->entry, keeping->running.context, &keeping->live, error);
    counter_end(&counter);
    if (code < 0 || !keeping->made.edit.file)
        return code;
    code = edit_write(&keeping->made.edit, error);
    if (code < 0)
        live_undo(keeping->entry, keeping->running.context);
    return code;
}

static int keep(struct keeping *keeping, struct error *error)
{
    const struct persist_entry *entry = keeping->entry;
    bool is_dir = S_ISDIR(keeping->live.status.st_mode);
    if ((entry->kind == PERSIST_DIR) != is_dir)
        return error_set(error, EINVAL,
                         "\"%s\" is declared as a %s, and is a %s; declare it as it is",
                         entry->target, is_dir ? "file" : "folder", is_dir ? "folder" : "file");
    int code = running_context(&keeping->running, config_of(keeping), entry, error);
    if (code == 0 && keeping->made.edit.file)
        code = edit_check(&keeping->made.edit, error);
    if (code == 0)
        code = clear_source(keeping, error);
    if (code < 0)
        return code;
    bool shown = code;
    code = shown ? 0 : check_place(keeping, error);
    if (code < 0)
        return code;
    struct amount amount = counter_amount(&keeping->live);
    show_edit(keeping);
    if (!shown)
        show_copy(keeping, amount);
    if (keeping->wish->dry_run)
        return 0;
    if (shown && !keeping->made.edit.file)
        return error_set(error, EEXIST, "\"%s\" is kept already", entry->target);
    code = shown ? edit_write(&keeping->made.edit, error) : copy(keeping, amount, error);
    if (code == 0 && !shown)
        code = show(keeping, error);
    if (code == 0)
        code = note(keeping, error);
    if (code < 0)
        return code;
    fprintf(keeping->out, "kept: ");
    name_print(entry->target, true, keeping->out);
    fputc('\n', keeping->out);
    if (keeping->made.edit.file)
        running_tell(&keeping->running, config_of(keeping), &keeping->made.edit);
    return 0;
}

static int begin(struct keeping *keeping, struct error *error)
{
    struct context look = {.root = keeping->running.root};
    int code = live_open(&look, keeping->wish->path, &keeping->live, error);
    if (code < 0)
        return code;
    keeping->entry = config_entry(keeping->config, keeping->wish->path);
    return keeping->entry ? 0 : declare(keeping, error);
}

int keep_path(struct target root, const struct keep_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct error error;
    struct keeping keeping = {.wish = wish, .out = out, .live = {.fd = -1}};
    auto_config config = verb_config(wish->file, NULL);
    if (!config)
        return EXIT_NO;
    keeping.config = config;
    int code = running_open(arena, root, &keeping.running, &error);
    if (code == 0)
        code = begin(&keeping, &error);
    if (code == 0)
        code = keep(&keeping, &error);
    running_close(&keeping.running);
    live_close(&keeping.live);
    config_free(keeping.made.config);
    if (code == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

int keep_each(char **words, int count, struct keep_wish *wish,
              int (*one)(struct target root, const struct keep_wish *wish, FILE *out))
{
    auto_arena arena = arena_new();
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = EXIT_DONE;
    for (int i = 0; i < count && status == EXIT_DONE; i++) {
        wish->path = verb_path(arena, words[i]);
        status = wish->path ? one((struct target){root, ""}, wish, stdout) : EXIT_NO;
    }
    return verb_flush(status);
}

int verb_keep(int argc, char **argv)
{
    struct keep_wish wish = {0};
    const struct option_row options[] = {
        OPTION_TEXT("in", "VOLUME:/PATH", "the persist block that it goes into", &wish.store),
        OPTION_FLAG("replace", "what lies on the volume already goes to its trash", &wish.replace),
        OPTION_FLAG("dry-run", "only tell", &wish.dry_run),
        OPTION_TEXT("config", "CONF", "the configuration; /etc/ebb/ebb.conf unless given",
                    &wish.file),
    };
    const struct usage usage = {
        .synopsis = "keep [--in VOLUME:/PATH] [--replace] [--dry-run] [--config CONF] PATH...",
        .about = "Makes a folder or file of the running system persist from now on: copies it to "
                 "the volume, puts it in place from there, and declares it in the configuration.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = (size_t)argc};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (words == 0) {
        fputs("ebb keep: name a path; see `ebb keep --help`\n", stderr);
        return EXIT_USAGE;
    }
    return keep_each(argv + 1, words, &wish, keep_path);
}
