#include "secrets/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/tmpfiles.h"
#include "plan/account.h"
#include "secrets/credential.h"
#include "secrets/vault.h"

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
    const char *name;
    auto_fd parent = -1;
    int code = path_make_parent(context->root.fd, secret->path, &parent, &name, error);
    if (code < 0)
        return code;
    const char *text = arena_printf(context->arena, "/run/%s/%s",
                                    secret->early ? "secrets-for-users" : "secrets", secret->name);
    code = path_link(parent, name, text);
    return code < 0 ? error_system(error, -code, "cannot make the link \"%s\"", secret->path) : 0;
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

void deliver_fault(struct context *context, const struct secret_entry *secret, enum fault fault,
                   const char *reason, struct outcome *outcome)
{
    note(context, secret, fault);
    miss(outcome, secret, reason);
}

void deliver_value(struct context *context, int run, const struct secret_entry *secret,
                   const struct secret *value, struct outcome *outcome)
{
    struct error error;
    if (put(secret, context, run, value, &error) < 0)
        deliver_fault(context, secret, FAULT_NO_ROOM, error.text, outcome);
    else
        note(context, secret, FAULT_NONE);
}

int deliver_end(struct context *context, int run, const struct outcome *outcome,
                struct error *error)
{
    struct error told;
    if (!context->secrets_aside && secrets_tell(context, run, &told) < 0)
        log_warning("ignoring: %s", told.text);
    if (!outcome->ignored)
        return 0;
    *error = outcome->first;
    context->asks = outcome->asks;
    return outcome->fails ? -error->code : 1;
}
