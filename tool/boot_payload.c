#include "tool/boot_payload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "image/pe.h"

/* The section takes whole blocks, so it may have more in it. */
static int take_section(const struct boot_payload *payload, char *data, size_t *length,
                        struct error *error)
{
    auto_arena arena = arena_new();
    struct pe pe;
    int code = pe_read(arena, payload->source, data, *length, &pe, error);
    if (code < 0)
        return code;
    const struct pe_section *section = pe_find(&pe, payload->section);
    *length = section && section->length >= payload->file.size ? payload->file.size : 0;
    memmove(data, section ? section->data : data, *length);
    return 0;
}

static int read_source(int esp, const struct boot_payload *payload, char **read,
                       struct error *error)
{
    char digits[DIGEST_DIGITS + 1];
    size_t length = 0;
    auto_string data = NULL;
    auto_fd fd = payload->folder < 0 ? path_open(esp, payload->source, O_RDONLY)
                                     : path_open_in_root(payload->folder, payload->source,
                                                         O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(error, -fd, "cannot open \"%s\"", payload->source);
    int code = path_read_fd(fd, payload->source, UINT32_MAX, &data, &length, error);
    if (code == 0 && payload->section)
        code = take_section(payload, data, &length, error);
    if (code < 0)
        return code;
    digest_of(data, length, digits);
    if (length != payload->file.size || strcmp(digits, payload->file.sha256) != 0)
        return error_set(error, EBADMSG,
                         "\"%s\" is damaged; repair it with `ebb boot sync --rebuild`",
                         payload->source);
    *read = TAKE_PTR(data);
    return 0;
}

int boot_payload_read(int esp, const struct boot_payload *payload, char **read, const char **data,
                      struct error *error)
{
    int code = payload->data ? 0 : read_source(esp, payload, read, error);
    if (code == 0)
        *data = payload->data ? payload->data : *read;
    return code;
}
