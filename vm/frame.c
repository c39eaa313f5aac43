#include "vm/frame.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* "WORD LENGTH\n" is never longer. */
enum { HEADER_LIMIT = 24 };

static const char greeting[] = "HELLO ";

int frame_send(int fd, const char *word, const void *data, size_t length)
{
    if (length > FRAME_LIMIT)
        return -EMSGSIZE;
    char header[HEADER_LIMIT + 1];
    int size = snprintf(header, sizeof(header), "%s %zu\n", word, length);
    int code = bytes_send(fd, header, (size_t)size);
    return code < 0 ? code : bytes_send(fd, data, length);
}

/* Drops what comes before the next greeting; false if there is none yet. */
static bool find_greeting(struct bytes *bytes)
{
    size_t size = sizeof(greeting) - 1;
    const char *found = bytes->length ? memmem(bytes->data, bytes->length, greeting, size) : NULL;
    if (!found) {
        if (bytes->length >= size) /* its beginning may be what arrived last */
            bytes_drop(bytes, bytes->length - (size - 1));
        return false;
    }
    bytes_drop(bytes, (size_t)(found - bytes->data));
    return true;
}

/* 1: the header is whole, 0: more is needed, -1: this is no header. */
static int read_header(const struct bytes *bytes, char word[static FRAME_WORD_SIZE], size_t *header,
                       size_t *length)
{
    size_t limit = bytes->length < HEADER_LIMIT ? bytes->length : HEADER_LIMIT;
    const char *end = limit ? memchr(bytes->data, '\n', limit) : NULL;
    if (!end)
        return bytes->length < HEADER_LIMIT ? 0 : -1;
    size_t at = 0, number = 0;
    while (bytes->data[at] >= 'A' && bytes->data[at] <= 'Z')
        at++;
    if (at == 0 || at >= FRAME_WORD_SIZE || bytes->data[at] != ' ')
        return -1;
    memcpy(word, bytes->data, at);
    word[at++] = '\0';
    if (bytes->data + at == end)
        return -1;
    for (; bytes->data + at < end; at++) {
        if (bytes->data[at] < '0' || bytes->data[at] > '9' || number > FRAME_LIMIT)
            return -1;
        number = number * 10 + (size_t)(bytes->data[at] - '0');
    }
    if (number > FRAME_LIMIT)
        return -1;
    *header = at + 1;
    *length = number;
    return 1;
}

bool frame_next(struct frame_reader *reader, struct frame *frame)
{
    bytes_drop(&reader->bytes, reader->taken);
    reader->taken = 0;
    for (;;) {
        if (!reader->in_step && !find_greeting(&reader->bytes))
            return false;
        reader->in_step = true;
        size_t header, length;
        int whole = read_header(&reader->bytes, frame->word, &header, &length);
        if (whole == 0 || (whole > 0 && reader->bytes.length < header + length))
            return false;
        if (whole > 0) {
            frame->data = reader->bytes.data + header;
            frame->length = length;
            reader->taken = header + length;
            return true;
        }
        bytes_drop(&reader->bytes, 1); /* or the same false greeting would be found for ever */
        reader->in_step = false;
    }
}

bool frame_is(const struct frame *frame, const char *word)
{
    return strcmp(frame->word, word) == 0;
}
