#include "generations/make.h"

#include <errno.h>
#include <fcntl.h>

#include "base/copy.h"
#include "base/memory.h"
#include "base/path.h"
#include "generations/identity.h"

static int fill(int folder, const struct store_request *request, struct error *error)
{
    auto_fd tree = path_open(folder, "tree", O_RDONLY | O_DIRECTORY);
    if (tree < 0)
        return error_system(error, -tree, "cannot open the new tree");
    return copy_tree(request->tree, tree, error);
}

int store_make(int volume, const struct store_request *request, unsigned *number,
               struct error *error)
{
    auto_fd store = -1, folder = -1;
    /* The identity comes last: until it is there, nothing boots from the volume. */
    int code = identity_check_new(volume, request->identity, error);
    const char *init = request->facts.init;
    if (code == 0 && init && path_objection(init))
        code = error_set(error, EINVAL, "the init \"%s\" %s; write its whole path in the tree",
                         init, path_objection(init));
    if (code == 0)
        code = store_lock(volume, request->generations, &store, error);
    if (code == 0)
        code = generation_prepare(store, &request->facts, &folder, error);
    if (code == 0 && request->tree >= 0)
        code = fill(folder, request, error);
    if (code == 0)
        code = generation_commit(store, number, error);
    return code < 0 ? code : identity_make(volume, request->identity, error);
}
