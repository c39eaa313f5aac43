#include "kconfig/index.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"

enum { SIZE_LIMIT = 64 * 1024 * 1024 };

/* All that libkmod reads. It fails as a whole where one of the first four is missing. */
static const char *const made_by_depmod[] = {"modules.dep.bin", "modules.alias.bin",
                                             "modules.symbols.bin", "modules.builtin.bin",
                                             "modules.builtin.alias.bin"};

/* What depmod wants to know of a kernel besides its modules. Trees made by hand may lack them. */
static const char *const read_by_depmod[] = {"modules.builtin", "modules.builtin.modinfo"};

/* A copy of lib/modules/KERNEL with nothing but the set. */
struct scratch {
    char *path;         /* "/tmp/ebb-modules-XXXXXX", NULL until it is there */
    const char *folder; /* below it, where the modules are; as an absolute path */
    int fd;             /* of the folder */
    int from;           /* the folder of the set */
};

static void scratch_remove(struct scratch *scratch)
{
    memory_close_fd(&scratch->fd);
    memory_close_fd(&scratch->from);
    if (scratch->path)
        path_remove_tree(scratch->path);
}

static int scratch_make(struct arena *arena, const struct module_set *set, struct scratch *scratch,
                        struct error *error)
{
    const char *parent = getenv("TMPDIR");
    if (!parent || parent[0] != '/')
        parent = "/tmp";
    char *path = arena_printf(arena, "%s/ebb-modules-XXXXXX", parent);
    if (!mkdtemp(path))
        return error_system(error, errno, "cannot make a folder in \"%s\"", parent);
    scratch->path = path;
    /* Distributions differ in whether depmod looks below lib or usr/lib. */
    scratch->folder = arena_printf(arena, "%s/usr/lib/modules/%s", scratch->path, set->kernel);
    scratch->from = open(set->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (scratch->from < 0)
        return error_system(error, errno, "cannot open \"%s\"", set->folder);
    auto_fd top = open(scratch->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0 || symlinkat("usr/lib", top, "lib") < 0)
        return error_system(error, errno, "cannot prepare \"%s\"", scratch->path);
    return path_make_folder(top, arena_printf(arena, "usr/lib/modules/%s", set->kernel),
                            &scratch->fd, error);
}

/* Links suffice, since depmod only reads, and tells by the content what is compressed. They lead
 * there by our descriptor, since a tree that is an image is mounted nowhere else. */
static int place(struct arena *arena, const struct module_set *set, const struct scratch *scratch,
                 const char *path, const char *as, struct error *error)
{
    auto_fd parent = -1;
    const char *name;
    const char *target = arena_printf(arena, "/proc/%d/fd/%d/%s", getpid(), scratch->from, path);
    if (access(target, F_OK) < 0)
        return error_system(error, errno, "cannot find \"%s/%s\"", set->folder, path);
    int code = path_make_parent(scratch->fd, as, &parent, &name, error);
    if (code == 0 && symlinkat(target, parent, name) < 0)
        code = error_system(error, errno, "cannot place \"%s\" in \"%s\"", as, scratch->folder);
    return code;
}

/* depmod numbers modules as modules.order lists them, and what is not listed as readdir happens to
 * return it: so we list all, and let the kernel's own order overrule ours where it has one. */
static int write_order(struct arena *arena, const struct module_set *set,
                       const struct scratch *scratch, struct error *error)
{
    char *order = arena_string(arena, "");
    for (size_t i = 0; i < set->count; i++) {
        order = arena_printf(arena, "%s%s\n", order, module_unpacked(arena, set->modules[i].path));
    }
    auto_string theirs = NULL;
    int code = path_read(AT_FDCWD, arena_printf(arena, "%s/modules.order", set->folder), SIZE_LIMIT,
                         &theirs, NULL, error);
    if (code < 0 && code != -ENOENT)
        return code;
    if (theirs)
        order = arena_printf(arena, "%s%s", order, theirs);
    return path_write(scratch->fd, "modules.order", order, strlen(order), 0600, error);
}

static int fill(struct arena *arena, const struct module_set *set, const struct scratch *scratch,
                struct error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        const char *path = set->modules[i].path;
        int code = place(arena, set, scratch, path, module_unpacked(arena, path), error);
        if (code < 0)
            return code;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(read_by_depmod); i++) {
        int code = place(arena, set, scratch, read_by_depmod[i], read_by_depmod[i], error);
        if (code == -ENOENT)
            code = path_write(scratch->fd, read_by_depmod[i], "", 0, 0600, error);
        if (code < 0)
            return code;
    }
    return write_order(arena, set, scratch, error);
}

static int run_depmod(const struct module_set *set, const struct scratch *scratch,
                      struct error *error)
{
    pid_t child = fork();
    if (child < 0)
        return error_system(error, errno, "cannot start depmod");
    if (child == 0) {
        /* The machine's depmod.d chooses between several modules of one name: that is done. */
        execlp("depmod", "depmod", "-b", scratch->path, "-C", "/dev/null", set->kernel, NULL);
        execl("/usr/sbin/depmod", "depmod", "-b", scratch->path, "-C", "/dev/null", set->kernel,
              NULL); /* where a person's PATH has no sbin */
        execl("/sbin/depmod", "depmod", "-b", scratch->path, "-C", "/dev/null", set->kernel, NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return error_set(error, ENOENT, "cannot run \"depmod\": install kmod");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(error, EIO, "\"depmod\" failed for the modules in \"%s\"", set->folder);
    return 0;
}

static int collect(struct arena *arena, const struct scratch *scratch, struct index_file **files,
                   size_t *count, struct error *error)
{
    for (size_t i = 0; i < ARRAY_LENGTH(made_by_depmod); i++) {
        auto_string data = NULL;
        size_t length;
        int code = path_read(scratch->fd, made_by_depmod[i], SIZE_LIMIT, &data, &length, error);
        if (code == -ENOENT)
            return error_set(error, ENOENT,
                             "the \"depmod\" that was run makes no \"%s\", as that of busybox "
                             "does not; install kmod",
                             made_by_depmod[i]);
        if (code < 0)
            return code;
        *ARENA_PUSH(arena, *files, *count) =
            (struct index_file){made_by_depmod[i], arena_copy(arena, data, length), length};
    }
    return 0;
}

static struct index_file softdeps(struct arena *arena, const struct module_set *set)
{
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < set->count; i++) {
        const struct module *module = &set->modules[i];
        if (module->softdeps)
            text = arena_printf(arena, "%ssoftdep %s %s\n", text, module->name, module->softdeps);
    }
    return (struct index_file){"modules.softdep", text, strlen(text)};
}

int module_set_index(struct arena *arena, const struct module_set *set, struct index_file **files,
                     size_t *count, struct error *error)
{
    AUTO(scratch_remove) struct scratch scratch = {.fd = -1, .from = -1};
    struct index_file *found = NULL;
    size_t found_count = 0;
    int code = scratch_make(arena, set, &scratch, error);
    if (code == 0)
        code = fill(arena, set, &scratch, error);
    if (code == 0)
        code = run_depmod(set, &scratch, error);
    if (code == 0)
        code = collect(arena, &scratch, &found, &found_count, error);
    if (code < 0)
        return code;
    *ARENA_PUSH(arena, found, found_count) = softdeps(arena, set);
    *files = found;
    *count = found_count;
    return 0;
}
