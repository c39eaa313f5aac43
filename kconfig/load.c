#include "kconfig/load.h"

#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

/* Real chains are 3 deep; soft dependencies may form a ring. */
enum { DEPTH_LIMIT = 16, AWAIT_SECONDS = 30, ATTEMPTS = 3 };

struct modules {
    struct kmod_ctx *kmod; /* NULL: the kernel has no modules */
};

/* A kernel with modules would say that -1 is no descriptor, or that we are not root. */
static int kernel_has_modules(void)
{
    return syscall(SYS_finit_module, -1, "", 0) == 0 || errno != ENOSYS;
}

int modules_open_folder(const char *folder, struct modules **modules, struct error *error)
{
    struct kmod_ctx *kmod = kmod_new(folder, NULL);
    if (!kmod)
        memory_exhausted();
    kmod_set_log_priority(kmod, LOG_CRIT); /* what it would say, our own sentences say */
    int code = kmod_load_resources(kmod);
    if (code < 0) {
        kmod_unref(kmod);
        return error_system(error, -code, "cannot read the index of the modules in \"%s\"", folder);
    }
    struct modules *opened = calloc(1, sizeof(*opened));
    if (!opened)
        memory_exhausted();
    opened->kmod = kmod;
    *modules = opened;
    return 0;
}

int modules_open(struct modules **modules, struct error *error)
{
    if (!kernel_has_modules()) {
        *modules = calloc(1, sizeof(**modules));
        if (!*modules)
            memory_exhausted();
        return 0;
    }
    struct utsname kernel;
    char folder[PATH_MAX];
    (void)uname(&kernel); /* fails only on a bad address */
    snprintf(folder, sizeof(folder), "/lib/modules/%s", kernel.release);
    return modules_open_folder(folder, modules, error);
}

void modules_close(struct modules *modules)
{
    if (!modules)
        return;
    if (modules->kmod)
        kmod_unref(modules->kmod);
    free(modules);
}

void modules_cleanup(struct modules **modules)
{
    modules_close(*modules);
}

static void free_list(struct kmod_list **list)
{
    kmod_module_unref_list(*list);
}
#define auto_list AUTO(free_list) struct kmod_list *

static void free_module(struct kmod_module **module)
{
    kmod_module_unref(*module);
}
#define auto_module AUTO(free_module) struct kmod_module *

static int is_usable(int state)
{
    return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* Somebody else is inserting it: until its init function has returned, it is of no use to us. */
static int await(const struct kmod_module *module)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < AWAIT_SECONDS * 1000; i++) {
        int state = kmod_module_get_initstate(module);
        if (is_usable(state))
            return 0;
        if (state < 0)
            return -EAGAIN; /* their attempt failed, and ours will learn why */
        nanosleep(&moment, NULL);
    }
    return -ETIMEDOUT;
}

/* Without async_probe an insertion ends only when all probing in the kernel has: with a SATA disk
 * in the machine, ext4 took 0.7 s instead of 0.3, and the disk behind the next driver 0.9 instead
 * of 0.4 (QEMU, TCG). Disks that have to spin up take seconds. */
static int insert_once(struct kmod_module *module)
{
    const char *options = kmod_module_get_options(module);
    auto_string all = NULL;
    if (asprintf(&all, "%s%sasync_probe", options ? options : "", options ? " " : "") < 0)
        memory_exhausted();
    int code = kmod_module_insert_module(module, 0, all);
    if (code == 0)
        log_debug("loaded module \"%s\"", kmod_module_get_name(module));
    return code;
}

static int insert(struct kmod_module *module)
{
    int code = -EAGAIN;
    for (int i = 0; i < ATTEMPTS && code == -EAGAIN; i++) {
        int state = kmod_module_get_initstate(module);
        if (is_usable(state))
            return 0;
        if (state < 0) {
            code = insert_once(module);
            if (code != -EEXIST && code != -EBUSY)
                return code;
        }
        code = await(module);
    }
    return code == -EAGAIN ? -EBUSY : code;
}

