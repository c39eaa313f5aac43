#include "secrets/step.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/tmpfiles.h"
#include "plan/account.h"
#include "secrets/credential.h"
#include "secrets/keys.h"
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

void secrets_plan(const struct config *config, struct plan *plan)
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
    if (count)
        plan_add(plan, STEP_SHOW, sorted[0]->origin);
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

/* A secret whose owner nobody knows yet is root's: it is there, and nobody sees it who should not.
 */
static void find_owner(const struct secret_entry *secret, const struct context *context,
                       struct vault_file *file)
{
    struct error error;
    unsigned user = 0, group = 0;
    bool known = account_number(context, true, secret->owner, &user) &&
                 account_number(context, false, secret->group, &group);
    *file = (struct vault_file){secret->name, user, group, (mode_t)secret->mode};
    if (known)
        return;
    *file = (struct vault_file){secret->name, 0, 0, 0400};
    if (context->secrets_aside) {
        log_warning("the secret \"%s\" is root's alone, because nobody knows its owner \"%s\" or "
                    "group \"%s\"",
                    secret->name, secret->owner, secret->group);
        return;
    }
    log_warning("the secret \"%s\" is root's alone until systemd-tmpfiles gives it away: nobody "
                "knows its owner \"%s\" or group \"%s\" yet",
                secret->name, secret->owner, secret->group);
    const struct tmpfiles_line line = {
        'z',
        arena_printf(context->arena, "/run/secrets.d/%u/%s", context->secret_set, secret->name),
        arena_printf(context->arena, "%04o", (unsigned)secret->mode), secret->owner, secret->group};
    if (tmpfiles_add(&line, &error) < 0)
        log_warning("ignoring, so that the secret \"%s\" stays root's: %s", secret->name,
                    error.text);
}

/* A link in the root, where programs look that do not look into /run. */
int secrets_link(const struct secret_entry *secret, const struct context *context,
                 struct error *error)
{
    static const char unfinished[] = ".ebb-new";
    const char *name;
    auto_fd parent = -1;
    int code = path_make_parent(context->root.fd, secret->path, &parent, &name, error);
    if (code < 0)
        return code;
    const char *text = arena_printf(context->arena, "/run/%s/%s",
                                    secret->early ? "secrets-for-users" : "secrets", secret->name);
    (void)unlinkat(parent, unfinished, 0); /* left by a power cut, if there is one */
    if (symlinkat(text, parent, unfinished) < 0 || renameat(parent, unfinished, parent, name) < 0)
        return error_system(error, errno, "cannot make the link \"%s\"", secret->path);
    return 0;
}

static int put(const struct secret_entry *secret, const struct context *context, int run,
               const struct secret *value, struct error *error)
{
    struct vault_file file;
    auto_fd set = vault_open(run, context->secret_set, secret->early, error);
    if (set < 0)
        return set;
    find_owner(secret, context, &file);
    int code = vault_put(set, &file, value, error);
    if (code < 0 || context->secrets_aside)
        return code;
    if (secret->credential)
        code = credential_give(run, secret, value, error);
    return code == 0 && secret->path ? secrets_link(secret, context, error) : code;
}

static void note(struct context *context, const struct secret_entry *secret, enum fault fault)
{
    *ARENA_PUSH(context->arena, context->deliveries, context->delivery_count) =
        (struct delivery){secret, fault};
}

int secrets_tell(const struct context *context, int run, struct error *error)
{
    struct json_object *status = json_object_new_object(), *list = json_object_new_array();
    for (size_t i = 0; i < context->delivery_count; i++) {
        const struct delivery *delivery = &context->deliveries[i];
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "name", json_object_new_string(delivery->secret->name));
        json_object_object_add(object, "class",
                               json_object_new_string(secret_class_names[delivery->secret->class]));
        json_object_object_add(object, "early", json_object_new_boolean(delivery->secret->early));
        if (delivery->secret->path)
            json_object_object_add(object, "path", json_object_new_string(delivery->secret->path));
        json_object_object_add(object, "fault",
                               json_object_new_string(fault_names[delivery->fault]));
        json_object_array_add(list, object);
    }
    json_object_object_add(status, "format", json_object_new_int(1));
    json_object_object_add(status, "set", json_object_new_int64(context->secret_set));
    json_object_object_add(status, "secrets", list);
    int code = vault_tell(run,
                          json_object_to_json_string_ext(
                              status, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE),
                          error);
    json_object_put(status);
    return code;
}

/* The outcome of a file: the worst of what its secrets' classes ask for, with the first reason. */
struct outcome {
    bool fails, asks, ignored;
    struct error first;
};

static void miss(struct outcome *outcome, const struct secret_entry *secret, const char *reason)
{
    bool required = secret->class == SECRET_REQUIRED, optional = secret->class == SECRET_OPTIONAL;
    if (optional)
        log_info("there is no secret \"%s\": %s", secret->name, reason);
    else
        log_warning("there is no secret \"%s\": %s", secret->name, reason);
    if (!optional && (!outcome->first.code || (required && !outcome->fails)))
        (void)error_set(&outcome->first, EBADMSG, "there is no secret \"%s\": %.300s", secret->name,
                        reason);
    outcome->fails |= required;
    outcome->asks |= required && secret->failure == SECRET_RESCUE;
    outcome->ignored |= !optional;
}

static void deliver(struct context *context, int run, const struct secret_entry *secret,
                    const struct worker_answer *answer, struct outcome *outcome)
{
    struct error error;
    enum fault fault = answer->fault;
    const char *reason = answer->reason;
    if (fault == FAULT_NONE && put(secret, context, run, &answer->value, &error) < 0) {
        fault = FAULT_NO_ROOM;
        reason = error.text;
    }
    note(context, secret, fault);
    if (fault != FAULT_NONE)
        miss(outcome, secret, reason);
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
    for (size_t i = 0; i < job.count; i++)
        deliver(context, run, job.wanted[i], result.answers ? &result.answers[i] : &none, &outcome);
    worker_end(&result);
    keys_close(&keys);
    if (job.file.fd >= 0)
        close(job.file.fd);
    struct error told;
    if (!context->secrets_aside && secrets_tell(context, run, &told) < 0)
        log_warning("ignoring: %s", told.text);
    if (!outcome.ignored)
        return 0;
    *error = outcome.first;
    if (outcome.fails)
        keys_forget(context); /* in the rescue, nothing stays open */
    context->asks = outcome.asks;
    return outcome.fails ? -error->code : 1;
}
