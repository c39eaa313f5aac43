#include "tool/boot_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "generations/grub.h"

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
    if (entry_parse(arena, found->text, &found->entry) < 0 || !found->entry.uname == state->uki)
        return "it is not whole";
    const char *fault = fault_of_file(state, &found->entry.kernel, "kernel", arena);
    return fault || state->uki ? fault : fault_of_file(state, &found->entry.image, "image", arena);
}

static bool is_unfinished(const char *name)
{
    size_t length = strlen(name), ending = strlen(ESP_UNFINISHED);
    return length > ending && strcmp(name + length - ending, ESP_UNFINISHED) == 0;
}

/* Folders of loaders are shared with other systems. */
static bool is_of(const struct boot_state *state, const char *name)
{
    size_t length = strlen(state->token);
    return strncmp(name, "ebb-", 4) == 0 && strncmp(name + 4, state->token, length) == 0 &&
           name[4 + length] == '-';
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
    int code = esp_list(arena, esp, state->entry_folder, &files, &count, error);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct boot_found found = {.name = files[i].name};
        auto_string text = NULL;
        if (is_unfinished(found.name) && is_of(state, found.name))
            add_leftover(arena, state, state->entry_folder, found.name);
        if (!entry_is_ours(state->token, found.name, &found.generation))
            continue;
        const char *path = arena_printf(arena, "%s/%s", state->entry_folder, found.name);
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

static void name_folders(struct arena *arena, bool uki, struct boot_state *state)
{
    const char *own = arena_printf(arena, ENTRY_PAYLOADS "/%s", state->token);
    state->uki = uki;
    state->folder = uki ? ENTRY_UNIFIED : own;
    state->entry_folder = uki ? arena_printf(arena, "%s/entries", own) : ENTRY_FOLDER;
}

static int look_at_payloads(struct arena *arena, int esp, struct boot_state *state,
                            struct error *error)
{
    struct esp_file *files = NULL;
    size_t count = 0;
    int code = esp_list(arena, esp, state->folder, &files, &count, error);
    for (size_t i = 0; code == 0 && i < count; i++) {
        if (state->uki && !is_of(state, files[i].name))
            continue;
        if (is_unfinished(files[i].name))
            add_leftover(arena, state, state->folder, files[i].name);
        else
            *ARENA_PUSH(arena, state->payloads, state->payload_count) = files[i];
    }
    return code;
}

static void add_other(struct arena *arena, struct boot_state *state, const char *path)
{
    *ARENA_PUSH(arena, state->others, state->other_count) = path;
}

/* Entries and images of the other shape, and GRUB's menu where there is another loader. */
static int look_at_others(struct arena *arena, int esp, const struct boot_entries *declared,
                          struct boot_state *state, struct error *error)
{
    struct boot_state other = {.token = state->token};
    name_folders(arena, !declared->uki, &other);
    int code = look_at_payloads(arena, esp, &other, error);
    if (code == 0)
        code = look_at_entries(arena, esp, &other, error);
    for (size_t i = 0; i < other.entry_count; i++)
        add_other(arena, state,
                  arena_printf(arena, "%s/%s", other.entry_folder, other.entries[i].name));
    for (size_t i = 0; i < other.payload_count; i++)
        add_other(arena, state, arena_printf(arena, "%s/%s", other.folder, other.payloads[i].name));
    for (size_t i = 0; i < other.leftover_count; i++)
        *ARENA_PUSH(arena, state->leftovers, state->leftover_count) = other.leftovers[i];
    const char *const menu[] = {grub_menu_path(arena, state->token),
                                grub_block_path(arena, state->token)};
    for (size_t i = 0; declared->loader != BOOT_GRUB && i < ARRAY_LENGTH(menu); i++) {
        auto_fd fd = path_open(esp, menu[i], O_PATH);
        if (fd < 0)
            continue;
        add_other(arena, state, menu[i]);
        state->has_menu = true;
    }
    return code;
}

int boot_look(struct arena *arena, int esp, const struct boot_entries *declared, const char *token,
              struct boot_state *state, struct error *error)
{
    *state = (struct boot_state){.token = token};
    name_folders(arena, declared->uki, state);
    int code = look_at_payloads(arena, esp, state, error);
    if (code == 0)
        code = look_at_entries(arena, esp, state, error);
    if (code == 0)
        code = look_at_others(arena, esp, declared, state, error);
    look_for_unfinished(arena, esp, state);
    return code < 0 ? code : esp_space(esp, &state->space, error);
}

int boot_clean(struct arena *arena, int esp, const struct boot_entries *declared,
               struct boot_state *state, struct error *error)
{
    bool changed = state->leftover_count > 0;
    int code = 0;
    for (size_t i = 0; code == 0 && i < state->leftover_count; i++)
        code = esp_remove(esp, state->leftovers[i], error);
    for (size_t i = 0; code == 0 && i < state->entry_count; i++) {
        if (!state->entries[i].fault)
            continue;
        changed = true;
        code = esp_remove(
            esp, arena_printf(arena, "%s/%s", state->entry_folder, state->entries[i].name), error);
    }
    if (code < 0 || !changed)
        return code;
    code = esp_sync(esp, error);
    return code < 0 ? code : boot_look(arena, esp, declared, state->token, state, error);
}

int boot_verify(int esp, const struct entry_file *file, struct error *error)
{
    auto_fd fd = entry_open_file(esp, file, error);
    return fd < 0 ? fd : 0;
}
