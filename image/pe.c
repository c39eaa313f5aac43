#include "image/pe.h"

#include <errno.h>
#include <string.h>

/* The headers one behind the other, as Microsoft's "PE Format" has them. */
enum {
    DOS_HEADER = 64,
    DOS_NEXT = 60, /* where it says where the next header stands */
    SIGNATURE = 4,
    COFF_HEADER = 20,
    COFF_OPTIONAL_SIZE = 16,
    NARROW = 0x10b,
    WIDE = 0x20b,
    NARROW_HEADER = 96, /* of optional headers, without the directories */
    WIDE_HEADER = 112,
    SECTION_ALIGNMENT = 32,
    FILE_ALIGNMENT = 36,
    NAME = 8,
};

uint32_t pe_get(const unsigned char *at, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = size; i > 0; i--)
        value = value << 8 | at[i - 1];
    return value;
}

void pe_put(unsigned char *at, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

/* Where the second header stands; 0 if this is no PE file. */
static size_t find_headers(const unsigned char *data, size_t length)
{
    if (length < DOS_HEADER || memcmp(data, "MZ", 2) != 0)
        return 0;
    size_t at = pe_get(data + DOS_NEXT, 4);
    return at < length && length - at >= SIGNATURE + COFF_HEADER + NARROW_HEADER &&
                   memcmp(data + at, "PE\0", SIGNATURE) == 0
               ? at + SIGNATURE
               : 0;
}

bool pe_looks_like_one(const void *data, size_t length)
{
    return find_headers(data, length) != 0;
}

static bool is_power_of_two(uint32_t value)
{
    return value && (value & (value - 1)) == 0;
}

/* Fills in all but the sections; false: the headers are not what they must be. */
static bool read_headers(struct pe *pe)
{
    pe->coff = find_headers(pe->data, pe->length);
    pe->optional = pe->coff + COFF_HEADER;
    const unsigned char *coff = pe->data + pe->coff, *optional = pe->data + pe->optional;
    uint32_t magic = pe_get(optional, 2), size = pe_get(coff + COFF_OPTIONAL_SIZE, 2);
    uint32_t fixed = magic == WIDE ? WIDE_HEADER : NARROW_HEADER;
    if ((magic != WIDE && magic != NARROW) || size < fixed || pe->length - pe->optional < size)
        return false;
    pe->machine = pe_get(coff, 2);
    pe->count = pe_get(coff + PE_SECTION_COUNT, 2);
    pe->section_alignment = pe_get(optional + SECTION_ALIGNMENT, 4);
    pe->file_alignment = pe_get(optional + FILE_ALIGNMENT, 4);
    pe->image_size = pe_get(optional + PE_IMAGE_SIZE, 4);
    pe->headers_size = pe_get(optional + PE_HEADERS_SIZE, 4);
    pe->directories = pe->optional + fixed;
    pe->directory_count = pe_get(optional + fixed - 4, 4);
    pe->table = pe->optional + size;
    return is_power_of_two(pe->section_alignment) && is_power_of_two(pe->file_alignment) &&
           pe->directory_count <= (size - fixed) / PE_DIRECTORY &&
           pe->count <= (pe->length - pe->table) / PE_SECTION_HEADER;
}

static bool read_section(const struct pe *pe, const unsigned char *header,
                         struct pe_section *section)
{
    memcpy(section->name, header, NAME);
    section->size = pe_get(header + 8, 4);
    section->address = pe_get(header + 12, 4);
    section->room = pe_get(header + 16, 4);
    section->offset = pe_get(header + 20, 4);
    section->length = section->size < section->room ? section->size : section->room;
    if (section->length &&
        (section->offset > pe->length || section->room > pe->length - section->offset))
        return false;
    section->data = (const char *)pe->data + (section->length ? section->offset : 0);
    return true;
}

int pe_read(struct arena *arena, const char *name, const void *data, size_t length, struct pe *pe,
            struct error *error)
{
    struct pe found = {.data = data, .length = length};
    if (!pe_looks_like_one(data, length))
        return error_set(error, ENOEXEC, "\"%s\" is not an EFI program", name);
    bool whole = read_headers(&found);
    found.sections = arena_alloc(arena, (whole ? found.count : 0) * sizeof(*found.sections));
    for (size_t i = 0; whole && i < found.count; i++)
        whole = read_section(&found, found.data + found.table + i * PE_SECTION_HEADER,
                             &found.sections[i]);
    if (!whole)
        return error_set(error, ENOEXEC, "\"%s\" is cut off or has damaged PE headers", name);
    *pe = found;
    return 0;
}

const struct pe_section *pe_find(const struct pe *pe, const char *name)
{
    for (size_t i = 0; i < pe->count; i++)
        if (strcmp(pe->sections[i].name, name) == 0)
            return &pe->sections[i];
    return NULL;
}

size_t pe_certificates(const struct pe *pe)
{
    return pe->directory_count > PE_CERTIFICATES
               ? pe->directories + (size_t)PE_CERTIFICATES * PE_DIRECTORY
               : 0;
}
