#include "tool/boot_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "generations/kernels.h"
#include "generations/tree.h"
#include "image/build.h"
#include "plan/make.h"
#include "vm/program.h"

enum { TEXT_LIMIT = 1 << 16, DIGITS_IN_NAME = 16, MACHINE_ID = 32 };

const char *boot_payload_path(struct arena *arena, const struct boot_state *state, const char *kind,
                              const char *sha256)
{
    return arena_printf(arena, "%s/%s-%.*s", state->folder, kind, DIGITS_IN_NAME, sha256);
}

/* A small file of the tree; NULL if there is none that can be read. */
static const char *text_of(struct arena *arena, int tree, const char *path)
{
    struct error ignored;
    auto_string text = NULL;
    auto_fd fd = path_open_in_root(tree, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || path_read_fd(fd, path, TEXT_LIMIT, &text, NULL, &ignored) < 0)
        return NULL;
    return arena_string(arena, text);
}

/* PRETTY_NAME of os-release(5): in quotes or not. */
static const char *system_name(struct arena *arena, int tree)
{
    static const char *const places[] = {"etc/os-release", "usr/lib/os-release"};
    static const char key[] = "PRETTY_NAME=";
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const char *text = text_of(arena, tree, places[i]);
        char *rest = text ? arena_string(arena, text) : NULL;
        for (char *line; (line = strsep(&rest, "\n"));) {
            if (strncmp(line, key, strlen(key)) != 0)
                continue;
            char *name = line + strlen(key);
            size_t length = strlen(name);
            bool quoted = length > 1 && strchr("\"'", *name) && name[length - 1] == *name;
            return quoted ? arena_copy(arena, name + 1, length - 2) : name;
        }
    }
    return "Linux";
}

static const char *machine_id(struct arena *arena, int tree)
{
    const char *text = text_of(arena, tree, "etc/machine-id");
    size_t digits = text ? strspn(text, "0123456789abcdef") : 0;
    return digits == MACHINE_ID ? arena_copy(arena, text, digits) : NULL;
}

static bool has_parameter(const char *options, const char *start)
{
    const char *at = options ? strstr(options, start) : NULL;
    while (at && at > options && at[-1] != ' ')
        at = strstr(at + 1, start);
    return at;
}

const char *boot_options(const struct boot_source *source)
{
    static const char panic[] = "panic=";
    const char *declared = source->place->config->boot.options;
    if (has_parameter(declared, panic))
        return declared;
    return arena_printf(source->place->arena, "%s30%s%s", panic, declared ? " " : "",
                        declared ? declared : "");
}

const char *boot_describe(const struct boot_source *source, const struct generation *generation,
                          struct entry *entry)
{
    struct arena *arena = source->place->arena;
    const char *options = boot_options(source);
    const char *label = generation->label && *generation->label
                            ? arena_printf(arena, ", %s", generation->label)
                            : "";
    const char *date =
        generation->created ? arena_printf(arena, ", %.10s", generation->created) : "";
    struct error ignored; /* building its image tells of it */
    auto_fd tree = tree_open(source->place->volume, generation->tree, generation->image, &ignored);
    const char *name = system_name(arena, tree);
    entry->title =
        arena_printf(arena, "%s (generation %u%s%s)", name, generation->number, label, date);
    entry->sort_key = arena_printf(arena, "ebb-%s", source->state->token);
    entry->version = arena_printf(arena, "%06u", generation->number);
    entry->machine_id = machine_id(arena, tree);
    entry->options = arena_printf(arena, "%s ebb.generation=%u", options, generation->number);
    return name;
}

