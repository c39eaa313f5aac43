#include "secrets/template.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/locked.h"
#include "base/path.h"
#include "secrets/deliver.h"
#include "secrets/vault.h"

enum { LARGEST = 4 << 20 };

static const char sops_begin[] = "<SOPS:", sops_end[] = ":PLACEHOLDER>", own_begin[] = "<SECRET:";

/* Rendered twice: at first to learn how long it is, for memory that is locked. */
struct rendering {
    const struct context *context;
    bool is_dry; /* no secret is there yet */
    int sets[2]; /* of normal secrets, and of early ones */
    char *bytes; /* NULL: only measured */
    size_t length, room;
    enum fault fault;
    struct error *error;
};

static int refuse(struct rendering *rendering, int code)
{
    rendering->fault = FAULT_REFUSED;
    return code;
}

static int need_room(struct rendering *rendering, size_t length)
{
    if (length <= rendering->room - rendering->length)
        return 0;
    return refuse(rendering, error_set(rendering->error, EFBIG,
                                       "it is longer than %d bytes with its secrets; put less "
                                       "into it",
                                       LARGEST));
}

static int put(struct rendering *rendering, const char *bytes, size_t length)
{
    int code = need_room(rendering, length);
    if (code < 0)
        return code;
    if (rendering->bytes)
        memcpy(rendering->bytes + rendering->length, bytes, length);
    rendering->length += length;
    return 0;
}

static bool is_hash_of(const char *name, const char *hash)
{
    char digits[DIGEST_DIGITS + 1];
    digest_of(name, strlen(name), digits);
    return memcmp(digits, hash, DIGEST_DIGITS) == 0;
}

/* The placeholder at the beginning of the text: its length, and the secret that it names, or NULL
 * for one that nobody knows. 0: it is none. */
static size_t read_placeholder(const struct config *config, const char *text,
                               const struct secret_entry **secret)
{
    bool is_own = strncmp(text, own_begin, strlen(own_begin)) == 0;
    const char *name = text + strlen(is_own ? own_begin : sops_begin);
    size_t length = strcspn(name, is_own ? "<>\n" : ":\n");
    const char *end = is_own ? ">" : sops_end;
    if ((!is_own &&
         (strncmp(text, sops_begin, strlen(sops_begin)) != 0 || length != DIGEST_DIGITS)) ||
        strncmp(name + length, end, strlen(end)) != 0)
        return 0;
    *secret = NULL;
    for (size_t i = 0; i < config->secret_entry_count && !*secret; i++) {
        const struct secret_entry *entry = config->secret_entries[i];
        bool fits = is_own ? strlen(entry->name) == length && memcmp(entry->name, name, length) == 0
                           : is_hash_of(entry->name, name);
        if (fits && !entry->template.path)
            *secret = entry;
    }
    return (size_t)(name + length - text) + strlen(end);
}

static int put_secret(struct rendering *rendering, const struct secret_entry *secret)
{
    struct stat status;
    int set = rendering->sets[secret->early];
    auto_fd fd = set < 0 ? -ENOENT : path_open(set, secret->name, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) < 0) {
        rendering->fault = FAULT_MISSING;
        return error_set(rendering->error, ENOENT, "it needs the secret \"%s\", which is not there",
                         secret->name);
    }
    size_t size = (size_t)status.st_size;
    int code = need_room(rendering, size);
    if (code < 0)
        return code;
    if (rendering->bytes &&
        pread(fd, rendering->bytes + rendering->length, size, 0) != (ssize_t)size) {
        rendering->fault = FAULT_NO_ROOM;
        return error_set(rendering->error, EIO, "the secret \"%s\" cannot be read", secret->name);
    }
    rendering->length += size;
    return 0;
}

static int render(struct rendering *rendering, const char *text)
{
    while (*text) {
        const struct secret_entry *secret;
        size_t length = read_placeholder(rendering->context->config, text, &secret);
        int code = 0;
        if (!length) {
            length = 1 + strcspn(text + 1, "<");
            code = put(rendering, text, length);
        } else if (secret) {
            code = rendering->is_dry ? 0 : put_secret(rendering, secret);
        } else {
            code = refuse(rendering,
                          error_set(rendering->error, EINVAL,
                                    "it has the placeholder \"%.*s\", and no secret of that name "
                                    "is declared",
                                    (int)(length < 100 ? length : 100), text));
        }
        if (code < 0)
            return code;
        text += length;
    }
    return 0;
}

static int read_template(struct rendering *rendering, const struct secret_entry *template,
                         char **text)
{
    const struct context *context = rendering->context;
    const char *name = place_text(context->arena, &template->template);
    size_t length;
    auto_fd fd = context_open(context, &template->template, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(rendering->error, -fd, "cannot open \"%s\"", name);
    int code = path_read_fd(fd, name, LARGEST, text, &length, rendering->error);
    if (code == 0 && strlen(*text) != length)
        code = error_set(rendering->error, EINVAL, "\"%s\" is no text: there is a NUL byte in it",
                         name);
    return code < 0 ? refuse(rendering, code) : 0;
}

int template_prove(const struct secret_entry *template, const struct context *context,
                   struct error *error)
{
    auto_string text = NULL;
    struct rendering rendering = {
        .context = context, .is_dry = true, .room = LARGEST, .error = error};
    int code = read_template(&rendering, template, &text);
    return code < 0 || !text ? code : render(&rendering, text);
}

/* The value is in locked memory, for locked_free. */
static int make(const struct secret_entry *template, struct rendering *rendering,
                struct secret *value)
{
    auto_string text = NULL;
    void *memory;
    int code = read_template(rendering, template, &text);
    if (code < 0 || !text)
        return code;
    code = render(rendering, text);
    if (code < 0)
        return code;
    code = locked_new(rendering->length + 1, &memory, rendering->error);
    if (code < 0) {
        rendering->fault = FAULT_NO_ROOM;
        return code;
    }
    *value = (struct secret){memory, rendering->length};
    rendering->bytes = memory;
    rendering->room = rendering->length;
    rendering->length = 0;
    return render(rendering, text);
}

static int open_set(int run, unsigned set, bool early)
{
    char path[VAULT_PATH];
    vault_path(set, early, path);
    return path_open(run, path + strlen("/run/"), O_RDONLY | O_DIRECTORY);
}

void template_sentence(const struct step *step, FILE *stream)
{
    auto_arena arena = arena_new();
    fprintf(stream, "render %s as the secret %s", place_text(arena, &step->secret->template),
            step->secret->name);
}

int template_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct secret_entry *template = step->secret;
    struct outcome outcome = {0};
    struct secret value = {0};
    auto_fd run = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run < 0)
        return error_system(error, errno, "cannot open \"/run\"");
    auto_fd normal = open_set(run, context->secret_set, false);
    auto_fd early = open_set(run, context->secret_set, true);
    struct rendering rendering = {.context = context,
                                  .sets = {normal, early},
                                  .room = LARGEST,
                                  .fault = FAULT_MISSING,
                                  .error = error};
    if (make(template, &rendering, &value) == 0)
        deliver_value(context, run, template, &value, &outcome);
    else
        deliver_fault(context, template, rendering.fault, error->text, &outcome);
    if (value.bytes)
        locked_free(value.bytes, value.length + 1);
    return deliver_end(context, run, &outcome, error);
}
