#include "mounts/tools.h"

#include <string.h>

#include "mounts/assemble.h"
#include "mounts/check.h"

struct list {
    struct arena *arena;
    struct tool *tools;
    size_t count;
};

static void add(struct list *list, const char *path, const char *package, struct origin origin)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->tools[i].path, path) == 0)
            return;
    *ARENA_PUSH(list->arena, list->tools, list->count) = (struct tool){path, package, origin};
}

const struct tool *tools_wanted(struct arena *arena, const struct config *config, size_t *count)
{
    struct list list = {.arena = arena};
    for (size_t i = 0; i < config->volume_count; i++) {
        const struct volume *volume = config->volumes[i];
        const char *package = NULL;
        const char *checker = volume->fs.check ? check_program(volume->fs.type, &package) : NULL;
        if (checker)
            add(&list, checker, package, volume->origin);
        if (volume->on.lvm)
            add(&list, ASSEMBLE_LVM, "lvm2", volume->origin);
        if (volume->on.raid)
            add(&list, ASSEMBLE_MDADM, "mdadm", volume->origin);
    }
    *count = list.count;
    return list.tools;
}
