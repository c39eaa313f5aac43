/* ebb lost: what the next boot takes away. */
#include "tool/lost.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "mounts/damaged.h"
#include "tool/booted.h"
#include "tool/options.h"
#include "tool/verb.h"

static const char noise_file[] = "/etc/ebb/noise";

enum { LARGEST_NOISE = 1 << 20, SECONDS_BETWEEN = 2 };

static int read_noise(struct arena *arena, struct target root, struct noise **noise,
                      struct error *error)
{
    auto_string text = NULL;
    *noise = noise_new(arena);
    auto_fd fd = path_open_in_root(root.fd, noise_file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s%s\"", root.name, noise_file);
    int code = path_read_fd(fd, noise_file, LARGEST_NOISE, &text, NULL, error);
    return code < 0 ? code : noise_add(*noise, noise_file, text, error);
}

/* What is brought back, and what is mounted: every path that a step of the boot gave a meaning. A
 * step that failed did not, so what lies there is lost. */
static void list_covered(struct arena *arena, const struct booted *booted, struct cover *covered)
{
    for (size_t i = 0; i < booted->step_count; i++) {
        const struct booted_step *step = &booted->steps[i];
        if (step->target && strcmp(step->target, "/") != 0 && strcmp(step->result, "done") == 0)
            *ARENA_PUSH(arena, covered->paths, covered->count) = step->target;
    }
    cover_sort(covered);
}

static int open_part(struct target root, const char *path, const char *what, struct error *error)
{
    int fd = path_open_in_root(root.fd, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_set(error, -fd, "cannot open \"%s%s\", %s: %s%s", root.name, path, what,
                         strerror(-fd), fd == -EACCES ? "; run it as root" : "");
    return fd;
}

static int check_paths(struct arena *arena, struct target root, const struct lost_wish *wish,
                       struct cover *wanted, struct error *error)
{
    for (size_t i = 0; i < wish->path_count; i++) {
        auto_fd fd = path_open(root.fd, wish->paths[i], O_PATH | O_NOFOLLOW);
        if (fd == -ELOOP)
            return error_set(error, ELOOP,
                             "\"%s\" leads through a symbolic link; name the folder that the link "
                             "leads to",
                             wish->paths[i]);
        if (fd < 0 && fd != -EACCES) /* that is told by the walk */
            return error_system(error, -fd, "cannot look at \"%s\"", wish->paths[i]);
        if (strcmp(wish->paths[i], "/") == 0) {
            wanted->count = 0;
            return 0;
        }
        *ARENA_PUSH(arena, wanted->paths, wanted->count) = wish->paths[i];
    }
    cover_sort(wanted);
    return 0;
}

/* Whoever has only few descriptors could not go deep: each folder on the way takes two. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* what is too deep is told */
    }
}

/* What was lost already, when it was looked at the last time. */
struct seen {
    struct seen_item {
        char *path;
        uint64_t files;
    } * items;
    size_t count;
};

static int by_path(const void *left, const void *right)
{
    const struct seen_item *a = left, *b = right;
    return strcmp(a->path, b->path);
}

static void forget(struct seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        free(seen->items[i].path);
    free(seen->items);
}

static struct seen remember(const struct lost *lost)
{
    struct seen seen = {.items = calloc(lost->count + 1, sizeof(*seen.items))};
    if (!seen.items)
        memory_exhausted();
    for (size_t i = 0; i < lost->count; i++)
        if (lost->items[i].change != LOST_NOTHING)
            seen.items[seen.count++] =
                (struct seen_item){lost_path(lost, &lost->items[i]), lost->items[i].files};
    qsort(seen.items, seen.count, sizeof(*seen.items), by_path);
    return seen;
}

/* A file once, and a whole folder whenever there is more in it. */
static void print_new(const struct lost *lost, const struct seen *seen, bool json, FILE *out)
{
    for (size_t i = 0; i < lost->count; i++) {
        const struct lost_item *item = &lost->items[i];
        if (item->change == LOST_NOTHING)
            continue;
        auto_string path = lost_path(lost, item);
        const struct seen_item key = {path, 0}, *old = bsearch(&key, seen->items, seen->count,
                                                               sizeof(*seen->items), by_path);
        if (!old || (item->whole && item->files > old->files))
            lost_print_line(lost, item, json, out);
    }
}

/* Change times tell only as long as nobody has set the clock back. */
static struct timespec made_at(const struct booted *booted)
{
    static const int64_t margin = 100000; /* microseconds */
    struct moment made = booted->made, now = clock_moment();
    int64_t set_back = (made.wall - made.kernel) - (now.wall - now.kernel);
    if (made.wall <= margin || set_back > margin / 2)
        return (struct timespec){0};
    return (struct timespec){(made.wall - margin) / 1000000, (made.wall - margin) % 1000000 * 1000};
}

