#include "generations/entry.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

enum { TOKEN_LENGTH = 12 };

void entry_check(const struct config *config, struct report *report)
{
    const struct boot_entries *boot = &config->boot;
    const struct volume *volume = boot->place.volume;
    if (!volume)
        return;
    const char *kind = volume->luks || volume->on.lvm ? "in a container" : volume->fs.type;
    if (strcmp(boot->place.path, "/") != 0)
        report_error(report, boot->place.origin,
                     "boot loaders look from the top of their partition; write: boot %s:/",
                     volume->name);
    if (kind && *kind && strcmp(kind, "vfat") != 0)
        report_error(report, boot->place.origin,
                     "firmware cannot read \"%s\", which is %s; name the EFI system partition, "
                     "with vfat",
                     volume->name, kind);
    if (boot->options && strstr(boot->options, "ebb.generation="))
        report_error(report, boot->origin,
                     "the options of `boot` say which generation is booted; each entry says it, "
                     "so remove ebb.generation=");
    if (boot->loader == BOOT_GRUB && boot->options && strpbrk(boot->options, "'\\"))
        report_error(report, boot->origin,
                     "the options of `boot` have ' or \\ in them, which GRUB changes; write them "
                     "without");
    if (!boot->key != !boot->certificate || (boot->key && !boot->uki))
        report_error(report, boot->origin,
                     "key= and certificate= sign unified images together; write: boot %s:/ uki=yes "
                     "key=FILE certificate=FILE",
                     volume->name);
    if (boot->timeout % 1000)
        report_error(report, boot->origin,
                     "boot loaders count whole seconds; write for example timeout=%us",
                     boot->timeout / 1000 + 1);
}

/* The rest of a line is taken literally, so nothing in it may end it. */
static void write_line(FILE *stream, const char *key, const char *value)
{
    if (!value)
        return;
    fprintf(stream, "%s ", key);
    for (size_t length, rest = strlen(value); rest > 0; value += length, rest -= length) {
        length = text_character(value, rest);
        bool is_good = length > 0 && !text_is_control(value, length);
        if (is_good)
            fwrite(value, 1, length, stream);
        else
            fputc('?', stream);
        length = length ? length : 1;
    }
    fputc('\n', stream);
}

static void write_file(FILE *stream, const char *name, const char *key,
                       const struct entry_file *file)
{
    if (!file->sha256)
        return;
    fprintf(stream, "# %s %" PRIu64 " %s\n", name, file->size, file->sha256);
    write_line(stream, key, file->path);
}

const char *entry_write(struct arena *arena, const struct entry *entry)
{
    auto_string text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        memory_exhausted();
    fputs("# by `ebb boot`, which writes it anew\n", stream);
    write_line(stream, "title", entry->title);
    write_line(stream, "sort-key", entry->sort_key);
    write_line(stream, "version", entry->version);
    write_line(stream, "machine-id", entry->machine_id);
    write_file(stream, "kernel", "linux", &entry->kernel);
    write_file(stream, "image", "initrd", &entry->image);
    write_file(stream, "inner-kernel", NULL, &entry->inner_kernel);
    write_file(stream, "inner-image", NULL, &entry->inner_image);
    write_line(stream, "# uname", entry->uname);
    write_line(stream, "options", entry->options);
    if (fclose(stream) != 0)
        memory_exhausted();
    return arena_string(arena, text);
}

/* "SIZE DIGEST" */
static bool read_facts(char *value, struct entry_file *file)
{
    char *end;
    file->size = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end != ' ' || strlen(end + 1) != DIGEST_DIGITS)
        return false;
    file->sha256 = end + 1;
    return true;
}

