#include "generations/make.h"

#include <errno.h>

#include "base/copy.h"
#include "base/memory.h"
#include "generations/identity.h"

int store_make(int volume, const struct store_request *request, unsigned *number,
               struct error *error)
{
    auto_fd tree = -1;
    /* The identity comes last: until it is there, nothing boots from the volume. */
    int code = identity_check_new(volume, request->identity, error);
    if (code == 0)
        code = generation_prepare(volume, request->generations, &request->facts, &tree, error);
    if (code == 0 && request->tree >= 0)
        code = copy_tree(request->tree, tree, error);
    if (code == 0)
        code = generation_commit(volume, request->generations, number, error);
    return code < 0 ? code : identity_make(volume, request->identity, error);
}
