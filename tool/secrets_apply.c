/* ebb secrets apply: decrypts what is declared into the next set, as a boot does into the first. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "plan/kinds.h"
#include "secrets/credential.h"
#include "secrets/deliver.h"
#include "secrets/keys.h"
#include "secrets/step.h"
#include "secrets/vault.h"
#include "tool/options.h"
#include "tool/secrets.h"
#include "tool/secrets_changes.h"
#include "tool/secrets_place.h"
#include "tool/secrets_status.h"
#include "tool/verb.h"

struct applying {
    struct arena *arena;
    struct context *context;
    int run;                      /* locked: two of us would make the same set */
    struct secrets_status before; /* what the last set brought */
    unsigned shown[2];            /* the sets that are seen, by whether they are early; 0: none */
    unsigned last;                /* the newer of them */
    bool complete;                /* all is there, but for what is optional */
    FILE *out;
};

/* Finds what is there now. What somebody else has made is theirs. */
static int look(struct applying *applying, struct error *error)
{
    int code = secrets_status_read(applying->arena, applying->run, &applying->before, error);
    if (code < 0 && code != -ENOENT)
        return code;
    for (int early = 0; early < 2; early++) {
        code = vault_shown(applying->run, early, error);
        if (code < 0)
            return code;
        applying->shown[early] = (unsigned)code;
        if (applying->shown[early] > applying->last)
            applying->last = applying->shown[early];
    }
    if (applying->last && applying->last != applying->before.set)
        return error_set(error, EEXIST,
                         "the secrets in /run are the set %u, which Ebb did not make; let the "
                         "program that did, such as sops-nix, make the next one",
                         applying->last);
    return 0;
}

static int begin(struct applying *applying, struct error *error)
{
    if (geteuid() != 0)
        return error_set(error, EPERM, "only root may decrypt the secrets; run it as root");
    applying->run = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (applying->run < 0 || flock(applying->run, LOCK_EX) < 0)
        return error_system(error, errno, "cannot lock \"/run\"");
    return look(applying, error);
}

/* Only somebody who wants the secrets makes a key for them. */
static int check_key(struct context *context, const struct secrets_key *key, bool dry_run,
                     struct error *error)
{
    struct error missing;
    int code = places_volume(context, key->place.volume, error);
    if (code < 0 || !dry_run || !key->generate)
        return code;
    auto_fd fd = places_open(context, &key->place, O_RDONLY, &missing);
    return fd == -ENOENT ? error_set(error, ENOENT, "the key \"%s\" is missing, and would be made",
                                     place_text(context->arena, &key->place))
                         : 0;
}

static int open_volumes(struct context *context, bool dry_run, struct error *error)
{
    const struct config *config = context->config;
    int code = 0;
    for (size_t i = 0; i < config->secrets_count && code == 0; i++) {
        const struct secrets *secrets = config->secrets[i];
        code = places_volume(context, secrets->place.volume, error);
        for (size_t j = 0; j < secrets->key_count && code == 0; j++)
            code = check_key(context, secrets->keys[j], dry_run, error);
    }
    for (size_t i = 0; i < config->secret_entry_count && code == 0; i++)
        code = places_volume(context, config->secret_entries[i]->template.volume, error);
    return code;
}

/* Where something is seen now there is a set of it, be it empty: what is gone is seen no more. */
static int make_sets(struct applying *applying, struct error *error)
{
    for (int early = 0; early < 2; early++) {
        if (!applying->shown[early])
            continue;
        auto_fd set = vault_open(applying->run, applying->context->secret_set, early, error);
        if (set < 0)
            return set;
    }
    return 0;
}

static int decrypt(struct applying *applying, bool dry_run, struct error *error)
{
    struct context *context = applying->context;
    struct plan plan = {.arena = applying->arena};
    int code = open_volumes(context, dry_run, error);
    if (code == 0) /* what a run that was killed has left */
        code = vault_remove(applying->run, context->secret_set, error);
    if (code == 0)
        code = make_sets(applying, error);
    secrets_plan(context->config, &plan);
    applying->complete = true;
    for (size_t i = 0; i < plan.count && code >= 0; i++) {
        if (plan.steps[i].kind == STEP_SHOW)
            continue;
        code = step_kinds[plan.steps[i].kind].apply(&plan.steps[i], context, error);
        applying->complete &= code == 0;
    }
    keys_forget(context);
    return code < 0 ? code : 0;
}

static int tell_changes(const struct applying *applying, struct error *error)
{
    int code = 0;
    for (int early = 0; early < 2 && code == 0; early++)
        code = changes_tell(applying->shown[early], applying->context->secret_set, early,
                            applying->out, error);
    return code;
}

