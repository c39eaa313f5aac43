/* Small EFI programs for tests: headers, and two sections with nothing to execute in them. */
#ifndef EBB_IMAGE_CRAFT_PE_H
#define EBB_IMAGE_CRAFT_PE_H

#include "image/testing.h"

#include "image/pe.h"

struct craft_pe {
    bool narrow;           /* PE32, as for 32-bit machines; otherwise PE32+ */
    unsigned machine;      /* 0: x86-64 */
    const char *last;      /* the name of the second section; NULL: ".data" */
    uint32_t headers_size; /* 0: 1024 */
    uint32_t image_size;   /* 0: what the sections take */
    uint32_t hole;         /* in the file, between the two sections */
    uint32_t directories;  /* 0: 16 */
    const char *tail;      /* behind the sections, NULL for nothing; it counts as symbols */
};

enum { CRAFT_PE_SIZE = 4096, CRAFT_PE_BLOCK = 512, CRAFT_PE_AT = 64, CRAFT_PE_PAGE = 4096 };

UNUSED static void craft_pe_section(unsigned char *header, const char *name, uint32_t address,
                                    uint32_t offset, uint32_t kind)
{
    strcpy((char *)header, name);
    pe_put(header + 8, 100, 4);
    pe_put(header + 12, address, 4);
    pe_put(header + 16, CRAFT_PE_BLOCK, 4);
    pe_put(header + 20, offset, 4);
    pe_put(header + 36, kind, 4);
}

/* Fills CRAFT_PE_SIZE bytes, and returns how many of them are the file. */
UNUSED static size_t craft_pe(const struct craft_pe *craft, unsigned char *file)
{
    uint32_t fixed = craft->narrow ? 96 : 112;
    uint32_t directories = craft->directories ? craft->directories : 16;
    uint32_t headers = craft->headers_size ? craft->headers_size : 1024;
    uint32_t second = headers + CRAFT_PE_BLOCK + craft->hole, end = second + CRAFT_PE_BLOCK;
    unsigned char *coff = file + CRAFT_PE_AT + 4, *optional = coff + 20;
    unsigned char *table = optional + fixed + directories * 8UL;
    memset(file, 0, CRAFT_PE_SIZE);
    pe_put(file, 0x5a4d, 2); /* MZ */
    pe_put(file + 60, CRAFT_PE_AT, 4);
    pe_put(file + CRAFT_PE_AT, 0x4550, 4); /* PE */
    pe_put(coff, craft->machine ? craft->machine : 0x8664, 2);
    pe_put(coff + PE_SECTION_COUNT, 2, 2);
    pe_put(coff + PE_SYMBOL_TABLE, craft->tail ? end : 0, 4);
    pe_put(coff + PE_SYMBOL_COUNT, craft->tail ? 1 : 0, 4);
    pe_put(coff + 16, fixed + directories * 8, 2);
    pe_put(optional, craft->narrow ? 0x10b : 0x20b, 2);
    pe_put(optional + PE_DATA_SIZE, CRAFT_PE_BLOCK, 4);
    pe_put(optional + 32, CRAFT_PE_PAGE, 4);
    pe_put(optional + 36, CRAFT_PE_BLOCK, 4);
    pe_put(optional + PE_IMAGE_SIZE, craft->image_size ? craft->image_size : 3 * CRAFT_PE_PAGE, 4);
    pe_put(optional + PE_HEADERS_SIZE, headers, 4);
    pe_put(optional + PE_CHECKSUM, 0x12345678, 4);
    pe_put(optional + fixed - 4, directories, 4);
    craft_pe_section(table, ".text", CRAFT_PE_PAGE, headers, PE_CODE);
    craft_pe_section(table + PE_SECTION_HEADER, craft->last ? craft->last : ".data",
                     2 * CRAFT_PE_PAGE, second, PE_DATA);
    memset(file + headers, 't', 100);
    memset(file + second, 'd', 100);
    if (craft->tail)
        strcpy((char *)file + end, craft->tail);
    return end + (craft->tail ? strlen(craft->tail) : 0);
}

UNUSED static void craft_pe_file(const char *path, const struct craft_pe *craft)
{
    unsigned char file[CRAFT_PE_SIZE];
    make_file(path, file, craft_pe(craft, file));
}

#endif
