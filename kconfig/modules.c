#include "kconfig/modules.h"

#include <dirent.h>
#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "kconfig/devices.h"

/* What a disk may hang on, and a passphrase be typed on, in a machine that was changed since its
 * image was built: moved to another port, cloned into a virtual machine, given a new keyboard.
 * Those a kernel does not have, or has built in, are left out. */
static const char *const always[] = {
    "virtio_pci", "virtio_mmio", "virtio_blk",  "virtio_scsi", "nvme",     "vmd",
    "ahci",       "ata_piix",    "sd_mod",      "xhci_pci",    "ehci_pci", "usb_storage",
    "uas",        "usbhid",      "hid_generic", "i8042",       "atkbd",
};

/* Of what this machine's devices ask for, only this leads to a disk or a keyboard. Left out are
 * what is large or useless before the switch: graphics, sound, network, mice. */
static const char *const useful[] = {
    "kernel/drivers/ata/",
    "kernel/drivers/block/",
    "kernel/drivers/hid/",
    "kernel/drivers/hv/",
    "kernel/drivers/i2c/busses/i2c-designware", /* keyboards of recent laptops */
    "kernel/drivers/input/keyboard/",
    "kernel/drivers/input/serio/",
    "kernel/drivers/md/",
    "kernel/drivers/message/fusion/", /* the disks of VMware's default controller */
    "kernel/drivers/mfd/intel-lpss",
    "kernel/drivers/mmc/",
    "kernel/drivers/nvme/",
    "kernel/drivers/pci/controller/",
    "kernel/drivers/pinctrl/", /* interrupts of those keyboards */
    "kernel/drivers/platform/surface/",
    "kernel/drivers/scsi/",
    "kernel/drivers/ufs/",
    "kernel/drivers/usb/host/",
    "kernel/drivers/usb/storage/",
    "kernel/drivers/virtio/",
};

/* What a module asks the kernel for by name when it is used, without having declared it; there is
 * no modprobe in the image to answer. None of it is sure to exist. */
static const struct {
    const char *module, *names;
} companions[] = {
    {"dm_crypt", "aesni_intel aes_ce_blk xts"},
    {"vfat", "nls_cp437 nls_ascii nls_iso8859_1 nls_utf8"},
};

struct walk {
    struct arena *arena;
    struct kmod_ctx *kmod;
    struct module_set *set;
    const char **seen; /* names, in no order */
    size_t seen_count;
    struct error *error;
    int code; /* of the failure that ended the walk */
};

static void free_list(struct kmod_list **list)
{
    kmod_module_unref_list(*list);
}
#define auto_list AUTO(free_list) struct kmod_list *

static void free_info(struct kmod_list **list)
{
    kmod_module_info_free_list(*list);
}
#define auto_info AUTO(free_info) struct kmod_list *

static void free_module(struct kmod_module **module)
{
    kmod_module_unref(*module);
}
#define auto_module AUTO(free_module) struct kmod_module *

static void free_kmod(struct kmod_ctx **kmod)
{
    kmod_unref(*kmod);
}
#define auto_kmod AUTO(free_kmod) struct kmod_ctx *

static int find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return 1;
    }
    return 0;
}

static void add(struct walk *walk, struct kmod_module *module);

static void add_all(struct walk *walk, const struct kmod_list *list)
{
    for (const struct kmod_list *item = list; item; item = kmod_list_next(list, item)) {
        auto_module module = kmod_module_get_module(item);
        add(walk, module);
    }
}

/* A word of a soft dependency: adds what it names, and writes down under which names. */
static char *add_optional(struct walk *walk, const char *word, char *names)
{
    auto_list found = NULL;
    if (kmod_module_new_from_lookup(walk->kmod, word, &found) < 0)
        return names; /* malformed words name nothing */
    add_all(walk, found);
    for (struct kmod_list *item = found; item; item = kmod_list_next(found, item)) {
        auto_module module = kmod_module_get_module(item);
        if (kmod_module_get_path(module)) /* else built in, and nothing to load */
            names = arena_printf(walk->arena, "%s %s", names, kmod_module_get_name(module));
    }
    return names;
}

/* The words of one soft dependency, "a b", "pre: a b" or "pre: a post: b", that belong to `when`.
 * Without a word in front they say nothing of the order, and libkmod ignores them. */
