#include "tool/new_entry.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/path.h"
#include "base/text.h"
#include "persist/method.h"
#include "plan/make.h"

/* Users who are people; the homes of others are folders of services. */
enum { FIRST_PERSON = 1000, LAST_PERSON = 60000 };

/* "state:/persist, cache:/": the stores that there are to choose from, each once. */
static const char *list_stores(struct arena *arena, const struct config *config, size_t *count,
                               const struct place **store, const char *wanted)
{
    const char *list = "";
    *count = 0;
    *store = NULL;
    for (size_t i = 0; i < config->declaration_count; i++) {
        const struct place *place = config->declarations[i]->object;
        if (config->declarations[i]->kind != DECLARED_STORE || !place->volume)
            continue;
        const char *name = arena_printf(arena, "%s:%s", place->volume_name, place->path);
        const char *known = strstr(list, arena_printf(arena, "\"%s\"", name));
        if ((wanted && strcmp(wanted, name) == 0) || (!wanted && !*store))
            *store = place;
        if (known)
            continue;
        list = arena_printf(arena, "%s%s\"%s\"", list, *list ? ", " : "", name);
        ++*count;
    }
    return list;
}

static int choose_store(struct arena *arena, const struct config *config, const char *wanted,
                        const struct place **store, struct error *error)
{
    size_t count;
    const char *list = list_stores(arena, config, &count, store, wanted);
    if (count == 0)
        return error_set(error, ENOENT,
                         "nothing is declared to persist yet; write into \"%s\" where it may, such "
                         "as: persist VOLUME:/persist { }",
                         config->file);
    if (wanted && !*store)
        return error_set(error, ENOENT, "there is no persist block for \"%s\"; there are %s",
                         wanted, list);
    if (!wanted && count > 1)
        return error_set(error, EINVAL, "it may be kept in %s; choose one with --in", list);
    return 0;
}

/* The person whose home the path lies in; the innermost, if several do. */
static const struct home *home_of(struct arena *arena, const char *path, gid_t *group)
{
    struct home *found = NULL;
    setpwent();
    for (const struct passwd *user; (user = getpwent());) {
        const char *home = user->pw_dir;
        bool person =
            user->pw_uid == 0 || (user->pw_uid >= FIRST_PERSON && user->pw_uid < LAST_PERSON);
        if (!person || path_objection(home) || strcmp(home, "/") == 0 || strcmp(home, path) == 0 ||
            !path_is_within(path, home) || (found && strlen(found->path) >= strlen(home)))
            continue;
        found = arena_alloc(arena, sizeof(*found));
        found->user = arena_string(arena, user->pw_name);
        found->path = arena_string(arena, home);
        *group = user->pw_gid;
    }
    endpwent();
    return found;
}

static void add_word(struct arena *arena, struct scfg_directive *directive, const char *text)
{
    *ARENA_PUSH(arena, directive->words, directive->word_count) =
        (struct scfg_word){.text = text, .quoted = *text == '/' && strchr(text, '=')};
}

static const char *user_name(struct arena *arena, uid_t user)
{
    const struct passwd *known = getpwuid(user);
    return known ? arena_string(arena, known->pw_name) : arena_printf(arena, "%u", user);
}

static const char *group_name(struct arena *arena, gid_t group)
{
    const struct group *known = getgrgid(group);
    return known ? arena_string(arena, known->gr_name) : arena_printf(arena, "%u", group);
}

/* The directive that gives the path what it has now: only what is not so anyway is said. */
static void describe(struct arena *arena, const char *path, const struct stat *status,
                     const struct home *home, gid_t home_group, struct scfg_directive *directive)
{
    bool is_dir = S_ISDIR(status->st_mode);
    mode_t mode = home ? is_dir ? 0700 : 0600 : is_dir ? path_folder_mode(path) : 0644;
    const char *owner = user_name(arena, status->st_uid);
    *directive = (struct scfg_directive){0};
    add_word(arena, directive, is_dir ? "dir" : "file");
    add_word(arena, directive, home ? path + strlen(home->path) + 1 : path);
    if (home)
        directive->words[1].quoted = strchr(directive->words[1].text, '=');
    if (home ? strcmp(owner, home->user) != 0 : status->st_uid != 0)
        add_word(arena, directive, arena_printf(arena, "owner=%s", owner));
    if (status->st_gid != (home ? home_group : 0))
        add_word(arena, directive,
                 arena_printf(arena, "group=%s", group_name(arena, status->st_gid)));
    if ((status->st_mode & 07777) != mode)
        add_word(arena, directive, arena_printf(arena, "mode=%04o", status->st_mode & 07777));
    if (!is_dir && method_writer(path))
        add_word(arena, directive, "method=copy");
}

/* Reads the configuration as it would be with the new declaration, which is included from a file in
 * memory. */
static int load_with(struct arena *arena, const struct config *config, const char *path,
                     struct new_entry *made, struct error *error)
{
    struct report report = {.arena = arena};
    auto_fd file = memfd_create("ebb-keep", MFD_CLOEXEC);
    int code = file < 0 ? -errno : path_write_all(file, made->edit.whole, strlen(made->edit.whole));
    if (code < 0)
        return error_system(error, -code, "cannot keep the new declaration in memory");
    const char *const extra[] = {arena_printf(arena, "/proc/self/fd/%d", file), NULL};
    made->config = config_load(config->file, extra, &report);
    config_check(made->config, &report);
    for (size_t i = 0; i < report.count; i++)
        if (report.problems[i].severity == SEVERITY_ERROR)
            return error_set(error, EINVAL, "\"%s\" cannot be declared: %.400s", path,
                             report.problems[i].text);
    made->entry = config_entry(made->config, path);
    return 0;
}

/* A name may hold what no configuration can; what follows a line end in it would be read as one. */
static bool can_be_written(const char *path)
{
    for (size_t left = strlen(path), length; left; path += length, left -= length) {
        length = text_character(path, left);
        if (!length || text_is_control(path, length))
            return false;
    }
    return true;
}

int new_entry_declare(struct arena *arena, const struct config *config, const char *path,
                      const struct stat *status, const char *store, struct new_entry *made,
                      struct error *error)
{
    const struct place *place;
    struct scfg_directive directive;
    gid_t group = 0;
    *made = (struct new_entry){0};
    if (!can_be_written(path))
        return error_set(error, EINVAL,
                         "the name has bytes in it that are no text, and no configuration can hold "
                         "them; keep the folder around it");
    int code = choose_store(arena, config, store, &place, error);
    if (code < 0)
        return code;
    const struct home *home = home_of(arena, path, &group);
    describe(arena, path, status, home, group, &directive);
    edit_add(config, place, home, &directive, &made->edit);
    return load_with(arena, config, path, made, error);
}
