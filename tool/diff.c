/* ebb diff: what differs between two generations. */
#include "tool/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "generations/kernels.h"
#include "generations/nix.h"
#include "generations/tree.h"
#include "tool/declared.h"
#include "tool/verb.h"

/* What the generation declares: its own, or else the host's. */
static int find_config(const struct store_place *place, struct config **own, struct diff_side *side,
                       struct error *error)
{
    const struct generation *generation = side->generation;
    int code = declared_carried(place->arena, place->volume, &place->declared, generation->number,
                                generation->choice, own, error);
    side->config = *own ? *own : place->config;
    return code;
}

static int open_system(const struct store_place *place, struct diff_side *side, struct error *error)
{
    const struct generation *generation = side->generation;
    const struct generations *declared = &place->declared;
    const char *path;
    int code = nix_system(place->arena, place->volume, place->store, declared, generation->number,
                          &path, error);
    if (code < 0)
        return code;
    side->system = path;
    side->tree = path_open(place->volume, path + strlen(declared->place.volume->mount),
                           O_RDONLY | O_DIRECTORY);
    side->kernel = generation->kernel ? kernels_version(place->arena, generation->kernel) : NULL;
    return side->tree < 0 ? error_system(error, -side->tree, "cannot open \"%s\"", path) : 0;
}

static int open_tree(const struct store_place *place, struct diff_side *side, struct error *error)
{
    const struct generation *generation = side->generation;
    const char **kernels = NULL;
    size_t count = 0;
    side->tree = tree_open(place->volume, generation->tree, generation->image, error);
    if (side->tree < 0)
        return error_prefix(error, "generation %u", generation->number);
    kernels_list(place->arena, side->tree, &kernels, &count);
    side->kernel = count ? kernels[count - 1] : NULL;
    return 0;
}

static int open_side(const struct store_place *place, const char *word, struct config **own,
                     struct diff_side *side, struct error *error)
{
    int code = place_find(place, word, &side->generation, error);
    if (code == 0)
        code = place->declared.kind == STORE_NIX ? open_system(place, side, error)
                                                 : open_tree(place, side, error);
    return code < 0 ? code : find_config(place, own, side, error);
}

static int compare(struct arena *arena, const struct diff_wish *wish, struct diff *diff,
                   struct error *error)
{
    diff->declarations.arena = diff->packages.arena = diff->files.arena = arena;
    if (diff->old.config && diff->new.config)
        diff_declarations(diff, &diff->declarations);
    else
        log_warning("what is declared is not compared: not both generations carry an ebb.conf; "
                    "name the host's with --config");
    int code = diff_packages(diff, &diff->packages, error);
    if (code == 0 && (wish->files || !diff->packages.known))
        code = diff_files(diff, &diff->files, error);
    return code;
}

static int tell(const struct store_place *place, const struct diff_wish *wish, FILE *out,
                struct error *error)
{
    struct diff diff = {.old.tree = -1, .new.tree = -1};
    auto_config old = NULL;
    auto_config new = NULL;
    int code = open_side(place, wish->old, &old, &diff.old, error);
    if (code == 0)
        code = open_side(place, wish->new, &new, &diff.new, error);
    if (code == 0)
        code = compare(place->arena, wish, &diff, error);
    memory_close_fd(&diff.old.tree);
    memory_close_fd(&diff.new.tree);
    if (code < 0)
        return code;
    if (wish->json)
        diff_print_json(place->arena, &diff, out);
    else
        diff_print(&diff, out);
    return diff.declarations.count || diff.packages.count || diff.files.count ? DIFF_DIFFERENT
                                                                              : DIFF_SAME;
}

int diff_tell(struct target root, const struct diff_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct store_place place;
    struct error error;
    int code = place_open(arena, root, &wish->place, false, &place, &error);
    if (code == 0)
        code = tell(&place, wish, out, &error);
    place_close(&place);
    if (code >= 0)
        return code;
    log_error("%s", error.text);
    return DIFF_TROUBLE;
}

int verb_diff(int argc, char **argv)
{
    struct diff_wish wish = {.old = "booted", .new = "latest"};
    const struct option_row options[] = {
        OPTION_FLAG("files", "compare all files, even where packages tell", &wish.files),
        OPTION_FLAG("json", "write JSON", &wish.json),
        PLACE_OPTIONS(wish.place),
    };
    const struct usage usage = {
        .synopsis = "diff [--files] [--json] [--store DIR] [--config CONF] [A [B]]",
        .about = "Tells what differs between two generations, named by number, label, latest, "
                 "previous or booted; booted and latest unless given: declarations, packages, and "
                 "files where no package manager tells. Exit status: 0 nothing, 1 something, 2 "
                 "trouble.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 2};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (words > 0)
        wish.old = argv[1];
    if (words > 1)
        wish.new = argv[2];
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    status = diff_tell((struct target){fd, ""}, &wish, stdout);
    return verb_flush(status) == status ? status : DIFF_TROUBLE;
}