static char *add_words(struct walk *walk, const char *text, const char *when, char *names)
{
    char *words = arena_string(walk->arena, text), *rest = NULL;
    int ours = 0;
    for (char *word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        size_t length = strlen(word);
        if (length > 0 && word[length - 1] == ':')
            ours = strcmp(word, when) == 0;
        else if (ours)
            names = add_optional(walk, word, names);
    }
    return names;
}

/* All soft dependencies of a module that belong to `when`, "pre:" or "post:", joined. */
static char *add_softdeps(struct walk *walk, struct kmod_module *module,
                          const struct kmod_list *info, const char *when)
{
    char *names = arena_string(walk->arena, "");
    for (const struct kmod_list *item = info; item; item = kmod_list_next(info, item)) {
        if (strcmp(kmod_module_info_get_key(item), "softdep") == 0)
            names = add_words(walk, kmod_module_info_get_value(item), when, names);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(companions) && strcmp(when, "pre:") == 0; i++) {
        if (strcmp(companions[i].module, kmod_module_get_name(module)) == 0)
            names = add_words(walk, arena_printf(walk->arena, "pre: %s", companions[i].names), when,
                              names);
    }
    return names;
}

/* libkmod says that a module depends on nothing when one of the files it depends on is missing. */
static void check_dependencies(struct walk *walk, const char *name, const struct kmod_list *info,
                               const struct kmod_list *needed)
{
    for (const struct kmod_list *item = info; item; item = kmod_list_next(info, item)) {
        const char *names = kmod_module_info_get_value(item);
        if (strcmp(kmod_module_info_get_key(item), "depends") == 0 && *names && !needed)
            walk->code = error_set(walk->error, ENOENT,
                                   "module \"%s\" depends on \"%s\", but not all of that is in "
                                   "\"%s\": install the kernel again, or run \"depmod %s\"",
                                   name, names, walk->set->folder, walk->set->kernel);
    }
}

static void add_firmware(struct walk *walk, const struct kmod_list *info)
{
    struct module_set *set = walk->set;
    for (const struct kmod_list *item = info; item; item = kmod_list_next(info, item)) {
        const char *value = kmod_module_info_get_value(item);
        if (strcmp(kmod_module_info_get_key(item), "firmware") == 0 &&
            !find(set->firmware, set->firmware_count, value))
            *ARENA_PUSH(walk->arena, set->firmware, set->firmware_count) =
                arena_string(walk->arena, value);
    }
}

static void add(struct walk *walk, struct kmod_module *module)
{
    const char *name = arena_string(walk->arena, kmod_module_get_name(module));
    const char *path = kmod_module_get_path(module);
    size_t folder = strlen(walk->set->folder) + 1;
    if (walk->code < 0 || !path || find(walk->seen, walk->seen_count, name))
        return; /* without a path it is built in */
    *ARENA_PUSH(walk->arena, walk->seen, walk->seen_count) = name;

    auto_info info = NULL;
    int code = kmod_module_get_info(module, &info);
    if (code < 0) {
        walk->code = error_system(walk->error, -code, "cannot read module \"%s\"", path);
        return;
    }
    auto_list needed = kmod_module_get_dependencies(module);
    check_dependencies(walk, name, info, needed);
    char *before = add_softdeps(walk, module, info, "pre:");
    add_all(walk, needed);
    *ARENA_PUSH(walk->arena, walk->set->modules, walk->set->count) =
        (struct module){.name = name, .path = arena_string(walk->arena, path + folder)};
    size_t place = walk->set->count - 1;
    char *after = add_softdeps(walk, module, info, "post:");
    if (*before || *after)
        walk->set->modules[place].softdeps =
            arena_printf(walk->arena, "%s%s%s%s", *before ? "pre:" : "", before,
                         *after ? (*before ? " post:" : "post:") : "", after);
    add_firmware(walk, info);
}

static void add_wanted(struct walk *walk, const char *name, int required)
{
    if (walk->code < 0)
        return;
    auto_list found = NULL;
    int code = kmod_module_new_from_lookup(walk->kmod, name, &found);
    if (code < 0)
        walk->code = error_system(walk->error, -code, "cannot look up module \"%s\"", name);
    else if (!found && required)
        walk->code =
            error_set(walk->error, ENOENT,
                      "kernel \"%s\" has no module \"%s\", neither as a file nor built in: "
                      "correct the name, or install what brings the module",
                      walk->set->kernel, name);
    add_all(walk, found);
}

/* `path` is below the folder of the kernel's modules. */
static int leads_to_a_disk(const char *path)
{
    for (size_t i = 0; i < ARRAY_LENGTH(useful); i++)
        if (strncmp(path, useful[i], strlen(useful[i])) == 0)
            return 1;
    return 0;
}

