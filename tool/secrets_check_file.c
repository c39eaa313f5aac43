/* A file of secrets, held against what is declared of it. */
#include "tool/secrets_check.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "secrets/look.h"
#include "secrets/pin.h"
#include "tool/secrets_place.h"

enum { LARGEST = 4 << 20, NAMED = 12 /* of the keys that are not used, in one line */ };

/* The secrets that are declared of one file. */
struct wanted {
    const struct secret_entry **items;
    size_t count;
};

static struct wanted wanted_of(struct checking *checking, const struct secrets *secrets)
{
    const struct config *config = checking->context->config;
    struct wanted wanted = {0};
    for (size_t i = 0; i < config->secret_entry_count; i++)
        if (config->secret_entries[i]->file == secrets)
            *ARENA_PUSH(checking->arena, wanted.items, wanted.count) = config->secret_entries[i];
    return wanted;
}

static bool is_open(const struct sops_leaf *leaf)
{
    return leaf->value.length && !leaf->encrypted;
}

static void check_leaf(struct checking *checking, const struct look *look,
                       const struct secret_entry *secret)
{
    struct report *report = checking->report;
    const struct sops_leaf *leaf = sops_find(&look->sops, secret->key);
    if (!leaf)
        report_error(
            report, secret->origin,
            "\"%s\" has no value with the key \"%s\"; add it with sops, or correct the key",
            look->name, secret->key);
    else if (!leaf->value.length && !secret->empty)
        report_error(report, secret->origin,
                     "\"%s\" is empty, which anybody could have made it; if it should be, write "
                     "empty=yes",
                     leaf->key);
    else if (is_open(leaf) && !secret->plain)
        report_error(report, secret->origin,
                     "\"%s\" is not encrypted, so that anybody could have written it; if it should "
                     "not be, write plain=yes",
                     leaf->key);
}

static void check_whole(struct checking *checking, const struct look *look,
                        const struct secret_entry *secret)
{
    for (size_t i = 0; i < look->sops.count && !secret->plain; i++) {
        if (!is_open(&look->sops.leaves[i]))
            continue;
        report_error(checking->report, secret->origin,
                     "the value \"%s\" is not encrypted, so that anybody could have written it; if "
                     "it should not be, write plain=yes",
                     look->sops.leaves[i].key);
        return;
    }
}

static void check_wanted(struct checking *checking, const struct look *look,
                         const struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->count; i++) {
        const struct secret_entry *secret = wanted->items[i];
        if (!look->is_age)
            (secret->key ? check_leaf : check_whole)(checking, look, secret);
        else if (secret->key)
            report_error(checking->report, secret->origin,
                         "an age file has no keys; write: whole NAME, and \"%s\" may be the name",
                         secret->name);
    }
}

static bool is_wanted(const struct wanted *wanted, const char *key)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (!wanted->items[i]->key || strcmp(wanted->items[i]->key, key) == 0)
            return true;
    return false;
}

/* Whoever takes the machine has them, too. */
static void tell_unused(struct checking *checking, const struct secrets *secrets,
                        const struct look *look, const struct wanted *wanted)
{
    const char *list = NULL;
    size_t count = 0;
    for (size_t i = 0; i < look->sops.count; i++) {
        const struct sops_leaf *leaf = &look->sops.leaves[i];
        if (!leaf->encrypted || is_wanted(wanted, leaf->key) || count++ >= NAMED)
            continue;
        list = list ? arena_printf(checking->arena, "%s, %s", list, leaf->key) : leaf->key;
    }
    if (!list)
        return;
    if (count > NAMED)
        list = arena_printf(checking->arena, "%s and %zu more", list, count - NAMED);
    report_note(checking->report, secrets->origin,
                "the machine can read, and does not use: %s; what it need not know belongs in "
                "another file",
                list);
}

