#include "tool/boot_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/path.h"
#include "generations/grub.h"
#include "secrets/pin.h"

enum { ENTRY_LIMIT = 1 << 16 };

const struct boot_found *boot_find(const struct boot_state *state, const char *name)
{
    for (size_t i = 0; i < state->entry_count; i++)
        if (strcmp(state->entries[i].name, name) == 0)
            return &state->entries[i];
    return NULL;
}

const char *boot_payload_name(const struct boot_state *state, const struct entry_file *file)
{
    size_t length = strlen(state->folder);
    if (!file->path || strncmp(file->path, state->folder, length) != 0 ||
        file->path[length] != '/' || strchr(file->path + length + 1, '/'))
        return NULL;
    return file->path + length + 1;
}

const struct esp_file *boot_find_payload(const struct boot_state *state, const char *name)
{
    for (size_t i = 0; i < state->payload_count; i++)
        if (strcmp(state->payloads[i].name, name) == 0)
            return &state->payloads[i];
    return NULL;
}

static const char *fault_of_file(const struct boot_state *state, const struct entry_file *file,
                                 const char *what, struct arena *arena)
{
    const char *name = boot_payload_name(state, file);
    const struct esp_file *found = name ? boot_find_payload(state, name) : NULL;
    if (!found)
        return arena_printf(arena, "its %s is missing", what);
    return found->size == file->size ? NULL : arena_printf(arena, "its %s has another size", what);
}

static const char *fault_of(struct arena *arena, const struct boot_state *state,
                            struct boot_found *found)
{
    if (!*found->text)
        return "it is empty";
    if (entry_parse(arena, found->text, &found->entry) < 0)
        return "it is not whole";
    const char *fault = fault_of_file(state, &found->entry.kernel, "kernel", arena);
    return fault ? fault : fault_of_file(state, &found->entry.image, "image", arena);
}

static bool is_unfinished(const char *name)
{
    size_t length = strlen(name), ending = strlen(ESP_UNFINISHED);
    return length > ending && strcmp(name + length - ending, ESP_UNFINISHED) == 0;
}

static void add_leftover(struct arena *arena, struct boot_state *state, const char *folder,
                         const char *name)
{
    *ARENA_PUSH(arena, state->leftovers, state->leftover_count) =
        arena_printf(arena, "%s/%s", folder, name);
}

static int look_at_entries(struct arena *arena, int esp, struct boot_state *state,
                           struct error *error)
{
    struct esp_file *files = NULL;
    size_t count = 0;
    int code = esp_list(arena, esp, ENTRY_FOLDER, &files, &count, error);
    const char *start = arena_printf(arena, "ebb-%s-", state->token);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct boot_found found = {.name = files[i].name};
        auto_string text = NULL;
        if (is_unfinished(found.name) && strncmp(found.name, start, strlen(start)) == 0)
            add_leftover(arena, state, ENTRY_FOLDER, found.name);
        if (!entry_is_ours(state->token, found.name, &found.generation))
            continue;
        const char *path = arena_printf(arena, ENTRY_FOLDER "/%s", found.name);
        auto_fd fd = path_open(esp, path, O_RDONLY);
        if (fd < 0)
            return error_system(error, -fd, "cannot read \"%s\" on the boot partition", path);
        code = path_read_fd(fd, path, ENTRY_LIMIT, &text, NULL, error);
        if (code < 0)
            return code;
        found.text = arena_string(arena, text);
        found.fault = fault_of(arena, state, &found);
        *ARENA_PUSH(arena, state->entries, state->entry_count) = found;
    }
    return code;
}

/* What loaders are told, beside the entries. */
static void look_for_unfinished(struct arena *arena, int esp, struct boot_state *state)
{
    const char *const paths[] = {"/loader/loader.conf", "/loader/entries.srel",
                                 grub_menu_path(arena, state->token),
                                 grub_block_path(arena, state->token)};
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        const char *path = arena_printf(arena, "%s" ESP_UNFINISHED, paths[i]);
        auto_fd fd = path_open(esp, path, O_PATH);
        if (fd >= 0)
            *ARENA_PUSH(arena, state->leftovers, state->leftover_count) = path;
    }
}

int boot_look(struct arena *arena, int esp, const char *token, struct boot_state *state,
              struct error *error)
{
    struct esp_file *files = NULL;
    size_t count = 0;
    *state = (struct boot_state){.token = token,
                                 .folder = arena_printf(arena, ENTRY_PAYLOADS "/%s", token)};
    int code = esp_list(arena, esp, state->folder, &files, &count, error);
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (is_unfinished(files[i].name))
            add_leftover(arena, state, state->folder, files[i].name);
        else
            *ARENA_PUSH(arena, state->payloads, state->payload_count) = files[i];
    }
    if (code == 0)
        code = look_at_entries(arena, esp, state, error);
    look_for_unfinished(arena, esp, state);
    return code < 0 ? code : esp_space(esp, &state->space, error);
}

int boot_clean(struct arena *arena, int esp, struct boot_state *state, struct error *error)
{
    bool changed = state->leftover_count > 0;
    int code = 0;
    for (size_t i = 0; code == 0 && i < state->leftover_count; i++)
        code = esp_remove(esp, state->leftovers[i], error);
    for (size_t i = 0; code == 0 && i < state->entry_count; i++) {
        if (!state->entries[i].fault)
            continue;
        changed = true;
        code =
            esp_remove(esp, arena_printf(arena, ENTRY_FOLDER "/%s", state->entries[i].name), error);
    }
    if (code < 0 || !changed)
        return code;
    code = esp_sync(esp, error);
    return code < 0 ? code : boot_look(arena, esp, state->token, state, error);
}

int boot_verify(int esp, const struct entry_file *file, struct error *error)
{
    char digits[PIN_DIGITS + 1];
    size_t length = 0;
    auto_string data = NULL;
    auto_fd fd = path_open(esp, file->path, O_RDONLY);
    if (fd < 0)
        return error_system(error, -fd, "cannot read \"%s\" on the boot partition", file->path);
    int code = path_read_fd(fd, file->path, UINT32_MAX, &data, &length, error);
    if (code < 0)
        return code;
    pin_of(data, length, digits);
    if (length == file->size && strcmp(digits, file->sha256) == 0)
        return 0;
    return error_set(error, EBADMSG,
                     "\"%s\" on the boot partition is damaged; make it anew with `ebb boot sync "
                     "--rebuild`",
                     file->path);
}
