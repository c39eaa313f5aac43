/* Whether what a command made of a tree can still be booted. Where the old tree could not, it is
 * none of the command's doing: its init may lie on a volume, and its kernel on another machine. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "generations/kernels.h"
#include "mounts/prove.h"
#include "tool/new.h"

static int prove(int tree, const char *init, struct error *error)
{
    const struct proof proof = {tree, init ? init : "/sbin/init", "the new tree",
                                "install one in it by the command"};
    return prove_init(&proof, error);
}

/* One that has no modules at all goes with any kernel, but needs a kernel that has them all. */
static bool has_modules(int tree)
{
    auto_arena arena = arena_new();
    const char **versions = NULL;
    size_t count = 0;
    kernels_list(arena, tree, &versions, &count);
    return count > 0 && kernels_fit(tree);
}

struct new_needs new_needs_of(int tree, const char *init)
{
    struct error reason;
    return (struct new_needs){prove(tree, init, &reason) == 0, has_modules(tree)};
}

static void warn_of_modules(int tree)
{
    struct utsname kernel;
    struct error reason;
    const char *version, *path;
    auto_arena arena = arena_new();
    if (uname(&kernel) < 0)
        return;
    if (kernels_find(arena, tree, &version, &path, &reason) == 0)
        log_warning("the new tree has no modules any more for the kernel that runs, %s; boot it "
                    "with its own, %s, by an entry of its own (`ebb boot install`)",
                    kernel.release, version);
    else
        log_warning("the new tree has no modules any more for the kernel that runs, %s; and %s",
                    kernel.release, reason.text);
}

int new_needs_check(int tree, const char *init, const struct new_needs *before, struct error *error)
{
    int code = prove(tree, init, error);
    if (code < 0 && before->init)
        return code;
    if (code < 0)
        log_warning("%s", error->text);
    if (before->modules && !has_modules(tree))
        warn_of_modules(tree);
    return 0;
}
