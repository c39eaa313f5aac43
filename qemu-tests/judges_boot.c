/* Boot partitions as `ebb boot` leaves them. */
#include "qemu-tests/judges.h"

#include <errno.h>
#include <string.h>

#include "base/digest.h"
#include "generations/entry.h"

struct look {
    struct arena *arena;
    struct fat fat;
    const struct own_entries *own;
    const char **whole; /* the names of entries */
    size_t count;
};

static int verify(const struct look *look, const struct entry_file *file, struct error *error)
{
    char *data, digits[DIGEST_DIGITS + 1];
    size_t length;
    if (fat_read(look->arena, &look->fat, file->path, &data, &length, error) < 0)
        return -error->code;
    digest_of(data, length, digits);
    if (length == file->size && strcmp(digits, file->sha256) == 0)
        return 0;
    return error_set(error, EBADMSG, "\"%s\" is another one than its entry says", file->path);
}

/* A loader passes over what it cannot read, and over what names nothing. */
static int look_at_entry(struct look *look, const char *name, struct error *error)
{
    char *text;
    struct entry entry;
    struct error unread;
    const char *path = arena_printf(look->arena, ENTRY_FOLDER "/%s", name);
    if (fat_read(look->arena, &look->fat, path, &text, NULL, &unread) < 0 || !strstr(text, "linux"))
        return 0;
    if (entry_parse(look->arena, text, &entry) < 0)
        return error_set(error, EBADMSG, "\"%s\" is torn", name);
    if (verify(look, &entry.kernel, error) < 0 || verify(look, &entry.image, error) < 0)
        return error_prefix(error, "\"%s\"", name);
    *ARENA_PUSH(look->arena, look->whole, look->count) = name;
    return 0;
}

static int look_at_entries(struct look *look, struct error *error)
{
    struct fat_entry *list;
    size_t count;
    unsigned number;
    int code = fat_list(look->arena, &look->fat, ENTRY_FOLDER, &list, &count, error);
    if (code < 0)
        return code == -ENOENT && !look->own->must_boot ? 0 : code;
    for (size_t i = 0; i < count; i++)
        if (entry_is_ours(look->own->token, list[i].name, &number) &&
            look_at_entry(look, list[i].name, error) < 0)
            return -error->code;
    return 0;
}

static bool is_whole(const struct look *look, const char *what)
{
    const char *name = entry_name(look->arena, look->own->token, 0, what);
    for (size_t i = 0; i < look->count; i++)
        if (strcmp(look->whole[i], name) == 0)
            return true;
    return false;
}

/* Whether loader.conf says that ours is the default. */
static bool is_ours(const struct look *look)
{
    char *text;
    struct error unread;
    const char *line =
        arena_printf(look->arena, "default %s\n", entry_default(look->arena, look->own->token));
    return fat_read(look->arena, &look->fat, "/loader/loader.conf", &text, NULL, &unread) == 0 &&
           strstr(text, line);
}

static int look_at_choice(const struct look *look, bool refuge, struct error *error)
{
    bool ours = is_ours(look);
    if (look->own->must_boot && !ours && !refuge)
        return error_set(error, EBADMSG, "loader.conf does not name our default");
    if (!ours && !look->own->must_boot)
        return 0;
    if (is_whole(look, ENTRY_DEFAULT) || (refuge && is_whole(look, ENTRY_ROLLBACK)))
        return 0;
    return error_set(error, ENOENT, "none of %zu whole entries is one that is booted by itself",
                     look->count);
}

static int look_at(const struct own_entries *own, const char *image, bool refuge,
                   struct error *error)
{
    auto_arena arena = arena_new();
    struct look look = {.arena = arena, .fat = {.fd = -1}, .own = own};
    if (fat_open(arena, image, &look.fat, error) < 0)
        return -error->code;
    int code = look_at_entries(&look, error);
    if (code == 0)
        code = look_at_choice(&look, refuge, error);
    fat_close(&look.fat);
    return code;
}

int judge_own(const char *image, void *own, struct error *error)
{
    return look_at(own, image, false, error);
}

int judge_own_refuge(const char *image, void *own, struct error *error)
{
    return look_at(own, image, true, error);
}
