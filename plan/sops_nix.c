#include "plan/sops_nix.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

enum { DEPTH = 8 };

static const char usual_link[] = "/run/secrets", /* and what begins with it */
    users_link[] = "/run/secrets-for-users";

struct manifest {
    struct json_object *top;
    struct report *report;
    struct origin origin;
    FILE *out;
    bool early; /* all of it: it is the one for users */
};

bool sops_nix_is(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '{';
}

/* What is not there and null are one. */
static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    (void)json_object_object_get_ex(object, key, &value); /* then it is NULL */
    return value;
}

/* NULL where it is not there, or of another type, which is told. */
static const char *text_in(const struct manifest *manifest, struct json_object *object,
                           const char *key)
{
    struct json_object *value = member(object, key);
    if (value && !json_object_is_type(value, json_type_string)) {
        report_error(manifest->report, manifest->origin, "\"%s\" is no string, but %s", key,
                     json_object_to_json_string(value));
        return NULL;
    }
    const char *text = value ? json_object_get_string(value) : NULL;
    return text && *text ? text : NULL;
}

static bool is_filled(struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_array:
        return json_object_array_length(value) > 0;
    case json_type_object:
        return json_object_object_length(value) > 0;
    case json_type_string:
        return json_object_get_string_len(value) > 0;
    case json_type_boolean:
        return json_object_get_boolean(value);
    case json_type_null:
    case json_type_double:
    case json_type_int:
        break;
    }
    return value != NULL;
}

/* In the quotes of ebb.conf. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_option(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=", name);
    print_quoted(out, value);
}

/* The name counts before the number, which is 0 where nothing is said. */
static void print_owner(const struct manifest *manifest, struct json_object *object,
                        const char *option, const char *name, const char *number)
{
    const char *text = text_in(manifest, object, name);
    struct json_object *id = member(object, number);
    if (id && !json_object_is_type(id, json_type_int))
        report_error(manifest->report, manifest->origin, "\"%s\" is no number, but %s", number,
                     json_object_to_json_string(id));
    if (text && strcmp(text, "root") != 0) /* whom an ephemeral root may not know yet */
        print_option(manifest->out, option, text);
    else if (!text && id && json_object_get_int(id))
        fprintf(manifest->out, " %s=%d", option, json_object_get_int(id));
}

static bool is_early(const struct manifest *manifest, struct json_object *object)
{
    struct json_object *users = member(object, "neededForUsers");
    if (users && !json_object_is_type(users, json_type_boolean))
        report_error(manifest->report, manifest->origin,
                     "\"neededForUsers\" is %s, and no truth value",
                     json_object_to_json_string(users));
    return manifest->early || (users && json_object_get_boolean(users));
}

/* What secrets and templates have alike; `below` is where it lies without a link. */
static void print_rest(const struct manifest *manifest, struct json_object *object,
                       const char *below)
{
    const char *mode = text_in(manifest, object, "mode"), *path = text_in(manifest, object, "path"),
               *name = text_in(manifest, object, "name");
    bool early = is_early(manifest, object);
    char usual[64];
    size_t length =
        (size_t)snprintf(usual, sizeof(usual), "%s%s", early ? users_link : usual_link, below);
    bool is_usual = path && name && strncmp(path, usual, length) == 0 && path[length] == '/' &&
                    strcmp(path + length + 1, name) == 0;
    if (mode)
        print_option(manifest->out, "mode", mode);
    if (path && !is_usual)
        print_option(manifest->out, "path", path);
    if (early) {
        fputs(" early=yes\n", manifest->out);
        return; /* it is root's */
    }
    print_owner(manifest, object, "owner", "owner", "uid");
    print_owner(manifest, object, "group", "group", "gid");
    fputc('\n', manifest->out);
}

/* "yaml" of "/nix/store/x-secrets.yaml", as PID 1 sees it. */
static const char *format_of(const char *file)
{
    static const struct {
        const char *end, *format;
    } known[] = {{".yaml", "yaml"},
                 {".yml", "yaml"},
                 {".json", "json"},
                 {".env", "dotenv"},
                 {".ini", "ini"}};
    const char *end = strrchr(file, '.');
    for (size_t i = 0; end && i < ARRAY_LENGTH(known); i++)
        if (strcmp(end, known[i].end) == 0)
            return known[i].format;
    return "binary";
}

