#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/text.h"
#include "plan/value.h"
#include "tool/health.h"

static const char folder_of_checks[] = "/etc/ebb/health.d";

struct runner {
    struct arena *arena;
    struct target root;
    const struct health_wish *wish;
    struct health *health;
    const char *const *environment;
};

/* What is wrong with letting it decide about the machine, or NULL. */
static const char *distrust(const struct stat *status)
{
    if (status->st_uid != 0)
        return "it belongs to somebody else than root; chown root it";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "others can write to it; chmod go-w it";
    return NULL;
}

/* A time at the end of a name: "20-database@2min". */
static const char *read_timeout(const char *name, unsigned *timeout)
{
    const char *at = strrchr(name, '@');
    return at ? value_duration(at + 1, timeout) : NULL;
}

/* Why it is not run, or NULL. */
static const char *objection(struct arena *arena, int folder, struct health_check *check)
{
    struct stat status;
    const char *fault = read_timeout(check->name, &check->timeout);
    if (fault)
        return arena_printf(arena, "the time in its name %s", fault);
    if (check->timeout == 0)
        return "it has no time at all; give it some";
    if (fstatat(folder, check->name, &status, 0) < 0)
        return strerror(errno); /* a link that leads nowhere */
    if (!S_ISREG(status.st_mode))
        return "it is no file; take it away";
    if (!(status.st_mode & S_IXUSR))
        return "it cannot be executed; chmod +x it, or take it away";
    return distrust(&status);
}

/* What became of it, or NULL if it passed. */
static const char *judge(struct arena *arena, const struct health_check *check,
                         const struct child_result *result)
{
    struct duration time = text_duration(check->timeout);
    switch (result->end) {
    case CHILD_STUCK:
        return arena_printf(arena, "was not done after %s and cannot be ended", time.text);
    case CHILD_LATE:
        return arena_printf(arena, "was not done after %s", time.text);
    case CHILD_SIGNALLED:
        return arena_printf(arena, "was ended by signal %d (%s)", result->number,
                            strsignal(result->number));
    case CHILD_EXITED:
        break;
    }
    return result->number == 0 ? NULL
                               : arena_printf(arena, "failed with status %d", result->number);
}

static const char *class_of(const struct health_check *check)
{
    return check->required ? "required" : "wanted";
}

/* Why it did not pass, in a sentence; NULL if it did. */
static const char *fault_of(const struct runner *runner, int folder, struct health_check *check)
{
    struct arena *arena = runner->arena;
    struct child_result result = {0};
    struct error error;
    const char *fault = objection(arena, folder, check);
    if (fault)
        return arena_printf(arena, "the %s check \"%s\" is not run: %s", class_of(check),
                            check->name, fault);
    const char *path = arena_printf(arena, "%s%s/%s/%s", runner->root.name, folder_of_checks,
                                    class_of(check), check->name);
    const char *const arguments[] = {path, NULL};
    const struct child child = {.name = check->name,
                                .arguments = arguments,
                                .environment = runner->environment,
                                .timeout = check->timeout};
    if (child_run(&child, &result, &error) < 0)
        return arena_string(arena, error.text);
    fault = judge(arena, check, &result);
    if (!fault)
        return NULL;
    return arena_printf(arena, "the %s check \"%s\" %s%s%s", class_of(check), check->name, fault,
                        *result.last ? ": " : "", result.last);
}

/* Not hidden, and not what editors and package managers leave beside a file. */
static int is_check(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return name[0] != '.' && name[strlen(name) - 1] != '~' && !strstr(name, ".dpkg-") &&
           !strstr(name, ".rpm");
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

/* Opens a folder that decides about the machine. -ENOENT: there is none. */
static int open_trusted(struct target root, const char *path, struct error *error)
{
    struct stat status;
    auto_fd fd = path_open_in_root(root.fd, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open the health checks in \"%s\"", path);
    if (fstat(fd, &status) < 0)
        return error_system(error, errno, "cannot look at \"%s\"", path);
    const char *fault = distrust(&status);
    if (fault)
        return error_set(error, EPERM, "the health checks in \"%s\" are not run: %s", path, fault);
    return TAKE_FD(fd);
}

static int run_folder(const struct runner *runner, bool required, struct error *error)
{
    struct health *health = runner->health;
    const struct health_check model = {.required = required, .timeout = runner->wish->timeout};
    const char *path = arena_printf(runner->arena, "%s/%s", folder_of_checks, class_of(&model));
    auto_fd folder = open_trusted(runner->root, path, error);
    if (folder == -ENOENT)
        return 0;
    if (folder < 0)
        return folder;
    struct dirent **entries;
    int count = scandirat(folder, ".", &entries, is_check, by_name);
    if (count < 0)
        return error_system(error, errno, "cannot list \"%s\"", path);
    for (int i = 0; i < count; i++) {
        struct health_check *check = ARENA_PUSH(runner->arena, health->checks, health->count);
        *check = model;
        check->name = arena_string(runner->arena, entries[i]->d_name);
        check->fault = fault_of(runner, folder, check);
        if (required && !health->fault)
            health->fault = check->fault;
        free(entries[i]);
    }
    free(entries);
    return 0;
}

static const char *boot_id(struct arena *arena)
{
    struct error ignored;
    auto_string text = NULL;
    if (path_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL, &ignored) < 0)
        return ""; /* without /proc; no check that needs it passes then */
    return arena_copy(arena, text, strcspn(text, "\n"));
}

int health_run(struct arena *arena, struct target root, const struct health_wish *wish,
               struct health *health, struct error *error)
{
    const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        arena_printf(arena, "EBB_GENERATION=%u", wish->generation),
        arena_printf(arena, "EBB_BOOT_ID=%s", boot_id(arena)), NULL};
    const struct runner runner = {arena, root, wish, health, environment};
    *health = (struct health){0};
    auto_fd above = open_trusted(root, folder_of_checks, error);
    if (above == -ENOENT)
        return 0;
    int code = above < 0 ? above : run_folder(&runner, true, error);
    return code < 0 ? code : run_folder(&runner, false, error);
}
