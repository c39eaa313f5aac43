#include "tool/boot_grub.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "generations/grub.h"
#include "generations/grubenv.h"

enum { MENU_LIMIT = 1 << 20 };

/* The menu of systemd-boot: the default, generations from the newest on, and the ways back. */
static int by_place(const void *left, const void *right)
{
    const char *a = ((const struct grub_entry *)left)->entry.version,
               *b = ((const struct grub_entry *)right)->entry.version;
    bool a_is_last = isalpha((unsigned char)*a), b_is_last = isalpha((unsigned char)*b);
    return a_is_last != b_is_last ? a_is_last - b_is_last : strcmp(b, a);
}

static size_t list_entries(struct arena *arena, const struct boot_entries *declared,
                           const struct boot_want *wants, size_t count, struct grub_entry **entries)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct grub_entry row = {.id = entry_id(arena, declared, wants[i].name)};
        if (entry_parse(arena, wants[i].text, &row.entry) == 0 && row.entry.version)
            *ARENA_PUSH(arena, *entries, found) = row;
    }
    if (found)
        qsort(*entries, found, sizeof(**entries), by_place);
    return found;
}

static bool is_there(int esp, const char *path, const char *text)
{
    struct error ignored;
    auto_string found = NULL;
    auto_fd fd = path_open(esp, path, O_RDONLY);
    return fd >= 0 && path_read_fd(fd, path, MENU_LIMIT, &found, NULL, &ignored) == 0 &&
           strcmp(found, text) == 0;
}

bool boot_grub_is_there(struct arena *arena, int esp, const char *token)
{
    auto_fd fd = path_open(esp, grub_menu_path(arena, token), O_PATH);
    return fd >= 0;
}

const char *boot_grub_next(struct arena *arena, int esp, const char *token)
{
    struct error ignored;
    const char *entry = NULL;
    auto_fd fd = path_open(esp, grub_block_path(arena, token), O_RDONLY);
    return fd >= 0 && grubenv_next(arena, fd, &entry, &ignored) == 0 ? entry : NULL;
}

/* A block that is whole stays as it is and where it is. */
static int add_block(struct arena *arena, int esp, const char *token, struct boot_put **puts,
                     size_t *count, struct error *error)
{
    const char *path = grub_block_path(arena, token), *entry;
    char *block = arena_alloc(arena, GRUBENV_SIZE);
    auto_fd fd = path_open(esp, path, O_RDONLY);
    int code = fd < 0 ? fd : grubenv_next(arena, fd, &entry, error);
    if (code == -ENOENT || code == -EBADMSG) {
        grubenv_empty(block);
        *ARENA_PUSH(arena, *puts, *count) = (struct boot_put){path, block, GRUBENV_SIZE};
        return 0;
    }
    return fd < 0 ? error_system(error, -fd, "cannot read \"%s\" on the boot partition", path)
                  : code;
}

int boot_grub_puts(struct arena *arena, int esp, const struct boot_entries *declared,
                   const char *token, const struct boot_want *wants, size_t want_count,
                   struct boot_put **puts, size_t *count, struct error *error)
{
    struct grub_entry *entries = NULL;
    size_t entry_count = list_entries(arena, declared, wants, want_count, &entries);
    const char *id = entry_id(arena, declared, entry_name(arena, token, 0, ENTRY_DEFAULT)),
               *path = grub_menu_path(arena, token),
               *menu = grub_menu(arena, token, id, entries, entry_count);
    int code = add_block(arena, esp, token, puts, count, error);
    if (code == 0 && !is_there(esp, path, menu))
        *ARENA_PUSH(arena, *puts, *count) = (struct boot_put){path, menu, strlen(menu)};
    return code;
}
