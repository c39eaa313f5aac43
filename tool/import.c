#include "tool/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "tool/options.h"
#include "tool/verb.h"

struct request {
    struct import import;
    bool wrong_volume, force;
    const char *output;
};

/* STORE=VOLUME or STORE=VOLUME:/path. A store's path may have a "=" in it, a volume's name not. */
static void take_volume(void *context, const char *value)
{
    struct request *request = context;
    struct arena *arena = request->import.arena;
    const char *colon = strstr(value, ":/"), *path = "/";
    char *store = arena_string(arena, value);
    if (colon) {
        path = arena_string(arena, colon + 1);
        store[colon - value] = '\0';
    }
    char *equals = strrchr(store, '=');
    if (!equals || equals == store || !text_is_name(equals + 1) || path_objection(path) ||
        import_objection(path, strlen(path))) {
        fprintf(stderr,
                "ebb: --volume %s is not understood; write STORE=VOLUME, such as /persist=state\n",
                value);
        request->wrong_volume = true;
        return;
    }
    *equals = '\0';
    const char *clean = import_clean(arena, store);
    *ARENA_PUSH(arena, request->import.volumes, request->import.volume_count) =
        (struct import_volume){.store = clean ? clean : store, .name = equals + 1, .path = path};
}

static int read_input(struct import *import, const char *name, struct error *error)
{
    bool standard = strcmp(name, "-") == 0;
    auto_string text = NULL;
    size_t length = 0;
    import->from = standard ? "standard input" : name;
    auto_fd fd = standard ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot open \"%s\"", import->from);
    int code = path_read_fd(fd, import->from, IMPORT_MAX_SIZE, &text, &length, error);
    if (code < 0)
        return code;
    return strcmp(import->format, "live-boot") == 0 ? import_live(import, text, length, error)
                                                    : import_nix(import, text, length, error);
}

/* In the folder of the file, so that what is there is replaced as a whole or not at all. */
static int write_output(const struct request *request, const char *text, size_t length,
                        struct error *error)
{
    const char *output = request->output, *slash = strrchr(output, '/');
    const char *name = slash ? slash + 1 : output;
    const char *folder = ".";
    if (slash)
        folder = arena_copy(request->import.arena, output,
                            slash == output ? 1 : (size_t)(slash - output));
    auto_fd fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot open the folder of \"%s\"", output);
    if (request->force)
        return path_write(fd, name, text, length, 0644, error);
    auto_fd file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0 && errno == EEXIST)
        return error_set(error, EEXIST,
                         "\"%s\" exists already, and is left as it is; name another file, or add "
                         "--force",
                         output);
    int code = file < 0 ? -errno : path_write_all(file, text, length);
    if (code == 0 && fsync(file) < 0)
        code = -errno;
    if (code < 0 && file >= 0)
        (void)unlinkat(fd, name, 0); /* half of it is of no use; if it stays, that is told too */
    return code < 0 ? error_system(error, -code, "cannot write \"%s\"", output) : 0;
}

static int write_result(const struct request *request, struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        memory_exhausted();
    import_write(&request->import, stream);
    if (fclose(stream) != 0)
        memory_exhausted();
    auto_string owned = text;
    if (request->output)
        return write_output(request, text, length, error);
    if (fwrite(text, 1, length, stdout) != length || fflush(stdout) != 0)
        return error_system(error, errno, "cannot write to standard output");
    return 0;
}

static int run(struct request *request, const char *file)
{
    struct import *import = &request->import;
    struct error error;
    if (read_input(import, file, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_USAGE;
    }
    import_settle(import);
    const struct import_volume *unused = import_unused(import);
    if (unused)
        log_warning(
            "ignoring --volume %s=%s: no store of \"%s\" with anything to keep has this name",
            unused->store, unused->name, import->from);
    if (write_result(request, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    for (size_t i = 0; i < import->loss_count; i++)
        log_warning("not carried over: %s: \"%s\" %s", import->losses[i].store,
                    import->losses[i].object, import->losses[i].reason);
    return import->loss_count ? EXIT_NO : EXIT_DONE;
}

int verb_import(int argc, char **argv)
{
    static const char *const formats[] = {"impermanence", "preservation", "live-boot"};
    auto_arena arena = arena_new();
    struct request request = {.import = {.arena = arena}};
    const struct option_row options[] = {
        OPTION_TEXT("output", "CONF", "write this file instead of standard output; or -o",
                    &request.output),
        OPTION_EACH("volume", "STORE=VOLUME", "the store is this volume of ebb.conf", take_volume),
        OPTION_FLAG("force", "replace the file of --output if it exists", &request.force),
    };
    const struct usage usage = {
        .synopsis = "import impermanence|preservation|live-boot [-o CONF] [--volume "
                    "STORE=VOLUME]... FILE",
        .about = "Writes in the words of ebb.conf what another tool was told to keep. FILE is the "
                 "evaluated JSON of the module, or persistence.conf; \"-\" is standard input. Exit "
                 "status: 0 all is carried over, 1 not all of it, which is listed, 2 FILE cannot "
                 "be read.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 2,
        .context = &request};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    for (size_t i = 0; words == 2 && i < ARRAY_LENGTH(formats); i++)
        if (strcmp(argv[1], formats[i]) == 0)
            request.import.format = formats[i];
    if (words == 2 && !request.import.format)
        fprintf(stderr, "ebb: \"%s\" is no format; write impermanence, preservation or live-boot\n",
                argv[1]);
    else if (words < 2)
        fprintf(stderr, "usage: ebb %s\n", usage.synopsis);
    if (!request.import.format || request.wrong_volume)
        return EXIT_USAGE;
    return run(&request, argv[2]);
}
