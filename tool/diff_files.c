/* The same walk as that of `ebb lost`, which tells what is new or changed in one tree and not in
 * the other; so it goes there and back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "persist/lost.h"
#include "tool/diff.h"
#include "tool/lost.h"

/* What of `status` is not as in the other; of what is only written anew, nothing. */
static const char *own_facts(struct arena *arena, const struct stat *status,
                             const struct stat *other)
{
    static const char *const kinds[] = {[S_IFDIR >> 12] = "folder",
                                        [S_IFREG >> 12] = "file",
                                        [S_IFLNK >> 12] = "link",
                                        [S_IFIFO >> 12] = "pipe",
                                        [S_IFSOCK >> 12] = "socket"};
    const char *text = "", *kind = kinds[(status->st_mode & S_IFMT) >> 12];
    if ((status->st_mode & S_IFMT) != (other->st_mode & S_IFMT))
        return kind ? kind : "device";
    if (status->st_mode != other->st_mode)
        text = arena_printf(arena, " mode=%04o", status->st_mode & 07777);
    if (status->st_uid != other->st_uid || status->st_gid != other->st_gid)
        text = arena_printf(arena, "%s owner=%u:%u", text, status->st_uid, status->st_gid);
    if (!S_ISDIR(status->st_mode) && status->st_size != other->st_size)
        text = arena_printf(arena, "%s size=%jd", text, (intmax_t)status->st_size);
    return text + (*text == ' ');
}

static bool look(int tree, const char *path, struct stat *status)
{
    auto_fd fd = path_open(tree, path, O_PATH | O_NOFOLLOW);
    return fd >= 0 && fstat(fd, status) == 0;
}

static const char *describe(struct arena *arena, const struct lost_item *item)
{
    if (!item->whole || item->files == 0)
        return "";
    return arena_printf(arena, "(%ju file%s)", (uintmax_t)item->files, item->files == 1 ? "" : "s");
}

static void add(const struct diff *diff, const struct lost *lost, const struct lost_item *item,
                bool is_old, struct diff_part *part)
{
    struct stat old, new;
    auto_string path = lost_path(lost, item);
    const char *text = describe(part->arena, item);
    struct diff_item *found = ARENA_PUSH(part->arena, part->items, part->count);
    *found = (struct diff_item){
        .name = arena_printf(part->arena, "%s%s", path, S_ISDIR(item->mode) ? "/" : ""),
        .old = is_old ? text : NULL,
        .new = is_old ? NULL : text,
    };
    if (item->change == LOST_CHANGED && look(diff->old.tree, path, &old) &&
        look(diff->new.tree, path, &new)) {
        found->old = own_facts(part->arena, &old, &new);
        found->new = own_facts(part->arena, &new, &old);
    }
}

/* What one side has and the other has not, and, of the new side, what has changed. */
static int walk(const struct diff *diff, bool is_old, struct diff_part *part, struct error *error)
{
    const struct diff_side *side = is_old ? &diff->old : &diff->new;
    const struct diff_side *other = is_old ? &diff->new : &diff->old;
    auto_lost lost = {0};
    const struct lost_request request = {.root = {side->tree, ""}, .tree = other->tree};
    int code = lost_find(&request, &lost, error);
    if (code < 0)
        return code;
    lost_print_blind(&lost);
    if (lost.blind_count)
        return error_set(error, EACCES, "generation %u cannot be looked through; run it as root",
                         side->generation->number);
    for (size_t i = 0; i < lost.count; i++)
        if (lost.items[i].change == LOST_NEW || (!is_old && lost.items[i].change == LOST_CHANGED))
            add(diff, &lost, &lost.items[i], is_old, part);
    return 0;
}

static int by_name(const void *left, const void *right)
{
    const struct diff_item *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : !a->old - !b->old;
}

int diff_files(const struct diff *diff, struct diff_part *part, struct error *error)
{
    part->known = true;
    int code = walk(diff, true, part, error);
    if (code == 0)
        code = walk(diff, false, part, error);
    if (part->count)
        qsort(part->items, part->count, sizeof(*part->items), by_name);
    return code;
}
