#include "vm/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

static int fill(const struct disk *disk, const char *stage, const struct store_request *store,
                const char *tree, struct error *error)
{
    unsigned number = 0;
    auto_arena arena = arena_new();
    auto_fd folder = open(stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return error_system(error, errno, "cannot open \"%s\"", stage);
    if (fchmod(folder, 0755) < 0) /* it becomes the top of the volume */
        return error_system(error, errno, "cannot open \"%s\"", stage);
    int code = store_make(folder, store, &number, error);
    if (code < 0)
        return code;
    const struct graft graft = {tree,
                                arena_printf(arena, "%s/%u/tree", store->generations, number)};
    struct disk filled = *disk;
    filled.content = stage;
    filled.grafts = &graft;
    filled.graft_count = tree ? 1 : 0;
    return disk_make(&filled, error);
}

int state_make(const struct disk *disk, const struct store_request *store, const char *tree,
               struct error *error)
{
    char stage[] = "/tmp/ebb-stage-XXXXXX";
    if (!mkdtemp(stage))
        return error_system(error, errno, "cannot make a folder in /tmp");
    int code = fill(disk, stage, store, tree, error);
    path_remove_tree(stage);
    return code;
}
