#include "base/keyboard.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "base/text.h"

/* The keys from Q to P, as bits of the last word of the list. They are in the lower half of a word
 * of 64 bits, so that a word of 32 bits has them in the same place. */
enum { LETTERS = 0x03ff0000 };

/* The kernel connects "kbd" to power buttons and headphones, too: only letters make a keyboard. */
struct device {
    const char *name; /* not ended: `name_length` */
    size_t name_length;
    bool types, letters;
};

static const char *after(const char *line, const char *start)
{
    size_t length = strlen(start);
    return strncmp(line, start, length) == 0 ? line + length : NULL;
}

static bool has_word(const char *line, const char *end, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = line; at < end;) {
        size_t next = strcspn(at, " \n");
        if (next == length && memcmp(at, word, length) == 0)
            return true;
        at += next + 1;
    }
    return false;
}

static void read_line(const char *line, const char *end, struct device *device)
{
    const char *value;
    if ((value = after(line, "N: Name=\""))) {
        device->name = value;
        device->name_length = end > value ? (size_t)(end - value) - 1 : 0; /* the closing quote */
    } else if ((value = after(line, "H: Handlers="))) {
        device->types = has_word(value, end, "kbd");
    } else if ((value = after(line, "B: KEY="))) {
        for (const char *at = value; at < end; at++)
            if (*at == ' ' && at + 1 < end)
                value = at + 1;
        device->letters = (strtoull(value, NULL, 16) & LETTERS) == LETTERS;
    }
}

/* A USB device says itself what it is called, and a terminal would obey it. */
static void add_name(const struct device *device, char *names, size_t size)
{
    char name[128];
    size_t length = 0;
    for (size_t at = 0, bytes; at < device->name_length && length + 4 < sizeof(name); at += bytes) {
        const char *character = device->name + at;
        bytes = text_character(character, device->name_length - at);
        if (bytes == 0 || text_is_control(character, bytes)) {
            name[length++] = '?';
            bytes = bytes ? bytes : 1;
        } else {
            memcpy(name + length, character, bytes);
            length += bytes;
        }
    }
    name[length] = '\0';
    size_t used = strlen(names);
    int more = snprintf(names + used, size - used, "%s\"%s\"", used ? ", " : "", name);
    if (more < 0 || (size_t)more >= size - used)
        names[used] = '\0';
}

size_t keyboards_parse(const char *text, char *names, size_t size)
{
    size_t count = 0;
    struct device device = {0};
    names[0] = '\0';
    for (const char *line = text, *end;; line = end + 1) {
        end = strchrnul(line, '\n');
        read_line(line, end, &device);
        if (end != line && *end)
            continue;
        /* an empty line, or the end of the text, ends a device */
        if (device.types && device.letters) {
            add_name(&device, names, size);
            count++;
        }
        device = (struct device){0};
        if (!*end)
            return count;
    }
}

size_t keyboards_find(char *names, size_t size)
{
    auto_string text = NULL;
    struct error error; /* a kernel without the list has nothing to tell */
    names[0] = '\0';
    if (path_read(AT_FDCWD, "/proc/bus/input/devices", 1 << 20, &text, NULL, &error) < 0)
        return 0;
    return keyboards_parse(text, names, size);
}
