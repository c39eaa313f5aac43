/* ebb secrets check: whether a boot will find what is declared, and can decrypt it. */
#include "tool/secrets_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "plan/account.h"
#include "secrets/template.h"
#include "tool/options.h"
#include "tool/secrets.h"
#include "tool/secrets_place.h"
#include "tool/verb.h"

enum { LARGEST_KEYS = 1 << 20 };

static void check_template(const struct checking *checking, const struct secret_entry *template)
{
    struct error error;
    int code = places_volume(checking->context, template->template.volume, &error);
    if (code == 0)
        code = template_prove(template, checking->context, &error);
    if (code < 0)
        report_error(checking->report, template->origin, "the template of \"%s\": %s",
                     template->name, error.text);
}

static void check_owners(const struct checking *checking, const struct secret_entry *secret)
{
    static const char *const words[] = {"group", "owner"};
    const char *const names[] = {secret->group, secret->owner};
    for (int is_user = 0; is_user < 2; is_user++) {
        unsigned number;
        if (!account_number(checking->context, is_user, names[is_user], &number))
            report_warning(checking->report, secret->origin,
                           "nobody knows the %s \"%s\", so that \"%s\" would be root's alone; add "
                           "it to the system",
                           words[is_user], names[is_user], secret->name);
    }
}

static int read_given(struct checking *checking, const struct check_wish *wish, struct error *error)
{
    for (size_t i = 0; i < wish->recipient_count; i++)
        if (!recipients_read(&checking->given, wish->recipients[i], strlen(wish->recipients[i])))
            return error_set(error, EINVAL,
                             "\"%s\" is no recipient: write age1... or \"ssh-ed25519 ...\"",
                             wish->recipients[i]);
    for (size_t i = 0; i < wish->key_count; i++) {
        auto_string text = NULL;
        size_t length;
        int code = path_read(AT_FDCWD, wish->keys[i], LARGEST_KEYS, &text, &length, error);
        if (code < 0)
            return code;
        if (!recipients_read(&checking->given, text, length))
            return error_set(error, EINVAL,
                             "\"%s\" has no public key of age or of OpenSSH's type ed25519",
                             wish->keys[i]);
    }
    for (size_t i = 0; i < wish->volume_count; i++) {
        int code = places_map(checking->context, wish->volumes[i], error);
        if (code < 0)
            return code;
    }
    return 0;
}

static size_t count_of(const struct report *report, enum severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->problems[i].severity == severity;
    return count;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_sum(const struct checking *checking, FILE *out)
{
    const struct config *config = checking->context->config;
    size_t errors = checking->report->errors,
           warnings = count_of(checking->report, SEVERITY_WARNING);
    fprintf(out, "%zu secret%s in %zu file%s: %zu error%s, %zu warning%s",
            config->secret_entry_count, plural(config->secret_entry_count), config->secrets_count,
            plural(config->secrets_count), errors, plural(errors), warnings, plural(warnings));
    if (checking->unproved)
        fprintf(out, "; not proved to be readable: %zu file%s", checking->unproved,
                plural(checking->unproved));
    fputc('\n', out);
}

int check_tell(struct target root, const struct config *config, const struct check_wish *wish,
               FILE *out)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    struct error error;
    struct checking checking = {.arena = arena,
                                .context = places_new(arena, config, root),
                                .report = &report,
                                .given = {.arena = arena}};
    if (read_given(&checking, wish, &error) < 0) {
        log_error("%s", error.text);
        places_close(checking.context);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < config->secrets_count; i++)
        check_file(&checking, config->secrets[i]);
    for (size_t i = 0; i < config->secret_entry_count; i++) {
        const struct secret_entry *secret = config->secret_entries[i];
        if (secret->template.path)
            check_template(&checking, secret);
        if (wish->owners)
            check_owners(&checking, secret);
        if (secret->mode & 07)
            report_warning(&report, secret->origin,
                           "the mode %04o lets everybody read \"%s\"; give it an owner or a group",
                           (unsigned)secret->mode, secret->name);
    }
    places_close(checking.context);
    report_print(&report, stderr);
    print_sum(&checking, out);
    return report.errors ? EXIT_NO : EXIT_DONE;
}

/* A command line on its way. */
struct request {
    struct arena *arena;
    struct check_wish wish;
};

static void take_recipient(void *context, const char *value)
{
    struct request *request = context;
    *ARENA_PUSH(request->arena, request->wish.recipients, request->wish.recipient_count) = value;
}

static void take_key(void *context, const char *value)
{
    struct request *request = context;
    *ARENA_PUSH(request->arena, request->wish.keys, request->wish.key_count) = value;
}

static void take_volume(void *context, const char *value)
{
    struct request *request = context;
    *ARENA_PUSH(request->arena, request->wish.volumes, request->wish.volume_count) = value;
}

int verb_secrets_check(int argc, char **argv)
{
    auto_arena arena = arena_new();
    struct request request = {.arena = arena};
    const char *folder = NULL;
    const struct option_row options[] = {
        OPTION_TEXT("root", "DIR", "the system whose volumes and users these are; / unless given",
                    &folder),
        OPTION_EACH("volume", "VOLUME=DIR", "the folder stands for the volume", take_volume),
        OPTION_EACH("recipient", "RECIPIENT", "one that the machine has", take_recipient),
        OPTION_EACH("key-pub", "FILE", "a public key of the machine", take_key),
    };
    const struct usage usage = {
        .synopsis = "secrets check [--root DIR] [--volume VOLUME=DIR]... [--recipient "
                    "RECIPIENT]... [--key-pub FILE]... [CONF]",
        .about = "Proves that a boot finds the secrets that a configuration declares and can "
                 "decrypt them, without private keys as far as that can be. Exit status: 0 "
                 "nothing is wrong, 1 something is, 2 wrong usage or configuration.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1,
        .context = &request};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    request.wish.owners = folder || !request.wish.volume_count;
    auto_fd root = open(folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        log_error("cannot open the folder \"%s\": %s", folder ? folder : "/", strerror(errno));
        return EXIT_USAGE;
    }
    return verb_flush(
        check_tell((struct target){root, folder ? folder : ""}, config, &request.wish, stdout));
}