static bool is_declared(const struct config *config, const char *path)
{
    for (size_t i = 0; i < config->secret_entry_count; i++)
        if (config->secret_entries[i]->path && strcmp(config->secret_entries[i]->path, path) == 0)
            return true;
    return false;
}

/* A link of the last set that nobody declares any more, if it still is one. */
static void unlink_old(const struct applying *applying, const char *path)
{
    char leads[PATH_MAX], *name = strrchr(path, '/');
    const char *parent = arena_copy(applying->arena, path, (size_t)(name - path));
    auto_fd folder =
        path_open(applying->context->root.fd, *parent ? parent : ".", O_PATH | O_DIRECTORY);
    ssize_t length = folder < 0 ? -1 : readlinkat(folder, name + 1, leads, sizeof(leads) - 1);
    leads[length < 0 ? 0 : length] = '\0';
    if (!path_is_within(leads, "/run/secrets") && !path_is_within(leads, "/run/secrets-for-users"))
        return;
    if (unlinkat(folder, name + 1, 0) == 0)
        log_info("removed the link \"%s\"", path);
    else
        log_warning("cannot remove the link \"%s\": %s", path, strerror(errno));
}

/* What leads to secrets from elsewhere in the root. */
static void correct_links(struct applying *applying)
{
    const struct context *context = applying->context;
    for (size_t i = 0; i < context->delivery_count; i++) {
        const struct delivery *delivery = &context->deliveries[i];
        struct error error;
        const struct secret_entry *secret = delivery->secret;
        int code = 0;
        if (delivery->fault == FAULT_NONE && secret->path)
            code = secrets_link(secret, context, &error);
        if (delivery->fault == FAULT_NONE && secret->credential && code == 0)
            code = credential_link(applying->run, secret, &error);
        if (code == 0)
            continue;
        log_error("%s", error.text);
        applying->complete = false;
    }
    for (size_t i = 0; i < applying->before.count; i++) {
        const char *path = applying->before.items[i].path;
        if (path && *path == '/' && !is_declared(context->config, path))
            unlink_old(applying, path);
    }
}

/* The set before it stays, for whoever has just begun to read there. */
static int show(struct applying *applying, struct error *error)
{
    int code = vault_show(applying->run, applying->context->secret_set, error);
    if (code < 0)
        return code;
    correct_links(applying);
    code = secrets_tell(applying->context, applying->run, error);
    for (unsigned set = 1; set < applying->last && code == 0; set++)
        code = vault_remove(applying->run, set, error);
    return code;
}

static int apply(struct applying *applying, bool dry_run, struct error *error)
{
    struct error told;
    unsigned set = applying->context->secret_set = applying->last + 1;
    applying->context->secrets_aside = true;
    applying->context->terminal = "/dev/tty";
    int code = decrypt(applying, dry_run, error);
    if (code == 0)
        code = tell_changes(applying, error);
    if (code == 0 && !dry_run)
        return show(applying, error);
    if (code < 0)
        (void)error_prefix(error, "the secrets stay as they are"); /* it was reported already */
    if (vault_remove(applying->run, set, &told) < 0)
        log_error("%s", told.text);
    return code;
}

int apply_secrets(struct target root, const struct config *config, bool dry_run, FILE *out)
{
    auto_arena arena = arena_new();
    struct applying applying = {
        .arena = arena, .context = places_new(arena, config, root), .run = -1, .out = out};
    struct error error;
    int code = begin(&applying, &error);
    bool nothing = code == 0 && !applying.last && !config->secret_entry_count;
    if (nothing)
        log_info("no secrets are declared, and there are none");
    else if (code == 0)
        code = apply(&applying, dry_run, &error);
    places_close(applying.context);
    if (applying.run >= 0)
        close(applying.run);
    if (code == 0)
        return applying.complete || nothing ? EXIT_DONE : EXIT_NO;
    log_error("%s", error.text);
    return EXIT_NO;
}

int verb_secrets_apply(int argc, char **argv)
{
    bool dry_run = false;
    const struct option_row options[] = {
        OPTION_FLAG("dry-run", "only tell what would change", &dry_run),
    };
    const struct usage usage = {
        .synopsis = "secrets apply [--dry-run] [CONF]",
        .about = "Decrypts the secrets of the running system anew, and shows them if none is "
                 "missing that is required. Exit status: 0 all are there, 1 some are not.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(apply_secrets((struct target){root, ""}, config, dry_run, stdout));
}