static int explain(struct error *error, int code, const struct kmod_module *module)
{
    const char *name = kmod_module_get_name(module);
    switch (-code) {
    case EKEYREJECTED:
    case ENOKEY:
    case EPERM:
        return error_set(error, -code,
                         "cannot load module \"%s\": the kernel accepts only modules signed with a "
                         "key it trusts (Secure Boot lockdown, or module.sig_enforce)",
                         name);
    case ENOEXEC:
        return error_set(error, -code,
                         "cannot load module \"%s\": it was built for another kernel: run \"ebb "
                         "build\" for the kernel that is booted",
                         name);
    case ENOENT:
        return error_set(
            error, -code,
            "cannot load module \"%s\": what it depends on is missing, in the image or "
            "in the kernel: run \"ebb build\" for the kernel that is booted",
            name);
    case ENODEV:
        return error_set(error, -code,
                         "cannot load module \"%s\": it finds no device or processor feature that "
                         "it could serve",
                         name);
    case ETIMEDOUT:
        return error_set(error, -code,
                         "cannot load module \"%s\": its initialisation has not ended after %d "
                         "seconds",
                         name, AWAIT_SECONDS);
    default:
        return error_system(error, -code, "cannot load module \"%s\"", name);
    }
}

static int load(struct kmod_module *module, int depth, struct error *error);

/* Goes through a list that libkmod made. Of several failures it reports the one that matters:
 * "no such device" is only what an unused driver says. */
static int load_all(const struct kmod_list *list, int depth, struct error *error)
{
    int result = 0;
    for (const struct kmod_list *item = list; item; item = kmod_list_next(list, item)) {
        auto_module module = kmod_module_get_module(item);
        struct error failure;
        int code = load(module, depth, &failure);
        if (code == 0 || (code == -ENODEV && result < 0))
            continue;
        result = code;
        *error = failure;
    }
    return result;
}

/* libkmod could do the same in one call, but counts a module as loaded while it is still being
 * initialised by another process, and does not say which of them failed. */
static int load(struct kmod_module *module, int depth, struct error *error)
{
    if (is_usable(kmod_module_get_initstate(module)) || depth > DEPTH_LIMIT)
        return 0;
    auto_list before = NULL;
    auto_list after = NULL;
    auto_list needed = kmod_module_get_dependencies(module);
    (void)kmod_module_get_softdeps(module, &before, &after); /* fails only on bad arguments */
    struct error optional;
    if (load_all(before, depth + 1, &optional) < 0)
        log_debug("%s (ignoring: optional)", optional.text);
    int code = load_all(needed, depth + 1, error);
    if (code < 0)
        return code;
    code = insert(module);
    if (code < 0)
        return explain(error, code, module);
    if (load_all(after, depth + 1, &optional) < 0)
        log_debug("%s (ignoring: optional)", optional.text);
    return 0;
}

int modules_load(struct modules *modules, const char *name, struct error *error)
{
    if (!modules->kmod)
        return 0;
    auto_list found = NULL;
    int code = kmod_module_new_from_lookup(modules->kmod, name, &found);
    if (code < 0)
        return error_system(error, -code, "cannot look up module \"%s\"", name);
    if (!found)
        return error_set(error, ENOENT,
                         "module \"%s\" is not in the image: add \"module %s\" to ebb.conf and run "
                         "\"ebb build\"",
                         name, name);
    code = load_all(found, 0, error);
    /* Several modules may implement one alias; of those, any will do. */
    return code == -ENODEV && kmod_list_next(found, found) ? 0 : code;
}

static int find_for_device(const struct modules *modules, const char *modalias,
                           struct kmod_list **wanted)
{
    auto_list found = NULL;
    int code = kmod_module_new_from_lookup(modules->kmod, modalias, &found);
    return code < 0 ? code
                    : kmod_module_apply_filter(modules->kmod, KMOD_FILTER_BLACKLIST, found, wanted);
}

bool modules_serve(const struct modules *modules, const char *modalias)
{
    auto_list wanted = NULL;
    return modules->kmod && find_for_device(modules, modalias, &wanted) == 0 && wanted;
}

int modules_load_for_device(struct modules *modules, const char *modalias, struct error *error)
{
    if (!modules->kmod)
        return 0;
    auto_list wanted = NULL;
    int code = find_for_device(modules, modalias, &wanted);
    if (code < 0)
        return error_system(error, -code, "cannot look up the drivers of \"%s\"", modalias);
    code = load_all(wanted, 0, error);
    if (code != -ENODEV)
        return code;
    log_debug("%s (ignoring: the device has no use for it)", error->text);
    return 0;
}
