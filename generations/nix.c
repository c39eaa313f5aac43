#include "generations/nix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FACT_LIMIT = 1 << 20, LINK_LIMIT = 40 };

static const char others[] = "boot another one with ebb.generation=";

void nix_check(const struct config *config, struct report *report)
{
    const struct generations *declared = &config->generations;
    const struct volume *volume = declared->place.volume;
    if (volume && (!volume->mount || strcmp(volume->mount, "/nix") != 0))
        report_error(
            report, declared->origin,
            "the links of a Nix profile lead to /nix/store, so its volume \"%s\" has to be "
            "mounted there; write in its block: mount /nix",
            volume->name);
    if (config->root.kind == ROOT_OVERLAY)
        report_error(report, config->root.origin,
                     "a generation of a Nix profile has no tree that an overlay could lie over; "
                     "write root tmpfs");
    if (config->boot.place.volume_name)
        report_error(report, config->boot.origin,
                     "the boot entries of a Nix profile are made by NixOS; remove `boot`");
    if (declared->trees)
        report_error(report, declared->origin,
                     "a generation of a Nix profile has no tree, so trees= means nothing; remove "
                     "it");
}

const char *nix_name(struct arena *arena, unsigned number)
{
    return arena_printf(arena, NIX_BEFORE "%u" NIX_BEHIND, number);
}

bool nix_current(int profile, char name[static NIX_NAME])
{
    ssize_t length = readlinkat(profile, "system", name, NIX_NAME);
    if (length <= 0 || length >= NIX_NAME)
        return false;
    name[length] = '\0';
    return true;
}

/* What a link says, in the arena, or NULL. */
static const char *link_of(struct arena *arena, int folder, const char *name)
{
    char text[PATH_MAX];
    ssize_t length = readlinkat(folder, name, text, sizeof(text));
    return length > 0 && (size_t)length < sizeof(text) ? arena_copy(arena, text, (size_t)length)
                                                       : NULL;
}

/* The content of a small file, without its line end; NULL where there is none. */
static const char *text_of(struct arena *arena, int folder, const char *name)
{
    struct error ignored;
    auto_string text = NULL;
    size_t length = 0;
    auto_fd fd = path_open(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || path_read_fd(fd, name, FACT_LIMIT, &text, &length, &ignored) < 0)
        return NULL;
    return arena_copy(arena, text, strcspn(text, "\n"));
}

/* Systems that are older than boot.json. */
static void synthesize(struct arena *arena, int system, const char *path,
                       struct generation *generation)
{
    generation->init = arena_printf(arena, "%s/init", path);
    generation->kernel = link_of(arena, system, "kernel");
    generation->initrd = link_of(arena, system, "initrd");
    generation->parameters = text_of(arena, system, "kernel-params");
    const char *version = text_of(arena, system, "nixos-version");
    generation->label = version ? arena_printf(arena, "NixOS %s", version) : NULL;
}

static const char *string_in(struct arena *arena, struct json_object *object, const char *key)
{
    struct json_object *value;
    return json_object_object_get_ex(object, key, &value) &&
                   json_object_is_type(value, json_type_string)
               ? arena_string(arena, json_object_get_string(value))
               : NULL;
}

static const char *parameters_in(struct arena *arena, struct json_object *object)
{
    struct json_object *list;
    const char *text = NULL;
    if (!json_object_object_get_ex(object, "kernelParams", &list) ||
        !json_object_is_type(list, json_type_array))
        return NULL;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *word = json_object_array_get_idx(list, i);
        if (json_object_is_type(word, json_type_string))
            text = arena_printf(arena, "%s%s%s", text ? text : "", text ? " " : "",
                                json_object_get_string(word));
    }
    return text;
}

const char *nix_variant(const char *choice)
{
    return strchr(choice, '/');
}

/* Each is a document of its own within that of the system. */
static struct json_object *find_variant(struct json_object *document, const char *name)
{
    struct json_object *variants, *found;
    return json_object_object_get_ex(document, "org.nixos.specialisation.v1", &variants) &&
                   json_object_object_get_ex(variants, name, &found)
               ? found
               : NULL;
}

/* The key of the RFC, and that which documents have. Whatever else stands there is for others. */
static bool read_document(struct arena *arena, const char *text, struct generation *generation)
{
    struct json_object *whole = json_tokener_parse(text), *spec = NULL;
    const char *variant = nix_variant(generation->choice);
    struct json_object *document = variant ? find_variant(whole, variant + 1) : whole;
    bool found = json_object_is_type(document, json_type_object) &&
                 (json_object_object_get_ex(document, "org.nixos.bootspec.v1", &spec) ||
                  json_object_object_get_ex(document, "v1", &spec)) &&
                 json_object_is_type(spec, json_type_object);
    if (found) {
        generation->init = string_in(arena, spec, "init");
        generation->kernel = string_in(arena, spec, "kernel");
        generation->initrd = string_in(arena, spec, "initrd");
        generation->label = string_in(arena, spec, "label");
        generation->parameters = parameters_in(arena, spec);
    }
    json_object_put(whole);
    return found && generation->init;
}