static void add_for_device(const char *device, const char *modalias, void *data)
{
    (void)device; /* what counts is what it asks for */
    struct walk *walk = data;
    auto_list found = NULL;
    if (kmod_module_new_from_lookup(walk->kmod, modalias, &found) < 0)
        return; /* not an alias that could be looked up at boot either */
    for (struct kmod_list *item = found; item; item = kmod_list_next(found, item)) {
        auto_module module = kmod_module_get_module(item);
        const char *path = kmod_module_get_path(module);
        if (path && leads_to_a_disk(path + strlen(walk->set->folder) + 1))
            add(walk, module);
    }
}

/* modules.dep has a line per module, "kernel/drivers/ata/ahci.ko.xz: …"; libkmod lists none. */
static void add_all_drivers(struct walk *walk)
{
    const char *list = arena_printf(walk->arena, "%s/modules.dep", walk->set->folder);
    auto_file file = fopen(list, "re");
    auto_string line = NULL;
    size_t room = 0;
    if (!file)
        walk->code = error_system(walk->error, errno, "cannot read \"%s\"", list);
    while (walk->code == 0 && getline(&line, &room, file) > 0) {
        line[strcspn(line, ":\n")] = '\0';
        char *name = strrchr(line, '/');
        if (!name || !leads_to_a_disk(line))
            continue;
        name++;
        name[strcspn(name, ".")] = '\0';
        add_wanted(walk, name, 0);
    }
}

/* There is no such kernel: names those there are. */
static int explain_missing(struct arena *arena, const struct module_set *set, const char *parent,
                           struct error *error)
{
    char *others = arena_string(arena, "");
    struct dirent **entries = NULL;
    int count = scandir(parent, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.')
            others =
                arena_printf(arena, "%s%s\"%s\"", others, *others ? ", " : "", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return error_set(error, ENOENT, "there are no modules of kernel \"%s\" in \"%s\"%s%s",
                     set->kernel, parent, *others ? ": there are those of " : "", others);
}

static int open_kernel(struct arena *arena, const struct module_set *set, const char *parent,
                       struct kmod_ctx **result, struct error *error)
{
    /* Nothing of the machine's modprobe.d: its rules are not in the image. */
    static const char *const no_configuration[] = {NULL};
    auto_dir folder = opendir(set->folder);
    if (!folder || !set->kernel[0])
        return explain_missing(arena, set, parent, error);
    auto_kmod kmod = kmod_new(set->folder, no_configuration);
    if (!kmod)
        memory_exhausted();
    kmod_set_log_priority(kmod, LOG_CRIT); /* what it would say, our own sentences say */
    int code = kmod_load_resources(kmod);
    if (code < 0)
        return error_set(error, -code,
                         "cannot read the index of the modules in \"%s\": run \"depmod %s\"",
                         set->folder, set->kernel);
    *result = TAKE_PTR(kmod);
    return 0;
}

const char *module_unpacked(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *end = strstr(slash ? slash : path, ".ko");
    return arena_copy(arena, path, end ? (size_t)(end - path) + 3 : strlen(path));
}

int module_set_make(struct arena *arena, const struct module_request *request,
                    struct module_set *set, struct error *error)
{
    const char *root = strcmp(request->root, "/") == 0 ? "" : request->root;
    const char *parent = arena_printf(arena, "%s/lib/modules", root);
    struct module_set made = {.kernel = arena_string(arena, request->kernel),
                              .folder = arena_printf(arena, "%s/%s", parent, request->kernel)};
    auto_kmod kmod = NULL;
    int code = open_kernel(arena, &made, parent, &kmod, error);
    if (code < 0)
        return code;
    struct walk walk = {.arena = arena, .kmod = kmod, .set = &made, .error = error};
    for (size_t i = 0; i < ARRAY_LENGTH(always); i++)
        add_wanted(&walk, always[i], 0);
    for (size_t i = 0; i < request->name_count; i++)
        add_wanted(&walk, request->names[i], 1);
    for (size_t i = 0; i < request->useful_count; i++)
        add_wanted(&walk, request->useful[i], 0);
    if (request->sysfs)
        devices_visit(request->sysfs, add_for_device, &walk);
    if (request->universal && walk.code == 0)
        add_all_drivers(&walk);
    if (walk.code < 0)
        return walk.code;
    *set = made;
    return 0;
}