static void print_secret(const struct manifest *manifest, struct json_object *secret,
                         const char *file)
{
    const char *name = text_in(manifest, secret, "name"), *key = text_in(manifest, secret, "key"),
               *format = text_in(manifest, secret, "format");
    if (!name) {
        report_error(manifest->report, manifest->origin, "a secret has no \"name\"");
        return;
    }
    if (format && strcmp(format, format_of(file)) != 0)
        report_error(
            manifest->report, manifest->origin,
            "the secret \"%s\" is %s, and by its name the file \"%s\" is %s; give the file "
            "another name",
            name, format, file, format_of(file));
    bool is_part =
        key && (strcmp(format_of(file), "yaml") == 0 || strcmp(format_of(file), "json") == 0);
    fputs(is_part ? "    secret " : "    whole ", manifest->out);
    print_quoted(manifest->out, is_part ? key : name);
    if (is_part)
        print_option(manifest->out, "name", name);
    else
        fputs(" plain=yes", manifest->out); /* as sops-nix has it */
    print_rest(manifest, secret, "");
}

static void print_key(const struct manifest *manifest, struct json_object *path)
{
    if (!json_object_is_type(path, json_type_string)) {
        report_error(manifest->report, manifest->origin, "the path of a key is no string, but %s",
                     json_object_to_json_string(path));
        return;
    }
    fputs("    key ", manifest->out);
    print_quoted(manifest->out, json_object_get_string(path));
    fputc('\n', manifest->out);
}

static struct json_object *list_in(const struct manifest *manifest, const char *key)
{
    struct json_object *list = member(manifest->top, key);
    if (!is_filled(list))
        return NULL; /* Nix may write an object where there is nothing */
    if (!json_object_is_type(list, json_type_array)) {
        report_error(manifest->report, manifest->origin, "\"%s\" is no list", key);
        return NULL;
    }
    return list;
}

static size_t length_of(struct json_object *list)
{
    return list ? json_object_array_length(list) : 0;
}

static const char *file_of(const struct manifest *manifest, struct json_object *secret)
{
    return json_object_is_type(secret, json_type_object) ? text_in(manifest, secret, "sopsFile")
                                                         : NULL;
}

static void print_block(const struct manifest *manifest, struct json_object *secrets, size_t first)
{
    struct json_object *secret = json_object_array_get_idx(secrets, first);
    const char *file = file_of(manifest, secret), *hash = text_in(manifest, secret, "sopsFileHash");
    struct json_object *own = member(manifest->top, "ageKeyFile"),
                       *keys = list_in(manifest, "ageSshKeyPaths");
    fputs("secrets ", manifest->out);
    print_quoted(manifest->out, file);
    if (hash)
        print_option(manifest->out, "sha256", hash);
    fputs(" {\n", manifest->out);
    if (is_filled(own))
        print_key(manifest, own);
    for (size_t i = 0; i < length_of(keys); i++)
        print_key(manifest, json_object_array_get_idx(keys, i));
    for (size_t i = first; i < length_of(secrets); i++) {
        secret = json_object_array_get_idx(secrets, i);
        const char *other = file_of(manifest, secret);
        if (other && strcmp(other, file) == 0)
            print_secret(manifest, secret, file);
    }
    fputs("}\n", manifest->out);
}

/* A block for each file, where its first secret stands. */
static void print_secrets(const struct manifest *manifest)
{
    struct json_object *secrets = list_in(manifest, "secrets");
    for (size_t i = 0; i < length_of(secrets); i++) {
        const char *file = file_of(manifest, json_object_array_get_idx(secrets, i));
        bool is_new = file;
        if (!file)
            report_error(manifest->report, manifest->origin, "a secret has no \"sopsFile\"");
        for (size_t j = 0; j < i && is_new; j++) {
            const char *other = file_of(manifest, json_object_array_get_idx(secrets, j));
            is_new = !other || strcmp(other, file) != 0;
        }
        if (is_new)
            print_block(manifest, secrets, i);
    }
}

static void print_templates(const struct manifest *manifest)
{
    struct json_object *templates = list_in(manifest, "templates");
    for (size_t i = 0; i < length_of(templates); i++) {
        struct json_object *template = json_object_array_get_idx(templates, i);
        bool is_object = json_object_is_type(template, json_type_object);
        const char *name = is_object ? text_in(manifest, template, "name") : NULL,
                   *file = is_object ? text_in(manifest, template, "file") : NULL;
        if (!name || !file) {
            report_error(
                manifest->report, manifest->origin,
                "the template %s has no \"%s\"; sops-nix writes it where a file is declared",
                name ? name : "", name ? "file" : "name");
            continue;
        }
        fputs("template ", manifest->out);
        print_quoted(manifest->out, name);
        fputc(' ', manifest->out);
        print_quoted(manifest->out, file);
        print_rest(manifest, template, "/rendered");
    }
}

