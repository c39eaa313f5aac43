#include "secrets/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/locked.h"
#include "base/log.h"
#include "base/path.h"
#include "secrets/age.h"

enum { HEAD = 64 }; /* bytes that tell an age file */

struct unlocked_key {
    const char *name;
    struct secret text; /* in locked memory */
    struct unlocked_key *next;
};

static const char *name_of(struct arena *arena, const struct secrets_key *key)
{
    return place_text(arena, &key->place);
}

static int open_at(const struct context *context, const struct secrets_key *key)
{
    return context_open(context, &key->place, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

/* A key that others can read is none of theirs to keep. */
static int open_key(const struct secrets_key *key, const struct context *context, const char *name,
                    int *fd, struct error *error)
{
    struct stat status;
    int code = 0;
    *fd = open_at(context, key);
    if (*fd == -ENOENT && key->generate) {
        code = keys_generate(key, context_volume(context, key->place.volume)->fd, error);
        *fd = code < 0 ? code : open_at(context, key);
    }
    if (code < 0)
        return code;
    if (*fd < 0 || fstat(*fd, &status) < 0)
        return error_system(error, *fd < 0 ? -*fd : errno, "cannot open the key \"%s\"", name);
    if (!S_ISREG(status.st_mode) || status.st_uid != 0 || status.st_mode & 077)
        return error_set(error, EPERM,
                         "the key \"%s\" is not used, because it is not a file of root's alone: "
                         "chown root, chmod 0600",
                         name);
    return 0;
}

static bool is_locked(int fd)
{
    char head[HEAD];
    ssize_t length = pread(fd, head, sizeof(head), 0);
    return length > 0 && age_is_file(head, (size_t)length);
}

static const struct unlocked_key *find_unlocked(const struct context *context, const char *name)
{
    const struct unlocked_key *found = context->unlocked;
    while (found && strcmp(found->name, name) != 0)
        found = found->next;
    return found;
}

int keys_open(const struct secrets *secrets, struct context *context, struct keys *keys,
              struct error *error)
{
    struct arena *arena = context->arena;
    struct error first = {0};
    for (size_t i = 0; i < secrets->key_count; i++) {
        const struct secrets_key *key = secrets->keys[i];
        const char *name = name_of(arena, key);
        const struct unlocked_key *unlocked = find_unlocked(context, name);
        auto_fd fd = -1;
        if (unlocked) {
            *ARENA_PUSH(arena, keys->files, keys->count) =
                (struct worker_file){name, -1, &unlocked->text};
        } else if (open_key(key, context, name, &fd, error) < 0) {
            log_warning("%s", error->text);
            first = first.code ? first : *error;
        } else if (is_locked(fd)) {
            *ARENA_PUSH(arena, keys->locked, keys->locked_count) = key;
        } else {
            *ARENA_PUSH(arena, keys->files, keys->count) =
                (struct worker_file){name, TAKE_FD(fd), NULL};
        }
    }
    *error = first;
    return keys->count || keys->locked_count ? 0 : -first.code;
}

void keys_close(const struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->files[i].fd >= 0)
            close(keys->files[i].fd);
}

static void keep(struct context *context, const char *name, const struct secret *text)
{
    struct unlocked_key *unlocked = arena_alloc(context->arena, sizeof(*unlocked));
    *unlocked = (struct unlocked_key){name, *text, context->unlocked};
    context->unlocked = unlocked;
}

int keys_unlock(struct context *context, struct keys *keys, struct error *error)
{
    (void)error_set(error, ENOKEY, "there is no other key");
    while (keys->locked_count) {
        const struct secrets_key *key = keys->locked[--keys->locked_count];
        struct secret text = {0};
        auto_fd fd = -1;
        const char *name = name_of(context->arena, key);
        int code = open_key(key, context, name, &fd, error);
        if (code == 0)
            code = keys_ask(key, &(struct worker_file){name, fd, NULL}, context, &text, error);
        if (code < 0) {
            log_warning("%s", error->text);
            continue;
        }
        keep(context, name, &text);
        *ARENA_PUSH(context->arena, keys->files, keys->count) =
            (struct worker_file){name, -1, &context->unlocked->text};
        return 0;
    }
    return -error->code;
}

void keys_forget(struct context *context)
{
    for (struct unlocked_key *key = context->unlocked; key; key = key->next)
        locked_free(key->text.bytes, key->text.length + 1);
    context->unlocked = NULL;
}
