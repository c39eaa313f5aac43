#include "qemu-tests/judges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/path.h"
#include "generations/record.h"
#include "vm/disk.h"

#define ENTRIES "/loader/entries"

/* An image while it is looked at. */
struct look {
    struct arena *arena;
    struct fat fat;
    struct esp *esp;
    bool learns;
};

static bool has_end(const char *name, const char *end)
{
    size_t length = strlen(name), rest = strlen(end);
    return length > rest && strcasecmp(name + length - rest, end) == 0;
}

static bool is_right_size(const struct esp *esp, const char *path, uint32_t size)
{
    for (size_t i = 0; i < esp->count; i++)
        if (strcasecmp(esp->payloads[i].path, path) == 0 && esp->payloads[i].size == size)
            return true;
    return false;
}

static int look_at_file(struct look *look, const char *path, struct error *error)
{
    struct fat_entry entry;
    if (fat_find(look->arena, &look->fat, path, &entry, error) < 0 ||
        fat_check(&look->fat, &entry, error) < 0)
        return -error->code;
    if (look->learns)
        *ARENA_PUSH(look->esp->arena, look->esp->payloads, look->esp->count) =
            (struct payload){arena_string(look->esp->arena, path), entry.size};
    if (is_right_size(look->esp, path, entry.size))
        return 0;
    return error_set(error, EBADMSG, "\"%s\" has %u bytes", path, entry.size);
}

/* The file that a line names, NULL for none. */
static const char *file_of(struct arena *arena, const char *line)
{
    static const char *const keys[] = {"linux", "initrd", "efi", "uki"};
    size_t length = strcspn(line, " \t");
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (strlen(keys[i]) == length && strncmp(line, keys[i], length) == 0) {
            const char *path = line + length + strspn(line + length, " \t");
            return arena_copy(arena, path, strcspn(path, "\n"));
        }
    return NULL;
}

static int look_at_entry(struct look *look, const char *name, struct error *error)
{
    char *text;
    size_t files = 0;
    const char *path = arena_printf(look->arena, ENTRIES "/%s", name);
    if (fat_read(look->arena, &look->fat, path, &text, NULL, error) < 0)
        return -error->code;
    for (const char *line = text; *line; line += line[strcspn(line, "\n")] ? 1 : 0) {
        const char *file = file_of(look->arena, line);
        if (file && look_at_file(look, file, error) < 0)
            return error_prefix(error, "\"%s\"", name);
        files += file ? 1 : 0;
        line += strcspn(line, "\n");
    }
    return files ? 0 : error_set(error, ENOENT, "\"%s\" names nothing to boot", name);
}

static int look_at_entries(struct look *look, struct error *error)
{
    struct fat_entry *list;
    size_t count, good = 0;
    if (fat_list(look->arena, &look->fat, ENTRIES, &list, &count, error) < 0)
        return -error->code;
    struct error last = {.text = "there is none"};
    for (size_t i = 0; i < count; i++)
        if (has_end(list[i].name, ".conf") && look_at_entry(look, list[i].name, &last) == 0)
            good++;
    return good ? 0 : error_set(error, ENOENT, "no entry can be booted: %s", last.text);
}

static int look_at(struct esp *esp, const char *image, bool learns, struct error *error)
{
    auto_arena arena = arena_new();
    struct look look = {.arena = arena, .fat = {.fd = -1}, .esp = esp, .learns = learns};
    if (fat_open(arena, image, &look.fat, error) < 0)
        return -error->code;
    int code = look_at_entries(&look, error);
    fat_close(&look.fat);
    return code;
}

int judge_learn(struct esp *esp, const char *image, struct error *error)
{
    return look_at(esp, image, true, error);
}

int judge_entries(const char *image, void *esp, struct error *error)
{
    return look_at(esp, image, false, error);
}

static int read_file(struct arena *arena, const char *image, const char *path, char **text,
                     size_t *length, struct error *error)
{
    AUTO(fat_close) struct fat fat = {.fd = -1};
    if (fat_open(arena, image, &fat, error) == 0)
        return fat_read(arena, &fat, path, text, length, error);
    auto_string found = NULL;
    if (error->code != ENOTSUP || disk_read(image, path, &found, length, error) < 0)
        return -error->code;
    *text = memcpy(arena_alloc(arena, *length + 1), found, *length);
    return 0;
}

int judge_record(const char *image, void *nothing, struct error *error)
{
    (void)nothing; /* the record says for itself whether it is whole */
    char *text = NULL;
    size_t length = 0;
    struct record record;
    auto_arena arena = arena_new();
    if (read_file(arena, image, "/.ebb/record", &text, &length, error) < 0)
        return -error->code;
    auto_fd fd = memfd_create("record", MFD_CLOEXEC);
    if (fd < 0 || path_write_all(fd, text, length) < 0)
        return error_system(error, errno, "cannot keep the record in memory");
    if (record_read(fd, &record, error) < 0)
        return -error->code;
    return record.sequence ? 0 : error_set(error, EBADMSG, "no slot of the record is whole");
}
