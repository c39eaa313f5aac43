#include "tool/boot_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/path.h"

/* What this machine's firmware calls its kind of processor. */
#if defined(__x86_64__)
#define NAME "x64"
#define FALLBACK "BOOTX64.EFI"
#elif defined(__aarch64__)
#define NAME "aa64"
#define FALLBACK "BOOTAA64.EFI"
#elif defined(__i386__)
#define NAME "ia32"
#define FALLBACK "BOOTIA32.EFI"
#elif defined(__riscv)
#define NAME "riscv64"
#define FALLBACK "BOOTRISCV64.EFI"
#else
#error "which EFI loader do machines of this kind start?"
#endif

static const char loader_conf[] = "/loader/loader.conf",
                  systemd_boot[] = "/EFI/systemd/systemd-boot" NAME ".efi",
                  fallback[] = "/EFI/BOOT/" FALLBACK;
#define SHIPPED "/usr/lib/systemd/boot/efi/systemd-boot" NAME ".efi"
/* Debian 13 may have the first alone; and firmware that wants a signature starts no other. */
static const char *const shipped[] = {SHIPPED ".signed", SHIPPED};

enum { TEXT_LIMIT = 1 << 16, PROGRAM_LIMIT = 1 << 26 };

static void add(struct arena *arena, struct boot_put **puts, size_t *count, const char *path,
                const char *data, size_t length)
{
    *ARENA_PUSH(arena, *puts, *count) = (struct boot_put){path, data, length};
}

/* -ENOENT, and no error: there is none. */
static int read_whole(struct arena *arena, int folder, const char *path, size_t limit,
                      const char **data, size_t *length, struct error *error)
{
    auto_string read = NULL;
    auto_fd fd = path_open_in_root(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s\"", path);
    int code = path_read_fd(fd, path, limit, &read, length, error);
    if (code == 0)
        *data = arena_copy(arena, read, *length);
    return code;
}

static bool is_default(const char *line, size_t length)
{
    return length > 8 && strncmp(line, "default", 7) == 0 && strchr(" \t", line[7]);
}

const char *boot_loader_default(struct arena *arena, int esp)
{
    struct error ignored;
    const char *text = "", *found = NULL;
    size_t length = 0;
    if (read_whole(arena, esp, loader_conf, TEXT_LIMIT, &text, &length, &ignored) < 0)
        return NULL;
    for (const char *line = text; *line; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        if (!is_default(line, length))
            continue;
        size_t blanks = strspn(line + 7, " \t"), end = length;
        while (end > 7 + blanks && strchr(" \t\r", line[end - 1]))
            end--;
        found = arena_copy(arena, line + 7 + blanks, end - 7 - blanks);
    }
    return found;
}

bool boot_loader_is_there(int esp)
{
    const char *const paths[] = {systemd_boot, fallback};
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        auto_fd fd = path_open(esp, paths[i], O_RDONLY);
        if (fd >= 0)
            return true;
    }
    return false;
}

/* That of the generation before that of the running system. */
static int read_program(struct arena *arena, const struct loader_wish *wish, const char **data,
                        size_t *length, struct error *error)
{
    const int systems[] = {wish->tree, wish->root};
    int code = -ENOENT;
    for (size_t i = 0; i < ARRAY_LENGTH(systems); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(shipped) && systems[i] >= 0 && code == -ENOENT; j++)
            code = read_whole(arena, systems[i], shipped[j], PROGRAM_LIMIT, data, length, error);
    return code;
}

static int add_program(struct arena *arena, const struct loader_wish *wish, struct boot_put **puts,
                       size_t *count, FILE *out, struct error *error)
{
    const char *data = NULL;
    size_t length = 0;
    int code = read_program(arena, wish, &data, &length, error);
    if (code == -ENOENT)
        return error_set(error, ENOENT,
                         "there is no boot loader on the boot partition, and no \"" SHIPPED "\" to "
                         "put there; install systemd-boot, or bring your own with --no-loader");
    if (code < 0)
        return code;
    add(arena, puts, count, systemd_boot, data, length);
    add(arena, puts, count, fallback, data, length);
    fprintf(out, "systemd-boot is put on the boot partition\n");
    return 0;
}

/* All lines but that of the default stay as they are. */
static const char *with_default(struct arena *arena, const char *text, const char *line)
{
    const char *made = line;
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if (!is_default(text, length))
            made = arena_printf(arena, "%s%.*s\n", made, (int)length, text);
    }
    return made;
}

static int add_settings(struct arena *arena, int esp, const struct loader_wish *wish,
                        struct boot_put **puts, size_t *count, FILE *out, struct error *error)
{
    const char *text = "", *made, *old = boot_loader_default(arena, esp);
    const char *name = wish->default_id;
    const char *line = arena_printf(arena, "default %s\n", name);
    size_t length = 0;
    int code = read_whole(arena, esp, loader_conf, TEXT_LIMIT, &text, &length, error);
    if (code < 0 && code != -ENOENT)
        return code;
    if (code == 0 && old && strcmp(old, name) == 0)
        return 0;
    made = code == 0 ? with_default(arena, text, line)
                     : arena_printf(arena, "%stimeout %u\n", line, wish->timeout / 1000);
    if (code == 0)
        fprintf(out, "the default of the boot loader was %s%s%s, and is %s\n", old ? "\"" : "",
                old ? old : "not said", old ? "\"" : "", name);
    add(arena, puts, count, loader_conf, made, strlen(made));
    return 0;
}

static int add_kind(struct arena *arena, int esp, struct boot_put **puts, size_t *count,
                    struct error *error)
{
    static const char path[] = "/loader/entries.srel", kind[] = "type1\n";
    const char *text;
    size_t length;
    int code = read_whole(arena, esp, path, TEXT_LIMIT, &text, &length, error);
    if (code == -ENOENT)
        add(arena, puts, count, path, kind, strlen(kind));
    return code == -ENOENT ? 0 : code;
}

int boot_loader_puts(struct arena *arena, int esp, const struct loader_wish *wish,
                     struct boot_put **puts, size_t *count, FILE *out, struct error *error)
{
    int code = wish->program && !boot_loader_is_there(esp)
                   ? add_program(arena, wish, puts, count, out, error)
                   : 0;
    if (code == 0)
        code = add_kind(arena, esp, puts, count, error);
    return code < 0 ? code : add_settings(arena, esp, wish, puts, count, out, error);
}