/* As a boot does it; the values go as they came. */
static void decrypt(struct checking *checking, const struct secrets *secrets, int fd,
                    const struct declared_keys *keys, const struct wanted *wanted)
{
    struct error error;
    const struct worker_job job = {
        .file = {place_text(checking->arena, &secrets->place), fd, NULL},
        .keys = keys->files,
        .key_count = keys->count,
        .wanted = wanted->items,
        .count = wanted->count,
    };
    struct worker_result result = {0};
    if (worker_run(checking->arena, &job, &result, &error) < 0)
        report_error(checking->report, secrets->origin, "%s", error.text);
    const char *told = "";
    for (size_t i = 0; result.answers && i < wanted->count; i++) {
        const char *reason = result.answers[i].reason;
        if (!reason || strcmp(reason, told) == 0)
            continue; /* what is wrong with the file is said once */
        report_error(checking->report, wanted->items[i]->origin, "%s", reason);
        told = reason;
    }
    worker_end(&result);
}

/* Whether a private key of the machine is here, so that decrypting tells. */
static bool has_private(const struct checking *checking, const struct declared_keys *keys)
{
    bool has = keys->count && !checking->given.count;
    for (size_t i = 0; keys->count && i < keys->recipients.count; i++)
        has |= recipients_have(&checking->given, &keys->recipients.items[i]);
    return has;
}

/* Whether the recipients say that the machine can decrypt it; what else they say is told. */
static bool check_recipients(struct checking *checking, const struct secrets *secrets,
                             const struct look *look, const struct declared_keys *keys)
{
    struct error error;
    const struct recipients *recipients =
        checking->given.count ? &checking->given : &keys->recipients;
    enum look_answer answer = look_is_for(look, recipients, &error);
    if (answer == LOOK_NO)
        report_error(checking->report, secrets->origin, "%s", error.text);
    if (answer != LOOK_UNKNOWN || has_private(checking, keys))
        return answer == LOOK_YES;
    checking->unproved++;
    if (recipients->count)
        report_warning(checking->report, secrets->origin,
                       "whether the machine can read \"%s\" cannot be told without the private "
                       "key, for age does not say for whom a file is",
                       look->name);
    else
        report_warning(checking->report, secrets->origin,
                       "whether the machine can read \"%s\" is not known, for no key of it is; "
                       "name one with --recipient or --key-pub",
                       look->name);
    return false;
}

static void check_text(struct checking *checking, const struct secrets *secrets, int fd,
                       const struct secret *text)
{
    auto_look look;
    struct error error;
    struct report *report = checking->report;
    struct declared_keys keys;
    const struct wanted wanted = wanted_of(checking, secrets);
    check_keys(checking, secrets, &keys);
    if (look_open(place_text(checking->arena, &secrets->place), text, &look, &error) < 0) {
        report_error(report, secrets->origin, "%s", error.text);
        check_keys_close(&keys);
        return;
    }
    size_t before = report->errors;
    check_wanted(checking, &look, &wanted);
    if (check_recipients(checking, secrets, &look, &keys))
        tell_unused(checking, secrets, &look, &wanted);
    if (keys.count && report->errors == before)
        decrypt(checking, secrets, fd, &keys, &wanted);
    check_keys_close(&keys);
}

void check_file(struct checking *checking, const struct secrets *secrets)
{
    struct error error;
    char *bytes;
    size_t length;
    const char *name = place_text(checking->arena, &secrets->place);
    auto_fd fd = places_open(checking->context, &secrets->place, O_RDONLY, &error);
    if (fd < 0 || path_read_fd(fd, name, LARGEST, &bytes, &length, &error) < 0) {
        report_error(checking->report, secrets->origin, "%s", error.text);
        return;
    }
    auto_secret text = {(unsigned char *)bytes, length};
    if (pin_check(secrets->sha256, name, &text, &error) < 0) {
        report_error(checking->report, secrets->origin, "%s", error.text);
        return;
    }
    check_text(checking, secrets, fd, &text);
}
