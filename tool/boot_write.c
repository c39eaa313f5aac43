#include "tool/boot_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "tool/name.h"

struct work {
    int esp;
    bool progress;
    uint64_t done, whole;
    struct error *error;
};

static void tell(const struct work *work)
{
    if (work->progress)
        fprintf(stderr, "\r\033[Kwriting to the boot partition: %s of %s",
                name_size(work->done).text, name_size(work->whole).text);
}

static int put_payload(struct work *work, const struct boot_payload *payload)
{
    auto_string read = NULL;
    const char *data;
    int code = boot_payload_read(work->esp, payload, &read, &data, work->error);
    if (code == 0)
        code = esp_put(work->esp, payload->file.path, data, payload->file.size, work->error);
    work->done += payload->file.size;
    return code;
}

static int put_all(struct work *work, const struct boot_plan *plan)
{
    char path[300];
    int code = 0;
    for (size_t i = 0; code == 0 && i < plan->payload_count; i++) {
        tell(work);
        code = put_payload(work, plan->payloads[i]);
    }
    if (code == 0 && plan->payload_count)
        code = esp_sync(work->esp, work->error);
    for (size_t i = 0; code == 0 && i < plan->entry_count; i++) {
        const struct boot_want *want = plan->entries[i];
        snprintf(path, sizeof(path), "%s/%s", plan->entry_folder, want->name);
        code = esp_put(work->esp, path, want->text, strlen(want->text), work->error);
    }
    if (code == 0 && plan->entry_count)
        code = esp_sync(work->esp, work->error);
    for (size_t i = 0; code == 0 && i < plan->put_count; i++)
        code = esp_put(work->esp, plan->puts[i].path, plan->puts[i].data, plan->puts[i].length,
                       work->error);
    return code < 0 || !plan->put_count ? code : esp_sync(work->esp, work->error);
}

/* Entries come before what they name, and are gone before that goes. */
static int remove_all(struct work *work, const char *const *paths, size_t count)
{
    int code = 0;
    bool were_entries = false;
    for (size_t i = 0; code == 0 && i < count; i++) {
        const char *ending = strrchr(paths[i], '.');
        bool is_entry = ending && strcmp(ending, ".conf") == 0;
        if (were_entries && !is_entry)
            code = esp_sync(work->esp, work->error);
        were_entries = is_entry;
        if (code == 0)
            code = esp_remove(work->esp, paths[i], work->error);
    }
    return code < 0 || !count ? code : esp_sync(work->esp, work->error);
}

int boot_write(int esp, const struct boot_plan *plan, bool progress, struct error *error)
{
    struct work work = {esp, progress && plan->payload_count, 0, 0, error};
    for (size_t i = 0; i < plan->payload_count; i++)
        work.whole += plan->payloads[i]->file.size;
    int code = remove_all(&work, plan->early, plan->early_count);
    if (code == 0)
        code = put_all(&work, plan);
    if (code == 0)
        code = remove_all(&work, plan->late, plan->late_count);
    if (work.progress)
        fputs("\r\033[K", stderr);
    return code;
}
