/* EFI programs, which are PE files: kernels, systemd's stub, and unified kernel images, which are
 * that stub with more sections. No number in such a file is trusted. */
#ifndef EBB_IMAGE_PE_H
#define EBB_IMAGE_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* What a section is to firmware: its kind, and how its memory may be used. */
enum { PE_DATA = 0x40000040, PE_CODE = 0x60000020 };

struct pe_section {
    char name[9];
    uint32_t address, size; /* in memory */
    uint32_t offset, room;  /* in the file, where whole blocks are taken */
    const char *data;       /* what the file has of it */
    size_t length;
};

/* Offsets of headers are from the beginning of the file. */
struct pe {
    const unsigned char *data;
    size_t length;
    unsigned machine;
    size_t coff, optional, directories, table; /* the headers, in their order */
    uint32_t directory_count;
    uint32_t section_alignment, file_alignment, image_size, headers_size;
    struct pe_section *sections;
    size_t count;
};

/* Fields that are changed: in the first header, in the optional one, and which of the directories
 * is that of certificates. */
enum {
    PE_SECTION_COUNT = 2,
    PE_SYMBOL_TABLE = 8,
    PE_SYMBOL_COUNT = 12,
    PE_DATA_SIZE = 8,
    PE_IMAGE_SIZE = 56,
    PE_HEADERS_SIZE = 60,
    PE_CHECKSUM = 64,
    PE_CERTIFICATES = 4,
    PE_DIRECTORY = 8, /* the size of one */
    PE_SECTION_HEADER = 40,
};

/* Whether something begins like a PE file. */
bool pe_looks_like_one(const void *data, size_t length);
/* Reads the headers of the file `name`; `data` must live as long as the result. */
int pe_read(struct arena *arena, const char *name, const void *data, size_t length, struct pe *pe,
            struct error *error);
/* NULL: it has no such section. */
const struct pe_section *pe_find(const struct pe *pe, const char *name);
/* Where the directory of certificates stands: their offset in the file, and their size. */
size_t pe_certificates(const struct pe *pe);

/* Numbers as they stand in a file, the least byte first. */
uint32_t pe_get(const unsigned char *at, unsigned size);
void pe_put(unsigned char *at, uint32_t value, unsigned size);

#endif