static bool read_line(char *line, struct entry *entry)
{
    const struct {
        const char *key, **value;
    } keys[] = {
        {"title", &entry->title},       {"sort-key", &entry->sort_key},
        {"version", &entry->version},   {"machine-id", &entry->machine_id},
        {"linux", &entry->kernel.path}, {"initrd", &entry->image.path},
        {"options", &entry->options},
    };
    const struct {
        const char *start;
        struct entry_file *file;
    } files[] = {
        {"# kernel ", &entry->kernel},
        {"# image ", &entry->image},
        {"# inner-kernel ", &entry->inner_kernel},
        {"# inner-image ", &entry->inner_image},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        if (strncmp(line, files[i].start, strlen(files[i].start)) == 0)
            return read_facts(line + strlen(files[i].start), files[i].file);
    if (strncmp(line, "# uname ", 8) == 0)
        entry->uname = line + 8;
    char *value = line + strcspn(line, " \t");
    if (*value)
        *value++ = '\0';
    value += strspn(value, " \t");
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (strcmp(line, keys[i].key) == 0)
            *keys[i].value = value;
    return true;
}

int entry_parse(struct arena *arena, const char *text, struct entry *entry)
{
    struct entry found = {0};
    char *rest = arena_string(arena, text);
    for (char *line; (line = strsep(&rest, "\n"));)
        if (!read_line(line, &found))
            return -EBADMSG;
    bool is_unified = found.inner_kernel.sha256 && found.inner_image.sha256 && found.uname;
    if (!found.kernel.path || !found.kernel.sha256 ||
        (!is_unified && (!found.image.path || !found.image.sha256)))
        return -EBADMSG;
    if (!is_unified)
        found.uname = NULL;
    *entry = found;
    return 0;
}

int entry_open_file(int esp, const struct entry_file *file, struct error *error)
{
    char digits[DIGEST_DIGITS + 1];
    size_t length = 0;
    auto_string data = NULL;
    auto_fd fd = path_open(esp, file->path, O_RDONLY);
    if (fd < 0)
        return error_system(error, -fd, "cannot read \"%s\" on the boot partition", file->path);
    int code = path_read_fd(fd, file->path, UINT32_MAX, &data, &length, error);
    if (code < 0)
        return code;
    digest_of(data, length, digits);
    if (length == file->size && strcmp(digits, file->sha256) == 0)
        return TAKE_FD(fd);
    return error_set(error, EBADMSG,
                     "\"%s\" on the boot partition is damaged; make it anew with `ebb boot sync "
                     "--rebuild`",
                     file->path);
}

/* Boot loaders and vfat take capitals for small letters. */
const char *entry_token(struct arena *arena, const char *identity)
{
    char *token = arena_copy(arena, identity, strnlen(identity, TOKEN_LENGTH));
    for (char *at = token; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return token;
}

const char *entry_name(struct arena *arena, const char *token, unsigned number, const char *other)
{
    return number ? arena_printf(arena, "ebb-%s-g%06u.conf", token, number)
                  : arena_printf(arena, "ebb-%s-%s.conf", token, other);
}

const char *entry_unified_path(struct arena *arena, const char *name)
{
    return arena_printf(arena, ENTRY_UNIFIED "/%.*s.efi", (int)(strlen(name) - strlen(".conf")),
                        name);
}

const char *entry_id(struct arena *arena, const struct boot_entries *boot, const char *name)
{
    return boot->uki ? entry_unified_path(arena, name) + strlen(ENTRY_UNIFIED "/") : name;
}

const char *entry_default(struct arena *arena, const char *token)
{
    return arena_printf(arena, "ebb-%s-" ENTRY_DEFAULT "*", token);
}

static bool read_count(const char **at, unsigned *count)
{
    char *end;
    bool is_number = isdigit((unsigned char)**at);
    unsigned long value = is_number ? strtoul(*at, &end, 10) : 0;
    if (!is_number || value > UINT32_MAX)
        return false;
    *count = (unsigned)value;
    *at = end;
    return true;
}

bool entry_counter(const char *name, unsigned *left, unsigned *done)
{
    const char *at = strrchr(name, '+'), *ending = strrchr(name, '.');
    *left = *done = 0;
    if (!at++ || !ending || !read_count(&at, left))
        return false;
    if (*at == '-' && (at++, !read_count(&at, done)))
        return false;
    return at == ending;
}

/* Whatever the loader has counted so far. */
static bool is_trial(const char *rest)
{
    unsigned left, done;
    size_t length = strcspn(ENTRY_TRIAL, "+");
    return strncmp(rest, ENTRY_TRIAL, length) == 0 &&
           (strcmp(rest + length, ".conf") == 0 ||
            (rest[length] == '+' && entry_counter(rest + length, &left, &done)));
}

bool entry_is_ours(const char *token, const char *name, unsigned *number)
{
    size_t length = strlen(token);
    if (strncmp(name, "ebb-", 4) != 0 || strncmp(name + 4, token, length) != 0 ||
        name[4 + length] != '-')
        return false;
    const char *rest = name + 5 + length;
    size_t digits = *rest == 'g' ? strspn(rest + 1, "0123456789") : 0;
    *number = 0;
    if (digits >= 6 && digits < 10 && strcmp(rest + 1 + digits, ".conf") == 0)
        *number = (unsigned)strtoul(rest + 1, NULL, 10);
    return *number || strcmp(rest, ENTRY_DEFAULT ".conf") == 0 ||
           strcmp(rest, ENTRY_ROLLBACK ".conf") == 0 || strcmp(rest, ENTRY_RECOVERY ".conf") == 0 ||
           is_trial(rest);
}
