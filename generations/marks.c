#include "generations/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "plan/value.h"

struct mark_name {
    char text[24];
};

static struct mark_name label_name(unsigned number)
{
    struct mark_name name;
    snprintf(name.text, sizeof(name.text), "%u.label", number);
    return name;
}

static struct mark_name pin_name(unsigned number)
{
    struct mark_name name;
    snprintf(name.text, sizeof(name.text), "%u.pin", number);
    return name;
}

int mark_label(int store, unsigned number, const char *label, struct error *error)
{
    char line[VALUE_LABEL + 2];
    if (value_label(label))
        return error_set(error, EINVAL, "the label \"%.*s\" %s; take another one", VALUE_LABEL,
                         label, value_label(label));
    int length = snprintf(line, sizeof(line), "%s\n", label);
    return path_write(store, label_name(number).text, line, (size_t)length, 0644, error);
}

const char *mark_label_of(struct arena *arena, int store, unsigned number)
{
    struct error ignored; /* a label that cannot be read is no reason not to boot */
    auto_string text = NULL;
    auto_fd fd = path_open(store, label_name(number).text, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || path_read_fd(fd, "label", VALUE_LABEL + 1, &text, NULL, &ignored) < 0)
        return NULL;
    return arena_copy(arena, text, strcspn(text, "\n"));
}

static int take_away(int store, const char *name, struct error *error)
{
    if (unlinkat(store, name, 0) < 0 && errno != ENOENT)
        return error_system(error, errno, "cannot remove \"%s\"", name);
    return 0;
}

int mark_pin(int store, unsigned number, bool pinned, struct error *error)
{
    if (pinned)
        return path_write(store, pin_name(number).text, "", 0, 0644, error);
    int code = take_away(store, pin_name(number).text, error);
    if (code == 0 && fsync(store) < 0)
        return error_system(error, errno, "cannot keep that generation %u is not pinned", number);
    return code;
}

bool mark_is_pinned(int store, unsigned number)
{
    struct stat status;
    return fstatat(store, pin_name(number).text, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int marks_remove(int store, unsigned number, struct error *error)
{
    int code = take_away(store, label_name(number).text, error);
    return code < 0 ? code : take_away(store, pin_name(number).text, error);
}
