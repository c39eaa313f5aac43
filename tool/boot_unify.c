#include "tool/boot_unify.h"

#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "image/uki.h"

/* What loaders show of an image, and sort it by. */
static const char *os_release(struct arena *arena, const struct entry *entry)
{
    char *title = arena_string(arena, entry->title ? entry->title : "");
    for (char *at = title; *at; at++)
        if (strchr("\"\\$`", *at) || (unsigned char)*at < ' ')
            *at = '?';
    return arena_printf(arena, "ID=ebb\nPRETTY_NAME=\"%s\"\nIMAGE_ID=%s\nIMAGE_VERSION=%s\n", title,
                        entry->sort_key, entry->version);
}

static int make(const struct boot_source *source, const struct entry *entry,
                const struct boot_payload *kernel, const struct boot_payload *image,
                const void **made, size_t *length, struct error *error)
{
    struct arena *arena = source->place->arena;
    const struct boot_entries *declared = &source->place->config->boot;
    const char *text = os_release(arena, entry);
    auto_string kernel_read = NULL;
    auto_string image_read = NULL;
    const char *kernel_data = NULL, *image_data = NULL;
    const struct uki uki = {.kernel = arena_printf(arena, "%s/linux", source->scratch),
                            .version = entry->uname,
                            .cmdline = entry->options,
                            .os_release = arena_printf(arena, "%s/os-release", source->scratch),
                            .key = declared->key,
                            .certificate = declared->certificate};
    int code = boot_payload_read(source->esp, kernel, &kernel_read, &kernel_data, error);
    if (code == 0)
        code = boot_payload_read(source->esp, image, &image_read, &image_data, error);
    if (code == 0)
        code = path_write(AT_FDCWD, uki.kernel, kernel_data, kernel->file.size, 0600, error);
    if (code == 0)
        code = path_write(AT_FDCWD, uki.os_release, text, strlen(text), 0600, error);
    return code < 0 ? code
                    : uki_make(arena, &uki, image_data, image->file.size, made, length, error);
}

static int fill(const struct boot_source *source, const struct entry *entry,
                const struct boot_payload *kernel, const struct boot_payload *image,
                struct boot_payload *unified, struct error *error)
{
    struct arena *arena = source->place->arena;
    struct error ignored;
    char digits[DIGEST_DIGITS + 1];
    const void *made = NULL;
    size_t length = 0;
    if (!source->scratch) {
        unified->file.size = kernel->file.size + image->file.size;
        unified->file.sha256 = "";
        return 0;
    }
    int code = make(source, entry, kernel, image, &made, &length, error);
    if (code < 0)
        return code;
    digest_of(made, length, digits);
    unified->file.sha256 = arena_string(arena, digits);
    unified->file.size = length;
    unified->data = made;
    unified->is_there = boot_verify(source->esp, &unified->file, &ignored) == 0;
    return 0;
}

int boot_unify(const struct boot_source *source, struct boot_want *want, struct error *error)
{
    struct arena *arena = source->place->arena;
    struct boot_payload *unified = arena_alloc(arena, sizeof(*unified));
    const struct boot_found *found = boot_find(source->state, want->name);
    struct entry entry = want->entry;
    int code = 0;
    entry.inner_kernel = (struct entry_file){NULL, entry.kernel.size, entry.kernel.sha256};
    entry.inner_image = (struct entry_file){NULL, entry.image.size, entry.image.sha256};
    entry.image = (struct entry_file){0};
    if (found && !found->fault && !source->rebuild) {
        entry.kernel = unified->file = found->entry.kernel;
        unified->is_there = strcmp(entry_write(arena, &entry), found->text) == 0;
    }
    unified->file.path = entry_unified_path(arena, want->name);
    if (!unified->is_there)
        code = fill(source, &entry, want->kernel, want->image, unified, error);
    if (code < 0)
        return error_prefix(error, "the unified image \"%s\"", unified->file.path);
    entry.kernel = unified->file;
    want->text = entry_write(arena, &entry);
    want->entry = entry;
    want->kernel = unified;
    want->image = NULL;
    return 0;
}