static int watch(struct lost_request *request, const struct lost_wish *wish,
                 const struct booted *booted, FILE *out, struct error *error)
{
    struct seen seen = {0};
    int code = 0;
    for (bool first = true;; first = false) {
        auto_lost lost = {0};
        request->made = made_at(booted);
        code = lost_find(request, &lost, error);
        if (code < 0)
            break;
        if (first) {
            lost_print_blind(&lost);
            fprintf(stderr, "ebb: watching what is lost from now on, by looking every %d s\n",
                    SECONDS_BETWEEN);
        } else {
            print_new(&lost, &seen, wish->json, out);
        }
        if (fflush(out) != 0) {
            code = error_system(error, errno, "cannot write the output");
            break;
        }
        forget(&seen);
        seen = remember(&lost);
        sleep(SECONDS_BETWEEN);
    }
    forget(&seen);
    return code;
}

static int look(struct lost_request *request, const struct lost_wish *wish,
                const struct booted *booted, FILE *out, struct error *error)
{
    if (wish->watch)
        return watch(request, wish, booted, out, error);
    auto_lost lost = {0};
    request->made = made_at(booted);
    int code = lost_find(request, &lost, error);
    if (code < 0)
        return code;
    if (wish->json)
        lost_print_json(&lost, booted->generation, booted->root, wish->newest, out);
    else if (wish->newest)
        lost_print_newest(&lost, out);
    else
        lost_print_tree(&lost, out);
    lost_print_blind(&lost);
    return lost.count || lost.blind_count ? EXIT_NO : EXIT_DONE;
}

/* The exit status, or -errno. */
static int tell(struct target root, const struct lost_wish *wish, FILE *out, struct error *error)
{
    auto_arena arena = arena_new();
    struct booted booted;
    struct noise *noise = NULL;
    struct lost_request request = {.root = root, .with_noise = wish->all};
    int code = booted_read(arena, root, &booted, error);
    if (code == 0)
        code = read_noise(arena, root, &noise, error);
    if (code == 0)
        code = check_paths(arena, root, wish, &request.wanted, error);
    if (code < 0)
        return code;
    if (!booted.root || !booted.tree)
        return error_set(error, ENODATA,
                         "PID 1 did not tell what this root was made of: it is older than this "
                         "`ebb`, or no generation was chosen; rebuild the image with `ebb build`");
    auto_fd tree = open_part(root, booted.tree, "the tree of the generation", error), layer = -1;
    if (tree < 0)
        return tree;
    if (booted.upper) {
        layer = open_part(root, booted.upper, "the layer that the changes are in", error);
        if (layer < 0)
            return layer;
        request.root.fd = layer;
        request.is_layer = true;
    }
    request.tree = tree;
    request.noise = noise;
    list_covered(arena, &booted, &request.covered);
    for (size_t i = 0; i < booted.volume_count; i++)
        if (booted.volumes[i].in_memory)
            log_warning(DAMAGED_SENTENCE ", too", booted.volumes[i].name);
    return look(&request, wish, &booted, out, error);
}

int lost_tell(struct target root, const struct lost_wish *wish, FILE *out)
{
    struct error error;
    int status = tell(root, wish, out, &error);
    if (status >= 0)
        return status;
    log_error("%s", error.text);
    return EXIT_NO;
}

static bool read_paths(struct arena *arena, char **words, struct lost_wish *wish)
{
    bool good = true;
    wish->paths = arena_alloc(arena, (wish->path_count + 1) * sizeof(*wish->paths));
    for (size_t i = 0; i < wish->path_count && good; i++)
        good = (wish->paths[i] = verb_path(arena, words[i]));
    return good;
}

int verb_lost(int argc, char **argv)
{
    struct lost_wish wish = {0};
    const struct option_row options[] = {
        OPTION_FLAG("newest", "a list, the newest first, and not a tree", &wish.newest),
        OPTION_FLAG("all", "with what is known to be noise", &wish.all),
        OPTION_FLAG("watch", "go on, and tell what comes to be lost", &wish.watch),
        OPTION_FLAG("json", "write JSON", &wish.json),
    };
    const struct usage usage = {
        .synopsis = "lost [--newest] [--all] [--watch] [--json] [PATH]...",
        .about = "Tells what the next boot takes away: what is in the root, is not as the "
                 "generation has it, and is not brought back. Exit status: 0 nothing, 1 something, "
                 "or not all could be looked at.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = (size_t)argc};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    wish.path_count = (size_t)words;
    if (!read_paths(arena, argv + 1, &wish))
        return EXIT_NO;
    allow_descriptors();
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(lost_tell((struct target){fd, ""}, &wish, stdout));
}