/* What the generation declares itself, or else the host. */
static int load_config(const struct boot_source *source, const struct generation *generation,
                       struct config **config, struct error *error)
{
    struct arena *arena = source->place->arena;
    const char *name = arena_printf(arena, "%u/ebb.conf", generation->number);
    struct report report = {.arena = arena};
    auto_fd fd = path_open(source->place->store, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return error_system(error, -fd, "cannot open its ebb.conf");
    *config = config_load(arena_printf(arena, "/proc/self/fd/%d/%s", source->place->store, name),
                          NULL, &report);
    config_check(*config, &report);
    if (report.errors == 0)
        return 0;
    const struct problem *first = report_first_error(&report);
    return error_set(error, EINVAL, "its ebb.conf has errors; the first, in line %u: %.300s",
                     first->origin.line, first->text);
}

/* Where it lies already, nothing is to be done. */
static void settle(const struct boot_source *source, const char *kind, const char *digits,
                   size_t length, struct boot_payload *payload)
{
    struct arena *arena = source->place->arena;
    struct error ignored;
    payload->file.sha256 = arena_string(arena, digits);
    payload->file.size = length;
    payload->file.path = boot_payload_path(arena, source->state, kind, digits);
    payload->is_there = boot_verify(source->esp, &payload->file, &ignored) == 0;
}

static int take_kernel(const struct boot_source *source, const struct generation *generation,
                       int tree, const char **version, struct boot_payload *kernel,
                       struct error *error)
{
    struct arena *arena = source->place->arena;
    const char *path;
    char digits[DIGEST_DIGITS + 1];
    size_t length = 0;
    auto_string data = NULL;
    int code = kernels_find(arena, tree, version, &path, error);
    if (code < 0)
        return code;
    auto_fd fd = path_open_in_root(tree, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open its kernel \"/%s\"", path);
    code = path_read_fd(fd, path, UINT32_MAX, &data, &length, error);
    if (code < 0)
        return code;
    digest_of(data, length, digits);
    *kernel =
        (struct boot_payload){.folder = source->place->volume,
                              .source = arena_printf(arena, "%s/%s", generation->tree, path),
                              .data = generation->image ? arena_copy(arena, data, length) : NULL};
    settle(source, "kernel", digits, length, kernel);
    return 0;
}

static int make_image(const struct boot_source *source, const struct build_request *request,
                      struct boot_payload *image, struct error *error)
{
    char digits[DIGEST_DIGITS + 1];
    size_t length = 0;
    auto_string data = NULL;
    int code = build_image(request, error);
    if (code == 0)
        code = path_read(AT_FDCWD, request->output, UINT32_MAX, &data, &length, error);
    if (code < 0)
        return code;
    digest_of(data, length, digits);
    *image = (struct boot_payload){.data = arena_copy(source->place->arena, data, length)};
    settle(source, "image", digits, length, image);
    return 0;
}

/* For the programs that build it, too, which have other descriptors. */
static const char *path_of_tree(struct arena *arena, int tree)
{
    return arena_printf(arena, "/proc/%d/fd/%d", getpid(), tree);
}

int boot_build(const struct boot_source *source, const struct generation *generation,
               const char **version, struct boot_payload *kernel, struct boot_payload *image,
               struct error *error)
{
    struct arena *arena = source->place->arena;
    char installed[PATH_MAX];
    auto_config own = NULL;
    auto_fd tree = tree_open(source->place->volume, generation->tree, generation->image, error);
    if (tree < 0)
        return tree;
    struct build_request request = {.root = path_of_tree(arena, tree),
                                    .init_program =
                                        source->init_program ? source->init_program : installed,
                                    .output = arena_printf(arena, "%s/image", source->scratch),
                                    .universal = source->universal};
    if (source->progress)
        fprintf(stderr, "\r\033[Kbuilding the image of generation %u", generation->number);
    int code =
        source->init_program ? 0 : program_find("ebb-init", installed, sizeof(installed), error);
    if (code == 0)
        code = take_kernel(source, generation, tree, &request.kernel, kernel, error);
    if (code == 0)
        code = load_config(source, generation, &own, error);
    *version = request.kernel;
    request.config = own ? own : source->place->config;
    if (code == 0)
        code = make_image(source, &request, image, error);
    if (source->progress)
        fputs("\r\033[K", stderr);
    return code;
}
