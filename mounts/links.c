#include "mounts/links.h"

#include <string.h>

#include "base/memory.h"

static const struct {
    const char *folder, *tag;
} by_tag[] = {
    {"/dev/disk/by-uuid/", "UUID="},
    {"/dev/disk/by-label/", "LABEL="},
    {"/dev/disk/by-partuuid/", "PARTUUID="},
    {"/dev/disk/by-partlabel/", "PARTLABEL="},
};

static int hex(char digit)
{
    const char *digits = "0123456789abcdef", *at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* udev writes what may not stand in a file's name as \x20. */
static void decode(const char *name, char *text, size_t size)
{
    size_t length = 0;
    for (; *name && length + 1 < size; name++) {
        if (name[0] == '\\' && name[1] == 'x' && hex(name[2]) >= 0 && hex(name[3]) >= 0) {
            text[length++] = (char)(hex(name[2]) * 16 + hex(name[3]));
            name += 3;
        } else {
            text[length++] = *name;
        }
    }
    text[length] = '\0';
}

bool links_match(const struct block *block, const char *link)
{
    for (size_t i = 0; i < ARRAY_LENGTH(by_tag); i++) {
        size_t length = strlen(by_tag[i].folder);
        char tag[300];
        if (strncmp(link, by_tag[i].folder, length) != 0)
            continue;
        size_t prefix = strlen(by_tag[i].tag);
        memcpy(tag, by_tag[i].tag, prefix);
        decode(link + length, tag + prefix, sizeof(tag) - prefix);
        return content_matches(&block->content, tag);
    }
    return false;
}
