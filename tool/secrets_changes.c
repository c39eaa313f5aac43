#include "tool/secrets_changes.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/path.h"
#include "secrets/vault.h"
#include "tool/name.h"

struct comparison {
    const char *shown; /* where the sets are seen */
    int from, to;      /* the set that is looked through, and the one it is held against */
    FILE *out;
};

static void tell(const struct comparison *comparison, const char *change, const char *name)
{
    fprintf(comparison->out, "%-9s  %s/", change, comparison->shown);
    name_print(name, true, comparison->out);
    fputc('\n', comparison->out);
}

/* Where they lie, so that there is no copy of them that would have to be locked and wiped. */
static bool is_same(int one, int other)
{
    struct stat a, b;
    if (fstat(one, &a) < 0 || fstat(other, &b) < 0 || a.st_uid != b.st_uid ||
        a.st_gid != b.st_gid || a.st_mode != b.st_mode || a.st_size != b.st_size)
        return false;
    if (a.st_size == 0)
        return true;
    size_t size = (size_t)a.st_size;
    void *left = mmap(NULL, size, PROT_READ, MAP_SHARED, one, 0);
    void *right = mmap(NULL, size, PROT_READ, MAP_SHARED, other, 0);
    bool same = left != MAP_FAILED && right != MAP_FAILED && memcmp(left, right, size) == 0;
    if (left != MAP_FAILED)
        munmap(left, size);
    if (right != MAP_FAILED)
        munmap(right, size);
    return same;
}

static int open_secret(int set, const char *name)
{
    return set < 0 ? -ENOENT : path_open(set, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

static void tell_new(const struct comparison *comparison, const char *name)
{
    auto_fd new = open_secret(comparison->from, name), old = open_secret(comparison->to, name);
    if (old < 0)
        tell(comparison, "added", name);
    else
        tell(comparison, is_same(old, new) ? "unchanged" : "changed", name);
}

static void tell_old(const struct comparison *comparison, const char *name)
{
    auto_fd new = open_secret(comparison->to, name);
    if (new < 0)
        tell(comparison, "removed", name);
}

static int by_name(const FTSENT **one, const FTSENT **other)
{
    return strcmp((*one)->fts_name, (*other)->fts_name);
}

static int each(char *path, const struct comparison *comparison,
                void (*one)(const struct comparison *comparison, const char *name),
                struct error *error)
{
    size_t above = strlen(path) + 1;
    FTS *walk = fts_open((char *[]){path, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk)
        return error_system(error, errno, "cannot look through \"%s\"", path);
    for (FTSENT *entry; errno = 0, (entry = fts_read(walk));)
        if (entry->fts_info == FTS_F)
            one(comparison, entry->fts_path + above);
    int code = errno;
    fts_close(walk);
    return code ? error_system(error, code, "cannot look through \"%s\"", path) : 0;
}

int changes_tell(unsigned old, unsigned new, bool early, FILE *out, struct error *error)
{
    char old_path[VAULT_PATH], new_path[VAULT_PATH];
    vault_path(old, early, old_path);
    vault_path(new, early, new_path);
    auto_fd before = open(old_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_fd after = open(new_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct comparison comparison = {early ? "/run/secrets-for-users" : "/run/secrets", after,
                                    before, out};
    int code = after < 0 ? 0 : each(new_path, &comparison, tell_new, error);
    comparison.from = before;
    comparison.to = after;
    return code < 0 || before < 0 ? code : each(old_path, &comparison, tell_old, error);
}
