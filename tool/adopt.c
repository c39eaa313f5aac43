/* ebb adopt: a generation from a system that is there. */
#include "tool/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "plan/value.h"
#include "tool/adopting.h"
#include "tool/options.h"
#include "tool/secrets_place.h"
#include "tool/verb.h"

static bool ask(FILE *in, FILE *out)
{
    auto_string answer = NULL;
    size_t size = 0;
    fputs("Go on? [y/N] ", out);
    fflush(out);
    ssize_t length = getline(&answer, &size, in);
    return length > 0 && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}

static int adopt(struct adopting *adopting, FILE *in, FILE *out, struct error *error)
{
    const struct adopt_wish *wish = adopting->wish;
    unsigned number = 0;
    int code = adopt_volumes(adopting, error);
    if (code == 0)
        code = adopt_look(adopting, error);
    if (code < 0)
        return code;
    adopt_show(adopting, out);
    fflush(out);
    if (wish->dry_run)
        return 0;
    if (!wish->yes && !in)
        return error_set(error, ENOTTY,
                         "nothing is made, for there is no terminal to ask at; give --yes");
    if (!wish->yes && !ask(in, out))
        return error_set(error, ECANCELED, "nothing is made, as you wish");
    code = adopt_make(adopting, &number, error);
    if (code == 0)
        adopt_show_rest(adopting, number, out);
    return code;
}

static void close_all(const struct adopting *adopting, const int *locks)
{
    for (size_t i = 0; i < adopting->seed_count; i++)
        live_close(&adopting->seeds[i].live);
    for (size_t i = 0; i < ADOPT_LOCKS; i++)
        memory_close_fd(&locks[i]);
    if (adopting->context)
        places_close(adopting->context);
}

/* verb_config would only say that it is not there. */
static struct config *load(const char *file, struct error *error)
{
    if (!file && access("/etc/ebb/ebb.conf", F_OK) < 0) {
        error_set(error, ENOENT,
                  "there is no /etc/ebb/ebb.conf, and what is to persist must be known first; "
                  "write one, as ebb.conf(5) or `ebb import` shows, or name another file");
        return NULL;
    }
    struct config *config = verb_config(file, NULL);
    if (!config)
        error_set(error, EINVAL, "nothing is made; correct the configuration first");
    return config;
}

int adopt_system(struct target root, const struct adopt_wish *wish, FILE *in, FILE *out)
{
    auto_arena arena = arena_new();
    struct error error;
    int locks[ADOPT_LOCKS] = {-1, -1, -1, -1, -1};
    auto_config config = load(wish->config, &error);
    struct adopting adopting = {.arena = arena, .wish = wish, .root = root, .config = config};
    int code = config ? adopt_lock(root, locks, &error) : -error.code;
    if (code == 0)
        code = adopt(&adopting, in, out, &error);
    close_all(&adopting, locks);
    if (code == 0)
        return EXIT_DONE;
    log_error("%s", error.text);
    return config ? EXIT_NO : EXIT_USAGE;
}

struct request {
    struct arena *arena;
    struct adopt_wish wish;
};

static void take_volume(void *context, const char *value)
{
    struct request *request = context;
    *ARENA_PUSH(request->arena, request->wish.volumes, request->wish.volume_count) = value;
}

int verb_adopt(int argc, char **argv)
{
    auto_arena arena = arena_new();
    const char *folder = NULL;
    struct request request = {.arena = arena};
    struct adopt_wish *wish = &request.wish;
    const struct option_row options[] = {
        OPTION_TEXT("root", "DIR", "the root of the system; / unless given", &folder),
        OPTION_EACH("volume", "VOLUME=DIR", "where the volume is, if not where it is mounted",
                    take_volume),
        OPTION_TEXT("label", "TEXT", "what the generation is called in lists", &wish->label),
        OPTION_FLAG("replace", "what lies in the place of an entry goes to the volume's trash",
                    &wish->replace),
        OPTION_FLAG("dry-run", "only tell", &wish->dry_run),
        OPTION_FLAG("yes", "do not ask", &wish->yes),
    };
    const struct usage usage = {
        .synopsis = "adopt [--root DIR] [--volume VOLUME=DIR]... [--label TEXT] [--replace] "
                    "[--dry-run] [--yes] [CONF]",
        .about = "Makes a generation from a system that is installed, and brings what is declared "
                 "to persist onto its state volume. It tells all of that first, and asks.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1,
        .context = &request};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (wish->label && value_label(wish->label)) {
        fprintf(stderr, "ebb: the label \"%s\" %s\n", wish->label, value_label(wish->label));
        return EXIT_USAGE;
    }
    wish->config = words ? argv[1] : NULL;
    auto_fd root = open(folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || geteuid() != 0) {
        log_error("cannot adopt \"%s\": %s", folder ? folder : "/",
                  root < 0 ? strerror(errno) : "files keep their owners, so run it as root");
        return EXIT_NO;
    }
    return verb_flush(adopt_system((struct target){root, folder ? folder : ""}, wish,
                                   isatty(STDIN_FILENO) ? stdin : NULL, stdout));
}
