#include "secrets/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "secrets/credential.h"
#include "secrets/deliver.h"
#include "secrets/keys.h"
#include "secrets/template.h"
#include "secrets/vault.h"

static const struct secret_entry **wanted_of(struct arena *arena, const struct config *config,
                                             const struct secrets *secrets, size_t *count)
{
    const struct secret_entry **wanted = NULL;
    *count = 0;
    for (size_t i = 0; i < config->secret_entry_count; i++)
        if (config->secret_entries[i]->file == secrets)
            *ARENA_PUSH(arena, wanted, *count) = config->secret_entries[i];
    return wanted;
}

static int by_place(const void *left, const void *right)
{
    const struct place *a = &(*(const struct secrets *const *)left)->place,
                       *b = &(*(const struct secrets *const *)right)->place;
    int order = strcmp(a->volume_name ? a->volume_name : "", b->volume_name ? b->volume_name : "");
    return order ? order : strcmp(a->path, b->path);
}

static int by_name(const void *left, const void *right)
{
    return strcmp((*(const struct secret_entry *const *)left)->name,
                  (*(const struct secret_entry *const *)right)->name);
}

static void files_plan(const struct config *config, struct plan *plan)
{
    const struct secrets **sorted = NULL;
    size_t count = 0, wanted;
    for (size_t i = 0; i < config->secrets_count; i++) {
        (void)wanted_of(plan->arena, config, config->secrets[i], &wanted);
        if (wanted)
            *ARENA_PUSH(plan->arena, sorted, count) = config->secrets[i];
    }
    if (count)
        qsort(sorted, count, sizeof(struct secrets *), by_place);
    for (size_t i = 0; i < count; i++)
        plan_add(plan, STEP_SECRETS, sorted[i]->origin)->secrets = sorted[i];
}

static void templates_plan(const struct config *config, struct plan *plan)
{
    const struct secret_entry **sorted = NULL;
    size_t count = 0;
    for (size_t i = 0; i < config->secret_entry_count; i++)
        if (config->secret_entries[i]->template.path)
            *ARENA_PUSH(plan->arena, sorted, count) = config->secret_entries[i];
    if (count)
        qsort(sorted, count, sizeof(struct secret_entry *), by_name);
    for (size_t i = 0; i < count; i++)
        plan_add(plan, STEP_TEMPLATE, sorted[i]->origin)->secret = sorted[i];
}

void secrets_plan(const struct config *config, struct plan *plan)
{
    size_t before = plan->count;
    files_plan(config, plan);
    templates_plan(config, plan);
    if (plan->count > before)
        plan_add(plan, STEP_SHOW, plan->steps[before].origin);
}

static int open_run(struct error *error)
{
    int run = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return run < 0 ? error_system(error, errno, "cannot open \"/run\"") : run;
}

void secrets_discard(struct context *context)
{
    struct error error;
    auto_fd run = open_run(&error);
    if (run < 0 || vault_remove(run, context->secret_set, &error) < 0 ||
        credentials_discard(run, &error) < 0)
        log_warning("ignoring: %s", error.text);
    context->delivery_count = 0;
    context->asks = false;
}

void show_sentence(const struct step *step, FILE *stream)
{
    (void)step; /* there is one */
    fputs("show the secrets in /run/secrets", stream);
}

int show_apply(const struct step *step, struct context *context, struct error *error)
{
    (void)step; /* as above */
    keys_forget(context);
    auto_fd run = open_run(error);
    return run < 0 ? run : vault_show(run, context->secret_set, error);
}

void secrets_sentence(const struct step *step, FILE *stream)
{
    auto_arena arena = arena_new();
    fprintf(stream, "decrypt the secrets of %s", place_text(arena, &step->secrets->place));
}

static int open_file(const struct secrets *secrets, const struct context *context,
                     struct worker_file *file, struct error *error)
{
    file->name = place_text(context->arena, &secrets->place);
    file->fd = context_open(context, &secrets->place, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return file->fd < 0 ? error_system(error, -file->fd, "cannot open \"%s\"", file->name) : 0;
}

static bool fits_nothing(const struct worker_job *job, const struct worker_result *result)
{
    for (size_t i = 0; i < job->count; i++)
        if (result->answers[i].fault != FAULT_NO_MATCH)
            return false;
    return true;
}

/* People are asked for a passphrase only when no key that is open fits. */
static int decrypt(struct worker_job *job, struct keys *keys, struct context *context,
                   struct worker_result *result, struct error *error)
{
    struct error other;
    int code = keys->count ? 0 : keys_unlock(context, keys, error);
    while (code == 0) {
        job->keys = keys->files;
        job->key_count = keys->count;
        code = worker_run(context->arena, job, result, error);
        if (code < 0 || !fits_nothing(job, result) || keys_unlock(context, keys, &other) < 0)
            break;
        worker_end(result);
    }
    return code;
}

int secrets_apply(const struct step *step, struct context *context, struct error *error)
{
    struct worker_job job = {.file.fd = -1, .sha256 = step->secrets->sha256};
    struct keys keys = {0};
    struct worker_result result = {0};
    struct outcome outcome = {0};
    job.wanted = wanted_of(context->arena, context->config, step->secrets, &job.count);
    auto_fd run = open_run(error);
    if (run < 0)
        return run;
    int code = keys_open(step->secrets, context, &keys, error);
    if (code == 0)
        code = open_file(step->secrets, context, &job.file, error);
    if (code == 0)
        (void)decrypt(&job, &keys, context, &result, error); /* it gives no answers then */
    const struct worker_answer none = {FAULT_MISSING, error->text, {0}};
    for (size_t i = 0; i < job.count; i++) {
        const struct worker_answer *answer = result.answers ? &result.answers[i] : &none;
        if (answer->fault == FAULT_NONE)
            deliver_value(context, run, job.wanted[i], &answer->value, &outcome);
        else
            deliver_fault(context, job.wanted[i], answer->fault, answer->reason, &outcome);
    }
    worker_end(&result);
    keys_close(&keys);
    if (job.file.fd >= 0)
        close(job.file.fd);
    if (outcome.fails)
        keys_forget(context); /* in the rescue, nothing stays open */
    return deliver_end(context, run, &outcome, error);
}