/* Fields that mean nothing here, with the reason where somebody might miss them. */
static void tell_left_out(const struct manifest *manifest)
{
    static const struct {
        const char *key, *usual, *reason;
    } fields[] = {
        {"secrets", NULL, NULL},
        {"templates", NULL, NULL},
        {"ageKeyFile", NULL, NULL},
        {"ageSshKeyPaths", NULL, NULL},
        {"placeholderBySecretName", NULL, NULL},
        {"keepGenerations", NULL, NULL},
        {"useTmpfs", NULL, NULL},
        {"logging", NULL, NULL},
        {"secretsMountPoint", usual_link, "secrets lie where Ebb has them"},
        {"symlinkPath", usual_link, "secrets lie where Ebb has them"},
        {"gnupgHome", "", "Ebb knows no PGP"},
        {"sshKeyPaths", "", "Ebb knows no PGP, for which these keys are"},
        {"userMode", "", "secrets are root's to deliver"},
    };
    json_object_object_foreach(manifest->top, key, value)
    {
        size_t i = 0;
        while (i < ARRAY_LENGTH(fields) && strcmp(fields[i].key, key) != 0)
            i++;
        const char *usual = i < ARRAY_LENGTH(fields) ? fields[i].usual : "";
        if (!usual || !is_filled(value) ||
            (*usual && strncmp(json_object_get_string(value), usual, strlen(usual)) == 0))
            continue;
        report_warning(manifest->report, manifest->origin, "ignoring \"%s\": %s", key,
                       i < ARRAY_LENGTH(fields) ? fields[i].reason : "it is not known");
    }
}

/* Of secrets, once each. */
static void tell_unknown(const struct manifest *manifest)
{
    static const char *const known[] = {
        "name",         "key",         "path",     "owner",        "uid",    "group",
        "gid",          "mode",        "sopsFile", "sopsFileHash", "format", "neededForUsers",
        "restartUnits", "reloadUnits",
    };
    struct json_object *secrets = member(manifest->top, "secrets"),
                       *told = json_object_new_object();
    size_t count = json_object_is_type(secrets, json_type_array) ? length_of(secrets) : 0;
    for (size_t i = 0; i < count; i++) {
        struct json_object *secret = json_object_array_get_idx(secrets, i);
        if (!json_object_is_type(secret, json_type_object))
            continue; /* which was told */
        json_object_object_foreach(secret, key, value)
        {
            bool is_known = !is_filled(value) || member(told, key);
            for (size_t j = 0; j < ARRAY_LENGTH(known) && !is_known; j++)
                is_known = strcmp(known[j], key) == 0;
            if (is_known)
                continue;
            json_object_object_add(told, key, json_object_new_boolean(true));
            report_warning(manifest->report, manifest->origin,
                           "ignoring \"%s\" of secrets: it is not known", key);
        }
    }
    json_object_put(told);
}

static void tell_units(const struct manifest *manifest)
{
    static const char *const lists[] = {"secrets", "templates"};
    static const char *const keys[] = {"restartUnits", "reloadUnits"};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        struct json_object *list = member(manifest->top, lists[i]);
        size_t count = json_object_is_type(list, json_type_array) ? length_of(list) : 0;
        for (size_t j = 0; j < 2 * count; j++) {
            struct json_object *object = json_object_array_get_idx(list, j / 2);
            if (!json_object_is_type(object, json_type_object) ||
                !is_filled(member(object, keys[j % 2])))
                continue;
            report_warning(manifest->report, manifest->origin,
                           "ignoring \"%s\": `ebb secrets apply` tells what changed, and restarts "
                           "nothing",
                           keys[j % 2]);
            return;
        }
    }
}

static struct json_object *parse(const char *text, size_t length, const struct manifest *manifest)
{
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
    if (!tokener)
        memory_exhausted();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    struct json_object *top = json_tokener_parse_ex(tokener, text, (int)length + 1);
    enum json_tokener_error why = json_tokener_get_error(tokener);
    if (why != json_tokener_success)
        report_error(manifest->report, manifest->origin,
                     "it is no manifest of sops-nix: at byte %zu, %s",
                     json_tokener_get_parse_end(tokener), json_tokener_error_desc(why));
    json_tokener_free(tokener);
    return why == json_tokener_success ? top : NULL;
}

const char *sops_nix_text(struct arena *arena, const char *file, const char *text, size_t length,
                          struct report *report)
{
    char *made = NULL;
    size_t made_length = 0;
    struct manifest manifest = {.report = report, .origin = {file, 0, 0}};
    manifest.top = parse(text, length, &manifest);
    if (!manifest.top)
        return NULL;
    manifest.out = open_memstream(&made, &made_length);
    if (!manifest.out)
        memory_exhausted();
    size_t before = report->errors;
    const char *link = text_in(&manifest, manifest.top, "symlinkPath");
    manifest.early = link && strcmp(link, users_link) == 0;
    print_secrets(&manifest);
    print_templates(&manifest);
    tell_left_out(&manifest);
    tell_unknown(&manifest);
    tell_units(&manifest);
    fclose(manifest.out);
    const char *copy = report->errors == before ? arena_copy(arena, made, made_length) : NULL;
    free(made);
    json_object_put(manifest.top);
    return copy;
}
