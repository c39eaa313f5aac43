/* State volumes, with the generations on them. */
#include "qemu-tests/judges.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/run.h"
#include "vm/disk.h"

/* All but the times; e2fsprogs bring out no hard links. */
static const char tell[] = "cd \"$1\" && find . -printf '%P %y %m %U:%G %l\\n' | LC_ALL=C sort && "
                           "find . -type f -exec cksum {} + | LC_ALL=C sort";

static int tell_generation(struct arena *arena, const char *folder, unsigned number,
                           const char **text, struct error *error)
{
    const char *own = arena_printf(arena, "%s/%u", folder, number);
    const char *const words[] = {"sh", "-c", tell, "sh", own, NULL};
    const struct run run = {.arguments = words, .package = "findutils"};
    auto_output output = {0};
    *text = NULL;
    if (access(own, F_OK) < 0)
        return 0;
    if (run_program(&run, &output, error) < 0)
        return -error->code;
    *text = arena_string(arena, output.text);
    return 0;
}

/* Brings them all out of an image, to look at them. */
static int extract(struct arena *arena, const char *image, const char *folder, struct error *error)
{
    const char *commands = "";
    for (unsigned i = 1; i <= MOST_GENERATIONS; i++)
        commands = arena_printf(arena, "%srdump /generations/%u %s\n", commands, i, folder);
    const char *const words[] = {"debugfs", "-f", "/dev/stdin", image, NULL};
    const struct run run = {.arguments = words, .package = "e2fsprogs", .input = commands};
    return run_program(&run, NULL, error);
}

static int tell_all(struct arena *arena, const struct own_generations *own, const char *image,
                    const char *texts[static MOST_GENERATIONS + 1], struct error *error)
{
    const char *folder = arena_printf(arena, "%s/seen", own->folder);
    path_remove_tree(folder);
    const char *const words[] = {"mkdir", folder, NULL};
    const struct run make = {.arguments = words, .package = "coreutils"};
    int code = run_program(&make, NULL, error);
    if (code == 0)
        code = extract(arena, image, folder, error);
    for (unsigned i = 1; code == 0 && i <= MOST_GENERATIONS; i++)
        code = tell_generation(arena, folder, i, &texts[i], error);
    path_remove_tree(folder);
    return code;
}

/* As a boot would find them. */
static int replay(struct arena *arena, const struct own_generations *own, const char *image,
                  const char **copy, struct error *error)
{
    *copy = arena_printf(arena, "%s/replayed", own->folder);
    const char *const words[] = {"cp", "--sparse=always", image, *copy, NULL};
    const struct run run = {.arguments = words, .package = "coreutils"};
    int code = run_program(&run, NULL, error);
    return code < 0 ? code : disk_replay(*copy, error);
}

int judge_learn_generations(const char *image, void *context, struct error *error)
{
    struct own_generations *own = context;
    const char *copy;
    int code = replay(own->arena, own, image, &copy, error);
    return code < 0 ? code : tell_all(own->arena, own, copy, own->whole, error);
}

static int compare(struct arena *arena, const struct own_generations *own, const char *image,
                   struct error *error)
{
    const char *found[MOST_GENERATIONS + 1] = {NULL};
    if (tell_all(arena, own, image, found, error) < 0)
        return -error->code;
    for (unsigned i = 1; i <= MOST_GENERATIONS; i++) {
        if (own->must_be[i] && !found[i])
            return error_set(error, ENOENT, "generation %u is gone", i);
        if (found[i] && (!own->whole[i] || strcmp(found[i], own->whole[i]) != 0))
            return error_set(error, EBADMSG, "generation %u is not whole", i);
    }
    return 0;
}

int judge_generations(const char *image, void *own, struct error *error)
{
    const char *copy;
    auto_arena arena = arena_new();
    int code = replay(arena, own, image, &copy, error);
    if (code == 0)
        code = compare(arena, own, copy, error);
    return code < 0 ? code : judge_record(copy, NULL, error);
}
