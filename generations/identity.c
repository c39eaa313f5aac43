#include "generations/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

void identity_plan(const struct config *config, struct plan *plan)
{
    for (size_t i = 0; i < config->volume_count; i++)
        if (config->volumes[i]->holds_state || config->volumes[i]->identity)
            plan_add(plan, STEP_IDENTITY, config->volumes[i]->origin)->volume = config->volumes[i];
}

void identity_sentence(const struct step *step, FILE *stream)
{
    const char *identity = step->volume->identity;
    fprintf(stream, "check that the volume \"%s\" is %s%s", step->volume->name,
            identity ? "the state volume " : "a state volume", identity ? identity : "");
}

int identity_read(int folder, char identity[static IDENTITY_SIZE], struct error *error)
{
    auto_fd fd = path_open(folder, ".ebb/store-id", O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (fd == -ENOENT)
        return error_set(error, ENOENT, "it has no .ebb/store-id");
    if (fd < 0)
        return error_system(error, -fd, "cannot read .ebb/store-id");
    char text[IDENTITY_SIZE];
    ssize_t length = read(fd, text, sizeof(text) - 1);
    if (length < 0)
        return error_system(error, errno, "cannot read .ebb/store-id");
    text[length] = '\0';
    char *end = strchrnul(text, '\n');
    bool one_line = strcmp(end, "\n") == 0;
    *end = '\0';
    if (!one_line || !text_is_name(text))
        return error_set(error, EBADMSG, "its .ebb/store-id is not one line with a name");
    strcpy(identity, text);
    return 0;
}

int identity_apply(const struct step *step, struct context *context, struct error *error)
{
    const struct volume *volume = step->volume;
    struct volume_state *state = context_volume(context, volume);
    char identity[IDENTITY_SIZE];
    if (identity_read(state->fd, identity, error) < 0) {
        error_prefix(error, "%s is not the state volume \"%s\"", state->device, volume->name);
        char reason[sizeof(error->text)];
        memcpy(reason, error->text, sizeof(reason));
        return error_set(error, error->code, "%.300s; correct the tag of the volume, or %s", reason,
                         error->code == ENOENT ? "make this one a state volume with `ebb init`"
                                               : "restore that file");
    }
    if (volume->identity && strcmp(volume->identity, identity) != 0)
        return error_set(
            error, ESTALE,
            "%s is the state volume %s, but \"%s\" is declared to be %s; attach the right "
            "disk, or correct `identity`",
            state->device, identity, volume->name, volume->identity);
    state->identity = arena_string(context->arena, identity);
    return 0;
}

int identity_open(const char *place, const char *name, const char *identity, int *volume,
                  struct error *error)
{
    char found[IDENTITY_SIZE];
    auto_fd fd = open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot open the volume \"%s\" on \"%s\"", name, place);
    if (identity_read(fd, found, error) < 0)
        return error_prefix(error, "\"%s\" is not the volume \"%s\"", place, name);
    if (strcmp(found, identity) != 0)
        return error_set(error, ESTALE,
                         "\"%s\" is the volume %s, not %s, which this system was booted from; "
                         "mount \"%s\" there again",
                         place, found, identity, name);
    *volume = TAKE_FD(fd);
    return 0;
}

int identity_check_new(int folder, const char *identity, struct error *error)
{
    char old[IDENTITY_SIZE];
    if (identity_read(folder, old, error) == 0)
        return error_set(error, EEXIST, "it is the state volume %s already", old);
    if (error->code != ENOENT)
        return -error->code; /* a broken one was an identity once, perhaps of another machine */
    if (identity && !text_is_name(identity))
        return error_set(error, EINVAL,
                         "the identity \"%s\" is not a name; use letters, digits, \"-\" and \"_\"",
                         identity);
    if (identity && strlen(identity) > IDENTITY_SIZE - 2)
        return error_set(error, ENAMETOOLONG, "the identity \"%s\" is longer than %d bytes",
                         identity, IDENTITY_SIZE - 2);
    return 0;
}

int identity_make(int folder, const char *identity, struct error *error)
{
    char text[IDENTITY_SIZE];
    int code = identity_check_new(folder, identity, error);
    if (code < 0)
        return code;
    if (!identity) {
        auto_string random = NULL;
        if (path_read(AT_FDCWD, "/proc/sys/kernel/random/uuid", 100, &random, NULL, error) < 0)
            return -error->code;
        snprintf(text, sizeof(text), "%s", random);
    } else {
        snprintf(text, sizeof(text), "%s\n", identity);
    }
    if (mkdirat(folder, ".ebb", 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make .ebb");
    auto_fd records = path_open(folder, ".ebb", O_RDONLY | O_DIRECTORY);
    if (records < 0)
        return error_system(error, -records, "cannot open .ebb");
    return path_write(records, "store-id", text, strlen(text), 0644, error);
}
