#include "secrets/header.h"

#include <stdlib.h>
#include <string.h>

#include "secrets/base64.h"

enum {
    LARGEST = 64 << 10, /* bytes of a header */
    MOST = 1024,        /* recipients */
    COLUMNS = 64,       /* of a line of a body */
    LINE_BYTES = COLUMNS / 4 * 3,
    MAC_COLUMNS = (KEY_SIZE * 8 + 5) / 6,
};

static const char any_version[] = "age-encryption.org/";
static const char version[] = "age-encryption.org/v1";

struct lines {
    const char *begin, *at, *end;
};

static bool next_line(struct lines *lines, struct argument *line)
{
    const char *feed = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    if (!feed)
        return false;
    *line = (struct argument){lines->at, (size_t)(feed - lines->at)};
    lines->at = feed + 1;
    return true;
}

bool header_is(const void *file, size_t length)
{
    return length >= strlen(any_version) && memcmp(file, any_version, strlen(any_version)) == 0;
}

/* Words with one space between them. False: there are others, or other characters. */
static bool split(struct argument line, struct argument *arguments, size_t *count)
{
    const char *at = line.text, *end = line.text + line.length;
    for (*count = 0;; at++) { /* past the space */
        const char *word = at;
        while (at < end && *at >= 0x21 && *at <= 0x7e)
            at++;
        if (at == word)
            return false;
        if (*count < STANZA_ARGUMENTS)
            arguments[*count] = (struct argument){word, (size_t)(at - word)};
        ++*count;
        if (at == end)
            return true;
        if (*at != ' ')
            return false;
    }
}

/* `head` is the line after "-> ". Lines of 64 characters, and a shorter one, which may be empty. */
static const char *parse_stanza(struct lines *lines, struct argument head, struct stanza *stanza)
{
    struct argument arguments[STANZA_ARGUMENTS], line;
    unsigned char body[LINE_BYTES + 3], bytes[LINE_BYTES + 3];
    size_t count, length = 0, decoded;
    if (!split(head, arguments, &count))
        return "a recipient is not words with a space between them";
    do {
        if (!next_line(lines, &line))
            return "it is cut short";
        if (line.length > COLUMNS)
            return "a line is longer than 64 characters";
        if (!base64_decode(BASE64_BARE, line.text, line.length, bytes, &decoded))
            return "a line is not base64";
        if (length == 0)
            memcpy(body, bytes, decoded);
        length += decoded;
    } while (line.length == COLUMNS);
    return stanza_parse(arguments, count, body, length, stanza);
}

static struct stanza *add(struct header *header)
{
    struct stanza *stanzas =
        reallocarray(header->stanzas, header->count + 1, sizeof(*header->stanzas));
    if (!stanzas)
        memory_exhausted();
    header->stanzas = stanzas;
    return &stanzas[header->count++];
}

static const char *parse_mac(struct lines *lines, struct argument line, struct header *header)
{
    unsigned char mac[KEY_SIZE + 3];
    size_t count;
    if (line.length != 4 + MAC_COLUMNS || line.text[3] != ' ' ||
        !base64_decode(BASE64_BARE, line.text + 4, MAC_COLUMNS, mac, &count))
        return "its MAC is not 32 bytes in base64";
    memcpy(header->mac, mac, KEY_SIZE);
    header->authenticated = (size_t)(line.text + 3 - lines->begin);
    header->length = (size_t)(lines->at - lines->begin);
    return header->count ? NULL : "it has no recipients";
}

static const char *check_scrypt(const struct header *header)
{
    for (size_t i = 0; i < header->count && header->count > 1; i++)
        if (header->stanzas[i].kind == STANZA_SCRYPT)
            return "a passphrase is not its only recipient";
    return NULL;
}

static const char *parse(struct lines *lines, struct header *header)
{
    struct argument line;
    if (!next_line(lines, &line))
        return "it is cut short";
    if (line.length != strlen(version) || memcmp(line.text, version, line.length) != 0)
        return "it is not of version 1 of age";
    while (next_line(lines, &line)) {
        if (line.length >= 3 && memcmp(line.text, "---", 3) == 0) {
            const char *objection = parse_mac(lines, line, header);
            return objection ? objection : check_scrypt(header);
        }
        if (line.length < 3 || memcmp(line.text, "-> ", 3) != 0)
            return "a line begins neither a recipient nor the MAC";
        if (header->count == MOST)
            return "it has more than 1024 recipients";
        struct argument head = {line.text + 3, line.length - 3};
        const char *objection = parse_stanza(lines, head, add(header));
        if (objection)
            return objection;
    }
    return lines->end - lines->begin == LARGEST ? "it is longer than 64 KiB" : "it is cut short";
}

const char *header_parse(const void *file, size_t length, struct header *header)
{
    struct header parsed = {0};
    const char *text = file;
    struct lines lines = {text, text, text + (length < LARGEST ? length : LARGEST)};
    const char *objection = parse(&lines, &parsed);
    if (objection)
        header_free(&parsed);
    else
        *header = parsed;
    return objection;
}

void header_free(struct header *header)
{
    free(header->stanzas);
    *header = (struct header){0};
}
