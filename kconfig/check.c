#include "kconfig/check.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <zlib.h>

/* The largest configurations in use have 0.3 MB; a gzip bomb has more. */
enum { SIZE_LIMIT = 8 * 1024 * 1024 };

/* Unpacks into the arena, in a buffer that doubles. */
static int unpack(struct arena *arena, gzFile file, char **text, size_t *length)
{
    unsigned int room = 256 * 1024;
    char *buffer = arena_alloc(arena, room);
    size_t used = 0;
    int got;
    while ((got = gzread(file, buffer + used, room - (unsigned int)used)) > 0) {
        used += (size_t)got;
        if (used > SIZE_LIMIT)
            return -EFBIG;
        if (used == room) {
            room *= 2;
            char *larger = arena_alloc(arena, room);
            memcpy(larger, buffer, used);
            buffer = larger;
        }
    }
    *text = buffer;
    *length = used;
    return got < 0 ? -EBADMSG : 0;
}

int options_read(struct arena *arena, const char *path, struct options *options,
                 struct error *error)
{
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(error, errno, "cannot read \"%s\"", path);
    gzFile file = gzdopen(fd, "rb"); /* what is not packed is read as it is */
    if (!file)
        memory_exhausted();
    (void)TAKE_FD(fd); /* gzclose closes it */
    char *text;
    size_t length;
    int code = unpack(arena, file, &text, &length);
    int closed = gzclose(file);
    if (code == -EFBIG)
        return error_set(error, EFBIG, "\"%s\" is larger than %d bytes", path, SIZE_LIMIT);
    if (code < 0 || closed != Z_OK) /* Z_BUF_ERROR: the packed data stop in the middle */
        return error_set(error, EBADMSG, "\"%s\" cannot be read, or its compression is damaged",
                         path);
    *options = (struct options){.path = arena_string(arena, path), .text = text, .length = length};
    return 0;
}

const char *option_value_text(enum option_value value)
{
    switch (value) {
    case OPTION_OFF:
        return "n";
    case OPTION_MODULE:
        return "m";
    case OPTION_BUILT_IN:
        return "y";
    }
    return "?";
}

/* A run of bytes inside a text: not terminated, perhaps with zeros in it. */
struct span {
    const char *start;
    size_t length;
};

static void trim(struct span *span)
{
    while (span->length > 0 && isspace((unsigned char)span->start[0]))
        span->start++, span->length--;
    while (span->length > 0 && isspace((unsigned char)span->start[span->length - 1]))
        span->length--;
}

static int next_line(const struct options *options, size_t *at, struct span *line)
{
    if (*at >= options->length)
        return 0;
    line->start = options->text + *at;
    size_t rest = options->length - *at;
    const char *end = memchr(line->start, '\n', rest);
    line->length = end ? (size_t)(end - line->start) : rest;
    *at += line->length + 1;
    trim(line);
    return 1;
}

/* Takes "CONFIG_NAME" off the front of a line. */
static int take_name(struct span *line, struct span *name)
{
    static const char prefix[] = "CONFIG_";
    size_t length = sizeof(prefix) - 1;
    if (line->length <= length || memcmp(line->start, prefix, length) != 0)
        return 0;
    while (length < line->length &&
           (isalnum((unsigned char)line->start[length]) || line->start[length] == '_'))
        length++;
    *name = (struct span){line->start, length};
    line->start += length;
    line->length -= length;
    return length > sizeof(prefix) - 1;
}

/* What a line of a kernel's configuration sets. "# CONFIG_X is not set" counts: it may come after
 * an earlier line that did set it. */
static int parse_setting(struct span line, struct span *name, enum option_value *value)
{
    static const char unset[] = " is not set";
    if (line.length > 2 && memcmp(line.start, "# ", 2) == 0) {
        line.start += 2, line.length -= 2;
        *value = OPTION_OFF;
        return take_name(&line, name) && line.length == sizeof(unset) - 1 &&
               memcmp(line.start, unset, line.length) == 0;
    }
    if (!take_name(&line, name) || line.length < 2 || line.start[0] != '=')
        return 0;
    /* A number or a string is the value of something that is there. */
    *value = OPTION_BUILT_IN;
    if (line.length == 2 && line.start[1] == 'm')
        *value = OPTION_MODULE;
    if (line.length == 2 && line.start[1] == 'n')
        *value = OPTION_OFF;
    return 1;
}

static bool take_word(struct span *line, const char *word)
{
    size_t length = strlen(word);
    if (line->length < length || memcmp(line->start, word, length) != 0)
        return false;
    line->start += length, line->length -= length;
    trim(line);
    return true;
}

/* What a line of a fragment wants: "CONFIG_X=y   # reason". */
static int parse_want(struct arena *arena, struct span line, struct option_gap *want)
{
    struct span name, reason = {"", 0};
    if (!take_name(&line, &name) || line.length < 2 || line.start[0] != '=' ||
        (line.start[1] != 'y' && line.start[1] != 'm'))
        return 0;
    want->wanted = line.start[1] == 'y' ? OPTION_BUILT_IN : OPTION_MODULE;
    struct span rest = {line.start + 2, line.length - 2};
    trim(&rest);
    if (rest.length > 0 && (rest.start[0] != '#' || rest.start == line.start + 2))
        return 0;
    if (rest.length > 0)
        reason = (struct span){rest.start + 1, rest.length - 1};
    trim(&reason);
    want->advised = take_word(&reason, "advised:");
    want->option = arena_copy(arena, name.start, name.length);
    want->reason = arena_copy(arena, reason.start, reason.length);
    return 1;
}

static int parse_fragment(struct arena *arena, const struct options *fragment,
                          struct option_gap **wants, size_t *count, struct error *error)
{
    struct span line;
    unsigned int number = 0;
    for (size_t at = 0; next_line(fragment, &at, &line);) {
        number++;
        if (line.length == 0 || line.start[0] == '#')
            continue;
        struct option_gap want = {.line = number};
        if (!parse_want(arena, line, &want))
            return error_set(error, EINVAL,
                             "%s:%u: not an option: write \"CONFIG_NAME=y # reason\", or \"=m\" "
                             "where a module will do",
                             fragment->path, number);
        *ARENA_PUSH(arena, *wants, *count) = want;
    }
    return 0;
}

/* Notes in the wants what the kernel has; returns how many settings there were at all. */
static size_t find_settings(const struct options *kernel, struct option_gap *wants, size_t count)
{
    size_t settings = 0;
    struct span line, name;
    enum option_value value;
    for (size_t at = 0; next_line(kernel, &at, &line);) {
        if (!parse_setting(line, &name, &value))
            continue;
        settings++;
        for (size_t i = 0; i < count; i++) {
            if (strlen(wants[i].option) == name.length &&
                memcmp(wants[i].option, name.start, name.length) == 0)
                wants[i].found = value;
        }
    }
    return settings;
}

int options_check(struct arena *arena, const struct options *fragment, const struct options *kernel,
                  struct option_gap **gaps, size_t *count, struct error *error)
{
    struct option_gap *wants = NULL;
    size_t want_count = 0, gap_count = 0;
    int code = parse_fragment(arena, fragment, &wants, &want_count, error);
    if (code < 0)
        return code;
    if (find_settings(kernel, wants, want_count) == 0)
        return error_set(error, EINVAL,
                         "\"%s\" is not a kernel configuration: no line of it sets an option",
                         kernel->path);
    for (size_t i = 0; i < want_count; i++) {
        if (wants[i].found < wants[i].wanted)
            wants[gap_count++] = wants[i];
    }
    *gaps = wants;
    *count = gap_count;
    return 0;
}
