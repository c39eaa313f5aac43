/* ebb secrets list: what is declared, and what became of it. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tool/name.h"
#include "tool/options.h"
#include "tool/secrets.h"
#include "tool/secrets_place.h"
#include "tool/secrets_status.h"
#include "tool/verb.h"

static const int json_form = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

enum { COLUMNS = 6 };

/* A line of the table, whose cells can go to a terminal. */
struct line {
    const char *cells[COLUMNS];
};

/* What it is now: NULL if nobody knows, as on a machine that it was not decrypted on. */
static const char *fault_of(const struct secrets_status *status, const struct secret_entry *secret)
{
    if (!status->set)
        return NULL;
    const struct secret_status *found = secrets_status_find(status, secret->name);
    return found ? found->fault : "not decrypted";
}

static const char *delivered_at(struct arena *arena, const struct secret_entry *secret)
{
    return arena_printf(arena, "/run/%s/%s", secret->early ? "secrets-for-users" : "secrets",
                        secret->name);
}

static const char *shown(struct arena *arena, const char *text)
{
    auto_string copy = NULL;
    size_t length;
    FILE *stream = open_memstream(&copy, &length);
    if (!stream)
        memory_exhausted();
    name_print(text, true, stream);
    if (fclose(stream) != 0)
        memory_exhausted();
    return arena_string(arena, copy);
}

static const char *source_of(struct arena *arena, const struct secret_entry *secret)
{
    return place_text(arena, secret->file ? &secret->file->place : &secret->template);
}

static struct line line_of(struct arena *arena, const struct secret_entry *secret,
                           const char *fault)
{
    const char *at = delivered_at(arena, secret), *from = source_of(arena, secret);
    if (secret->path)
        at = arena_printf(arena, "%s, %s", at, secret->path);
    if (secret->key)
        from = arena_printf(arena, "%s %s", from, secret->key);
    if (fault && strcmp(fault, "none") == 0)
        fault = "there";
    return (struct line){
        {shown(arena, at), arena_printf(arena, "%s:%s", secret->owner, secret->group),
         arena_printf(arena, "%04o", (unsigned)secret->mode), secret_class_names[secret->class],
         shown(arena, from), fault ? shown(arena, fault) : "unknown"}};
}

/* Characters, not bytes. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void print_table(const struct line *lines, size_t count, FILE *out)
{
    int widths[COLUMNS] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            if (width_of(lines[i].cells[j]) > widths[j])
                widths[j] = width_of(lines[i].cells[j]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COLUMNS; j++) {
            const char *cell = lines[i].cells[j];
            bool last = j == COLUMNS - 1;
            fprintf(out, "%s%*s", cell, last ? 0 : widths[j] - width_of(cell) + 2, "");
            if (last)
                fputc('\n', out);
        }
}

static void print_all(struct arena *arena, const struct config *config,
                      const struct secrets_status *status, FILE *out)
{
    struct line *lines = NULL;
    size_t count = 0;
    *ARENA_PUSH(arena, lines, count) =
        (struct line){{"secret", "owner", "mode", "class", "from", "now"}};
    for (size_t i = 0; i < config->secret_entry_count; i++) {
        const struct secret_entry *secret = config->secret_entries[i];
        *ARENA_PUSH(arena, lines, count) = line_of(arena, secret, fault_of(status, secret));
    }
    if (count > 1)
        print_table(lines, count, out);
    else
        fputs("no secrets are declared\n", out);
}

static void add_text(struct arena *arena, struct json_object *object, const char *key,
                     const char *text)
{
    json_object_object_add(object, key, text ? name_json(arena, text) : NULL);
}

static struct json_object *object_of(struct arena *arena, const struct secret_entry *secret,
                                     const char *fault)
{
    struct json_object *object = json_object_new_object(), *keys = json_object_new_array();
    for (size_t i = 0; secret->file && i < secret->file->key_count; i++)
        json_object_array_add(keys,
                              name_json(arena, place_text(arena, &secret->file->keys[i]->place)));
    add_text(arena, object, "name", secret->name);
    add_text(arena, object, "delivered", delivered_at(arena, secret));
    add_text(arena, object, "path", secret->path);
    add_text(arena, object, "credential", secret->credential);
    add_text(arena, object, "owner", secret->owner);
    add_text(arena, object, "group", secret->group);
    add_text(arena, object, "mode", arena_printf(arena, "%04o", (unsigned)secret->mode));
    add_text(arena, object, "class", secret_class_names[secret->class]);
    json_object_object_add(object, "early", json_object_new_boolean(secret->early));
    add_text(arena, object, "file", source_of(arena, secret));
    add_text(arena, object, "key", secret->key);
    json_object_object_add(object, "keys", keys);
    add_text(arena, object, "origin", origin_line(arena, secret->origin));
    add_text(arena, object, "fault", fault);
    return object;
}

static void print_json(struct arena *arena, const struct config *config,
                       const struct secrets_status *status, FILE *out)
{
    struct json_object *whole = json_object_new_object(), *list = json_object_new_array();
    for (size_t i = 0; i < config->secret_entry_count; i++) {
        const struct secret_entry *secret = config->secret_entries[i];
        json_object_array_add(list, object_of(arena, secret, fault_of(status, secret)));
    }
    json_object_object_add(whole, "format", json_object_new_int(1));
    json_object_object_add(whole, "set", status->set ? json_object_new_int64(status->set) : NULL);
    json_object_object_add(whole, "secrets", list);
    fprintf(out, "%s\n", json_object_to_json_string_ext(whole, json_form));
    json_object_put(whole);
}

int secrets_list_tell(struct target root, const struct config *config, bool json, FILE *out)
{
    auto_arena arena = arena_new();
    struct secrets_status status;
    struct error error;
    auto_fd run = path_open_in_root(root.fd, "/run", O_RDONLY | O_DIRECTORY);
    int code = secrets_status_read(arena, run, &status, &error);
    if (run >= 0 && code < 0 && code != -ENOENT)
        log_warning("%s", error.text);
    (json ? print_json : print_all)(arena, config, &status, out);
    return EXIT_DONE;
}

int verb_secrets_list(int argc, char **argv)
{
    bool json = false;
    const struct option_row options[] = {
        OPTION_FLAG("json", "write JSON", &json),
    };
    const struct usage usage = {
        .synopsis = "secrets list [--json] [CONF]",
        .about = "Lists the secrets that a configuration declares, and what became of each on "
                 "this machine.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(secrets_list_tell((struct target){root, ""}, config, json, stdout));
}