static int read_system(struct arena *arena, int system, const char *path,
                       struct generation *generation, struct error *error)
{
    auto_string text = NULL;
    unsigned number = generation->number;
    auto_fd fd = path_open(system, "boot.json", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    const char *variant = nix_variant(generation->choice);
    if (fd == -ENOENT && !variant) {
        synthesize(arena, system, path, generation);
        return 0;
    }
    if (fd < 0)
        return error_set(error, -fd, "the boot.json of generation %u cannot be read: %s; %s",
                         number, strerror(-fd), others);
    int code = path_read_fd(fd, "boot.json", FACT_LIMIT, &text, NULL, error);
    if (code < 0)
        return code;
    if (!read_document(arena, text, generation))
        return error_set(error, EBADMSG,
                         "the boot.json of generation %u has no bootspec of version 1 with an "
                         "init%s%s; %s",
                         number, variant ? " for " : "", variant ? variant + 1 : "", others);
    if (path_objection(generation->init))
        return error_set(error, EBADMSG, "the init \"%s\" of generation %u %s; %s",
                         generation->init, number, path_objection(generation->init), others);
    return 0;
}

/* When the link was made: all that lies in a store is of 1970. */
static const char *time_of(struct arena *arena, int profile, const char *name)
{
    char text[32];
    struct tm utc;
    struct stat status;
    if (fstatat(profile, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
        !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&status.st_mtime, &utc)))
        return NULL;
    return arena_string(arena, text);
}

static int check_within(const char *name, const char *path, const char *mount, struct error *error)
{
    if (!path_objection(path) && path_is_within(path, mount))
        return 0;
    return error_set(error, EINVAL,
                     "\"%s\" of the Nix profile leads to \"%s\", which is not below %s; %s", name,
                     path, mount, others);
}

int nix_system(struct arena *arena, int volume, int profile, const struct generations *declared,
               unsigned number, const char **path, struct error *error)
{
    const char *name = nix_name(arena, number), *mount = declared->place.volume->mount,
               *link = link_of(arena, profile, name);
    if (!link)
        return error_system(error, errno, "cannot read \"%s\" of the Nix profile", name);
    int code = check_within(name, link, mount, error);
    if (code < 0)
        return code;
    auto_fd system = path_open(volume, link + strlen(mount), O_PATH | O_DIRECTORY);
    if (system < 0)
        return error_set(error, -system, "cannot open \"%s\", generation %u: %s; %s", link, number,
                         strerror(-system), others);
    *path = link;
    return 0;
}

static bool is_init_of(const char *init, const char *system)
{
    size_t length = strlen(system);
    return strncmp(init, system, length) == 0 && strcmp(init + length, "/init") == 0;
}

const char *nix_choice(struct arena *arena, int volume, int profile,
                       const struct generations *declared, unsigned number, const char *init)
{
    struct error ignored; /* what is not there is not asked for */
    const char *system = "", *mount = declared->place.volume->mount;
    if (nix_system(arena, volume, profile, declared, number, &system, &ignored) < 0)
        return NULL;
    if (is_init_of(init, system))
        return arena_printf(arena, "%u", number);
    int fd = path_open(volume, arena_printf(arena, "%s/specialisation", system + strlen(mount)),
                       O_RDONLY | O_DIRECTORY);
    auto_dir folder = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        const char *other = link_of(arena, fd, entry->d_name);
        if (other && is_init_of(init, other))
            return arena_printf(arena, "%u/%s", number, entry->d_name);
    }
    return NULL;
}

int nix_follow(struct arena *arena, int volume, const struct generations *declared,
               const char *path, const char **found, struct error *error)
{
    const char *mount = declared->place.volume->mount, *whole = path;
    size_t start = strlen(mount), length = start, links = 0;
    *found = NULL;
    int code = check_within(path, path, mount, error);
    while (code == 0 && whole[length]) {
        length += 1 + strcspn(whole + length + 1, "/");
        const char *part = arena_copy(arena, whole + start, length - start),
                   *link = link_of(arena, volume, part + 1);
        if (!link && (errno == ENOENT || errno == ENOTDIR))
            return 0;
        if (!link)
            continue;
        whole = arena_printf(arena, "%s%s", link, whole + length);
        length = start;
        code = ++links > LINK_LIMIT ? error_system(error, ELOOP, "cannot open \"%s\"", path)
                                    : check_within(path, whole, mount, error);
    }
    if (code == 0)
        *found = whole + start;
    return code;
}

int nix_read(struct arena *arena, int volume, int profile, const struct generations *declared,
             struct generation *generation, struct error *error)
{
    const char *path = "";
    int code = nix_system(arena, volume, profile, declared, generation->number, &path, error);
    if (code < 0)
        return code;
    auto_fd system =
        path_open(volume, path + strlen(declared->place.volume->mount), O_PATH | O_DIRECTORY);
    generation->created = time_of(arena, profile, nix_name(arena, generation->number));
    return read_system(arena, system, path, generation, error);
}
