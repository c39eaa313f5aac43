#include "init/keymap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyboard.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "base/path.h"

/* The magic, a flag for each table that a set of modifiers can choose, and those tables that have
 * one: for each key a little-endian number of 16 bits. The kernel's NR_KEYS has grown since. */
static const char magic[] = {'b', 'k', 'e', 'y', 'm', 'a', 'p'};
enum { TABLES = MAX_NR_KEYMAPS, KEYS = 128, HEAD = sizeof(magic) + TABLES, TABLE = 2 * KEYS };

int keymap_parse(struct arena *arena, const char *data, size_t length, struct kbentry **entries,
                 size_t *count, struct error *error)
{
    static const char remedy[] = "rebuild the image with `ebb build`";
    if (length < HEAD || memcmp(data, magic, sizeof(magic)) != 0)
        return error_set(error, EINVAL, "it does not begin as a keymap of loadkeys does; %s",
                         remedy);
    const unsigned char *flags = (const unsigned char *)data + sizeof(magic), *at = flags + TABLES;
    size_t tables = 0, next = 0;
    for (size_t i = 0; i < TABLES; i++)
        tables += flags[i] != 0;
    if (length != HEAD + tables * TABLE)
        return error_set(error, EINVAL, "it has %zu bytes, but its %zu tables take %zu; %s", length,
                         tables, HEAD + tables * TABLE, remedy);
    struct kbentry *list = arena_alloc(arena, tables * KEYS * sizeof(*list));
    for (size_t i = 0; i < TABLES; i++)
        for (size_t key = 0; flags[i] && key < KEYS; key++, at += 2)
            list[next++] = (struct kbentry){.kb_table = (unsigned char)i,
                                            .kb_index = (unsigned char)key,
                                            .kb_value = (unsigned short)(at[0] | at[1] << 8)};
    *entries = list;
    *count = next;
    return 0;
}

/* Keymaps belong to no terminal, but the mode does, and outside of the Unicode mode the kernel
 * refuses letters. It is the kernel's default unless a parameter says otherwise. */
static int bind_keys(int terminal, const struct kbentry *entries, size_t count, struct error *error)
{
    int mode = K_UNICODE;
    size_t refused = 0;
    if (ioctl(terminal, KDGKBMODE, &mode) == 0 && mode == K_XLATE &&
        ioctl(terminal, KDSKBMODE, K_UNICODE) < 0)
        return error_system(error, errno, "the keyboard cannot be put into Unicode mode");
    for (size_t i = 0; i < count; i++)
        if (ioctl(terminal, KDSKBENT, &entries[i]) < 0 && refused++ == 0)
            (void)error_system(error, errno, "the kernel refuses key %u of table %u",
                               entries[i].kb_index, entries[i].kb_table); /* the others may do */
    return refused ? -error->code : 0;
}

int keymap_load(const char *path, struct error *error)
{
    auto_arena arena = arena_new();
    auto_string data = NULL;
    struct kbentry *entries = NULL;
    size_t length = 0, count = 0;
    int code = path_read(AT_FDCWD, path, HEAD + TABLES * TABLE, &data, &length, error);
    if (code == -ENOENT)
        return 0; /* the builder's layout is the kernel's own */
    if (code < 0)
        return code;
    code = keymap_parse(arena, data, length, &entries, &count, error);
    if (code < 0)
        return error_prefix(error, "the keymap \"%s\"", path);
    auto_fd terminal = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) {
        log_debug("no keymap is loaded: there is no virtual terminal (%s)", strerror(errno));
        return 0;
    }
    code = bind_keys(terminal, entries, count, error);
    if (code < 0)
        return error_prefix(error, "the keymap \"%s\"", path);
    log_debug("loaded the keymap \"%s\"", path);
    return 0;
}
