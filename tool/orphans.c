/* ebb orphans: what lies on a state volume and is declared by nobody. */
#include "tool/orphans.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "generations/identity.h"
#include "mounts/damaged.h"
#include "persist/orphans.h"
#include "persist/trash.h"
#include "tool/booted.h"
#include "tool/declared.h"
#include "tool/name.h"
#include "tool/options.h"
#include "tool/verb.h"

static const int json_form = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

/* What the work on all volumes adds up to. */
struct tidying {
    struct arena *arena;
    const struct orphans_wish *wish;
    FILE *out;
    struct mounted mounted;
    size_t count, blind, failures;
    uint64_t size;
    const char *between; /* of JSON objects */
    struct json_object *unseen, *removed;
};

static struct json_object *orphan_object(struct arena *arena, const struct volume *volume,
                                         const struct orphan *orphan, const char *trashed)
{
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "volume", json_object_new_string(volume->name));
    json_object_object_add(object, "path", name_json(arena, orphan->path));
    json_object_object_add(object, "folder", json_object_new_boolean(S_ISDIR(orphan->mode)));
    json_object_object_add(object, "size", json_object_new_uint64(orphan->size));
    json_object_object_add(object, "files", json_object_new_uint64(orphan->files));
    json_object_object_add(object, "mtime", json_object_new_int64(orphan->newest));
    if (trashed)
        json_object_object_add(object, "trash", name_json(arena, trashed));
    return object;
}

static void print_orphan(struct tidying *tidying, const struct volume *volume,
                         const struct orphan *orphan, const char *trashed)
{
    FILE *out = tidying->out;
    if (tidying->wish->json) {
        struct json_object *object = orphan_object(tidying->arena, volume, orphan, trashed);
        fprintf(out, "%s\n%s", tidying->between, json_object_to_json_string_ext(object, json_form));
        tidying->between = ",";
        json_object_put(object);
        return;
    }
    char when[32] = "?";
    struct tm time;
    if (localtime_r(&orphan->newest, &time))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &time);
    fprintf(out, "%16s %10s  %s:", when, name_size(orphan->size).text, volume->name);
    name_print(orphan->path, true, out);
    if (S_ISDIR(orphan->mode))
        fprintf(out, "/  (%ju file%s)", (uintmax_t)orphan->files, orphan->files == 1 ? "" : "s");
    if (trashed) {
        fprintf(out, "\n%30s%s %s:", "", tidying->wish->dry_run ? "would go to" : "is now",
                volume->name);
        name_print(trashed, true, out);
    }
    fputc('\n', out);
}

static void take(struct tidying *tidying, int fd, const struct volume *volume,
                 const struct orphan *orphan)
{
    const struct orphans_wish *wish = tidying->wish;
    struct error error;
    const char *trashed = NULL;
    if (wish->older && (wish->now - orphan->newest) / 86400 < (time_t)wish->older)
        return;
    if (wish->trash && wish->dry_run) {
        trashed = trash_place(tidying->arena, orphan, wish->now);
    } else if (wish->trash &&
               trash_move(tidying->arena, fd, orphan, wish->now, &trashed, &error) < 0) {
        log_error("on the volume \"%s\": %s", volume->name, error.text);
        tidying->failures++;
    }
    tidying->count++;
    tidying->size += orphan->size;
    print_orphan(tidying, volume, orphan, trashed);
}

static int empty_trash(struct tidying *tidying, int fd, const struct volume *volume,
                       struct error *error)
{
    const struct orphans_wish *wish = tidying->wish;
    struct trash_days old;
    int code = trash_old(tidying->arena, fd, wish->trash_days, wish->now, &old, error);
    for (size_t i = 0; code == 0 && i < old.count; i++) {
        if (!wish->dry_run)
            code = trash_remove(fd, old.names[i], error);
        if (code < 0)
            break;
        const char *place =
            arena_printf(tidying->arena, "%s:/.ebb/trash/%s", volume->name, old.names[i]);
        json_object_array_add(tidying->removed, json_object_new_string(place));
        if (!wish->json)
            fprintf(tidying->out, "%s %s\n", wish->dry_run ? "would remove" : "removed", place);
    }
    return code;
}

static void note_blind(struct tidying *tidying, const struct volume *volume,
                       const struct orphans *orphans)
{
    for (size_t i = 0; i < orphans->blind_count; i++) {
        const struct orphan_blind *blind = &orphans->blind[i];
        fprintf(stderr, "ebb: could not look into %s:", volume->name);
        name_print(blind->path, true, stderr);
        fprintf(stderr, ": %s%s\n", strerror(blind->code),
                blind->code == EACCES ? "; run it as root" : "");
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "volume", json_object_new_string(volume->name));
        json_object_object_add(object, "path", name_json(tidying->arena, blind->path));
        json_object_object_add(object, "error", json_object_new_string(strerror(blind->code)));
        json_object_array_add(tidying->unseen, object);
    }
    tidying->blind += orphans->blind_count;
}

