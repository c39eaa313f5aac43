/* ebb secrets recipient: what files are encrypted to, so that this machine can read them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "secrets/recipient.h"
#include "tool/options.h"
#include "tool/secrets.h"
#include "tool/secrets_place.h"
#include "tool/verb.h"

enum { LARGEST_KEYS = 1 << 20 };

static const char server_key[] = "/etc/ssh/ssh_host_ed25519_key";
static const char default_config[] = "/etc/ebb/ebb.conf";

struct telling {
    struct arena *arena;
    struct recipients told;
    FILE *out;
};

/* What kind of recipient it is, to whom has several; `next` may be the SSH key that it is of. */
static const char *describe(const struct recipient *recipient, const struct recipient *next)
{
    struct recipient converted;
    if (recipient->kind == RECIPIENT_SSH_ED25519)
        return "as age has keys of SSH, for age alone or sops from 3.10 on";
    if (next && next->kind == RECIPIENT_SSH_ED25519 && recipient_convert(next, &converted) &&
        recipient_is(recipient, &converted))
        return "as ssh-to-age has it, for age and sops";
    return "a key of age";
}

/* The words go to standard error, so that what is piped is recipients. */
static void tell(struct telling *telling, const char *name, const struct recipients *found)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct recipient *recipient = &found->items[i],
                               *next = i + 1 < found->count ? recipient + 1 : NULL;
        if (recipients_have(&telling->told, recipient))
            continue;
        auto_string text = recipient_text(recipient);
        log_info("\"%s\", %s:", name, describe(recipient, next));
        fprintf(telling->out, "%s\n", text);
        fflush(telling->out); /* or the two would not be in their order on a terminal */
    }
    for (size_t i = 0; i < found->count; i++)
        recipients_add(&telling->told, &found->items[i]);
}

/* Public keys or private ones, whichever stand in it. */
static int tell_file(struct telling *telling, int fd, const char *name, struct error *error)
{
    char *bytes;
    size_t length;
    int code = path_read_fd(fd, name, LARGEST_KEYS, &bytes, &length, error);
    if (code < 0)
        return code;
    auto_secret text = {(unsigned char *)bytes, length};
    auto_identities identities = {0};
    struct recipients found = {.arena = telling->arena};
    if (!recipients_read(&found, bytes, length)) {
        code = identities_read(&identities, name, &text, error);
        if (code < 0)
            return code;
        recipients_add_identities(&found, &identities);
    }
    tell(telling, name, &found);
    return 0;
}

static int tell_files(struct telling *telling, char **files, int count)
{
    int status = EXIT_DONE;
    for (int i = 0; i < count; i++) {
        bool is_input = strcmp(files[i], "-") == 0;
        const char *name = is_input ? "standard input" : files[i];
        struct error error;
        auto_fd fd = is_input ? dup(STDIN_FILENO) : open(files[i], O_RDONLY | O_NOCTTY | O_CLOEXEC);
        int code = fd < 0 ? error_system(&error, errno, "cannot read \"%s\"", name)
                          : tell_file(telling, fd, name, &error);
        if (code < 0) {
            log_error("%s", error.text);
            status = EXIT_NO;
        }
    }
    return status;
}

/* The private key, or what lies beside it for everybody to read. */
static void tell_declared(struct telling *telling, struct context *context, const struct place *key)
{
    struct place public = *key;
    public.path = arena_printf(telling->arena, "%s.pub", key->path);
    const struct place *const places[] = {key, &public};
    struct error errors[ARRAY_LENGTH(places)];
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        auto_fd fd = places_open(context, places[i], O_RDONLY, &errors[i]);
        if (fd >= 0 &&
            tell_file(telling, fd, place_text(telling->arena, places[i]), &errors[i]) == 0)
            return;
    }
    log_warning("%s", errors[0].text);
}

static void tell_server(struct telling *telling, struct target root)
{
    const char *const names[] = {arena_printf(telling->arena, "%s.pub", server_key), server_key};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct error error;
        auto_fd fd = path_open_in_root(root.fd, names[i], O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd >= 0 && tell_file(telling, fd, names[i], &error) == 0)
            return;
        if (fd >= 0)
            log_warning("%s", error.text);
    }
}

int recipient_tell(struct target root, const struct config *config, char **files, int count,
                   FILE *out)
{
    auto_arena arena = arena_new();
    struct telling telling = {.arena = arena, .told = {.arena = arena}, .out = out};
    if (count)
        return tell_files(&telling, files, count);
    struct context *context = config ? places_new(arena, config, root) : NULL;
    for (size_t i = 0; config && i < config->secrets_count; i++)
        for (size_t j = 0; j < config->secrets[i]->key_count; j++)
            tell_declared(&telling, context, &config->secrets[i]->keys[j]->place);
    if (context)
        places_close(context);
    tell_server(&telling, root);
    if (telling.told.count)
        return EXIT_DONE;
    log_error("there is no key that could be read; name the file of one, public or private");
    return EXIT_NO;
}

int verb_secrets_recipient(int argc, char **argv)
{
    const char *file = NULL;
    const struct option_row options[] = {
        OPTION_TEXT("config", "CONF", "the configuration; /etc/ebb/ebb.conf unless given", &file),
    };
    const struct usage usage = {
        .synopsis = "secrets recipient [--config CONF | FILE...]",
        .about = "Prints what files are encrypted to for whoever has the keys: those in FILE, "
                 "public or private, of age or of OpenSSH's type ed25519, \"-\" for standard "
                 "input; without one, the keys that CONF declares and the one of the SSH server.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = (size_t)argc};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    bool none = words || (!file && access(default_config, F_OK) < 0);
    auto_config config = none ? NULL : verb_config(file, NULL);
    if (!none && !config)
        return EXIT_USAGE;
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(recipient_tell((struct target){root, ""}, config, argv + 1, words, stdout));
}
