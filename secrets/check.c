#include <string.h>

#include "base/path.h"
#include "secrets/credential.h"
#include "secrets/step.h"
#include "secrets/vault.h"

static bool is_age(const struct place *place)
{
    size_t length = strlen(place->path);
    return length > 4 && strcmp(place->path + length - 4, ".age") == 0;
}

/* Else it was reported already. */
static bool is_readable(const struct secrets *secrets)
{
    return secrets->place.path && (secrets->place.volume || !secrets->place.volume_name);
}

static void check_file(const struct config *config, const struct secrets *secrets,
                       struct report *report)
{
    const char *name = place_text(report->arena, &secrets->place);
    bool wanted = false;
    for (size_t i = 0; config->secrets[i] != secrets; i++)
        if (is_readable(config->secrets[i]) &&
            strcmp(place_text(report->arena, &config->secrets[i]->place), name) == 0)
            report_warning(report, secrets->origin,
                           "\"%s\" has a block already, at %s, and is decrypted twice; join the "
                           "two",
                           name, origin_text(report->arena, config->secrets[i]->origin));
    for (size_t i = 0; i < config->secret_entry_count; i++)
        wanted |= config->secret_entries[i]->file == secrets;
    if (!secrets->key_count)
        report_error(report, secrets->origin,
                     "nothing says which key opens the file; add to its block: key VOLUME:/path");
    if (!wanted)
        report_warning(report, secrets->origin,
                       "nothing of the file is delivered; add to its block: secret KEY, or whole "
                       "NAME");
}

static void check_entry(const struct config *config, const struct secret_entry *secret,
                        struct report *report)
{
    if (secret->key && secret->file->place.path && is_age(&secret->file->place))
        report_error(report, secret->origin,
                     "an age file has no keys; write: whole NAME, and \"%s\" may be the name",
                     secret->name);
    if (secret->failure != SECRET_RESCUE && secret->class != SECRET_REQUIRED)
        report_error(report, secret->origin,
                     "a boot goes on without \"%s\", so failure=previous means nothing; write "
                     "class=required, too",
                     secret->name);
    if (secret->mode & ~0777)
        report_error(report, secret->origin, "\"%s\" is no program, and needs no mode %04o",
                     secret->name, (unsigned)secret->mode);
    if (secret->early && (strcmp(secret->owner, "0") != 0 || strcmp(secret->group, "0") != 0))
        report_error(report, secret->origin,
                     "\"%s\" is there before users are, so it is root's; leave owner= and group= "
                     "out, or early=yes",
                     secret->name);
    for (size_t i = 0; secret->path && i < config->entry_count; i++)
        if (strcmp(config->entries[i]->target, secret->path) == 0)
            report_error(report, secret->origin,
                         "\"%s\" is a persist entry (%s), and cannot be a link to a secret, too",
                         secret->path, origin_line(report->arena, config->entries[i]->origin));
}

static void check_credential(const struct config *config, const struct secret_entry *secret,
                             struct report *report)
{
    const char *name = secret->credential, *objection = credential_objection(name);
    if (objection)
        report_error(report, secret->origin, "the credential \"%s\" %s; give it another name", name,
                     objection);
    for (size_t i = 0; config->secret_entries[i] != secret; i++) {
        const struct secret_entry *other = config->secret_entries[i];
        if (other->credential && strcmp(other->credential, name) == 0)
            report_error(report, secret->origin,
                         "\"%s\" is the credential of another secret already (%s); give it "
                         "another name",
                         name, origin_line(report->arena, other->origin));
    }
}

/* One name as a folder of another would need both to be one thing. */
static void check_names(const struct config *config, const struct secret_entry *secret,
                        struct report *report)
{
    for (size_t i = 0; i < config->secret_entry_count; i++) {
        const struct secret_entry *other = config->secret_entries[i];
        size_t length = strlen(other->name);
        if (other->early == secret->early && strncmp(secret->name, other->name, length) == 0 &&
            secret->name[length] == '/')
            report_error(report, secret->origin,
                         "\"%s\" would lie in \"%s\", which is a secret itself (%s); give one of "
                         "them another name=",
                         secret->name, other->name, origin_line(report->arena, other->origin));
    }
}

void secrets_check(const struct config *config, struct report *report)
{
    for (size_t i = 0; i < config->secrets_count; i++)
        if (is_readable(config->secrets[i]))
            check_file(config, config->secrets[i], report);
    for (size_t i = 0; i < config->secret_entry_count; i++) {
        check_entry(config, config->secret_entries[i], report);
        check_names(config, config->secret_entries[i], report);
        if (config->secret_entries[i]->credential)
            check_credential(config, config->secret_entries[i], report);
    }
}