static int tidy(struct tidying *tidying, const struct declared_volume *declared,
                struct error *error)
{
    struct orphans orphans = {0};
    int code = 0;
    for (size_t i = 0; code == 0 && i < declared->stores.count; i++)
        code = orphans_find(tidying->arena, declared->fd, declared->stores.paths[i],
                            &declared->sources, &tidying->mounted, tidying->wish->booted, &orphans,
                            error);
    if (code < 0)
        return code;
    note_blind(tidying, declared->volume, &orphans);
    for (size_t i = 0; !tidying->wish->empty && i < orphans.count; i++)
        take(tidying, declared->fd, declared->volume, &orphans.items[i]);
    return 0;
}

static int empty(struct tidying *tidying, const struct declared *declared, struct error *error)
{
    int code = 0;
    if (!tidying->wish->trash && !tidying->wish->empty)
        return 0;
    for (size_t i = 0; code == 0 && i < declared->count; i++)
        code = empty_trash(tidying, declared->volumes[i].fd, declared->volumes[i].volume, error);
    return code;
}

static void print_end(const struct tidying *tidying)
{
    FILE *out = tidying->out;
    if (tidying->wish->json)
        fprintf(out, "],\n\"unseen\":%s,\n\"removed\":%s}\n",
                json_object_to_json_string_ext(tidying->unseen, json_form),
                json_object_to_json_string_ext(tidying->removed, json_form));
    else if (!tidying->wish->empty && tidying->count == 0)
        fputs("no orphans\n", out);
    else if (!tidying->wish->empty)
        fprintf(out, "%zu orphan%s, %s\n", tidying->count, tidying->count == 1 ? "" : "s",
                name_size(tidying->size).text);
}

/* What would be moved or removed on it is back at the next boot. */
static int check_kept(struct arena *arena, struct target root, const struct declared *declared,
                      const struct orphans_wish *wish, struct error *error)
{
    struct booted booted;
    if ((!wish->trash && !wish->empty) || booted_read(arena, root, &booted, error) < 0)
        return 0; /* a system that Ebb did not boot has all volumes as they are */
    for (size_t i = 0; i < declared->count; i++)
        if (booted_in_memory(&booted, declared->volumes[i].volume->name))
            return error_set(error, EROFS, DAMAGED_SENTENCE "; have it repaired, and boot again",
                             declared->volumes[i].volume->name);
    return 0;
}

int orphans_tell(struct target root, const struct config *config, const struct orphans_wish *wish,
                 FILE *out)
{
    auto_arena arena = arena_new();
    struct error error;
    struct declared declared = {0};
    struct tidying tidying = {.arena = arena,
                              .wish = wish,
                              .out = out,
                              .between = "",
                              .unseen = json_object_new_array(),
                              .removed = json_object_new_array()};
    int code = declared_collect(arena, root, config, &declared, &error);
    if (code == 0)
        code = check_kept(arena, root, &declared, wish, &error);
    if (code == 0)
        code = mounted_read(arena, &tidying.mounted, &error);
    if (code == 0 && wish->json)
        fputs("{\"format\":1,\n\"orphans\":[", out);
    for (size_t i = 0; code == 0 && i < declared.count; i++)
        code = tidy(&tidying, &declared.volumes[i], &error);
    if (code == 0)
        code = empty(&tidying, &declared, &error);
    if (code == 0)
        print_end(&tidying);
    else
        log_error("%s", error.text);
    declared_close(&declared);
    json_object_put(tidying.unseen);
    json_object_put(tidying.removed);
    return code < 0 || tidying.blind || tidying.failures ? EXIT_NO : EXIT_DONE;
}

/* "30", "30d"; -1 if it is neither. */
static int read_days(const char *text, unsigned *days)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || errno || number > 36500 ||
        (*end && strcmp(end, "d") != 0))
        return -1;
    *days = (unsigned)number;
    return 0;
}

static int wrong(const char *option, const char *value, const char *reason)
{
    fprintf(stderr, "ebb: %s%s%s%s %s\n", option, *value ? " \"" : "", value, *value ? "\"" : "",
            reason);
    return EXIT_USAGE;
}

int verb_orphans(int argc, char **argv)
{
    struct timespec uptime = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &uptime); /* there since Linux 2.6.39 */
    struct orphans_wish wish = {.trash_days = TRASH_DAYS, .now = time(NULL)};
    wish.booted = wish.now - uptime.tv_sec;
    const char *older = NULL, *days = NULL;
    const struct option_row options[] = {
        OPTION_FLAG("trash", "move them to .ebb/trash on their volume", &wish.trash),
        OPTION_TEXT("older", "DAYS", "only those in which nothing has changed so long", &older),
        OPTION_TEXT("empty-trash", "DAYS", "remove what was moved longer ago, for good", &days),
        OPTION_FLAG("dry-run", "only tell what would be done", &wish.dry_run),
        OPTION_FLAG("json", "write JSON", &wish.json),
    };
    const struct usage usage = {
        .synopsis = "orphans [OPTION]... [CONF]",
        .about = "Tells what lies on the state volumes and is declared by no configuration.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (older && read_days(older, &wish.older) < 0)
        return wrong("--older", older, "is no number of days, such as 30d");
    if (days && read_days(days, &wish.trash_days) < 0)
        return wrong("--empty-trash", days, "is no number of days, such as 30d");
    wish.empty = days && !wish.trash;
    if (wish.dry_run && !wish.trash && !wish.empty)
        return wrong("--dry-run", "", "means nothing without --trash or --empty-trash");
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(orphans_tell((struct target){fd, ""}, config, &wish, stdout));
}
