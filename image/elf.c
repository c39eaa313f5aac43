#include "image/elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* A file that is being read: `broken` is set by the first read outside of it, and asked at the end,
 * so that the walk through the headers reads like the specification. */
struct image {
    const unsigned char *data;
    size_t length;
    int big_endian, wide, broken;
};

struct table {
    uint64_t offset, size;
};

static uint64_t number(struct image *image, uint64_t offset, unsigned size)
{
    if (offset > image->length || size > image->length - offset) {
        image->broken = 1;
        return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | image->data[offset + (image->big_endian ? i : size - 1 - i)];
    return value;
}

/* A field that has one place in 32-bit files and another in 64-bit ones. */
#define FIELD(image, offset, kind, name)                                                           \
    ((image)->wide ? number((image), (offset) + offsetof(Elf64_##kind, name),                      \
                            sizeof(((Elf64_##kind *)0)->name))                                     \
                   : number((image), (offset) + offsetof(Elf32_##kind, name),                      \
                            sizeof(((Elf32_##kind *)0)->name)))

static char *string(struct arena *arena, struct image *image, struct table table, uint64_t at)
{
    if (table.offset > image->length || table.size > image->length - table.offset ||
        at >= table.size) {
        image->broken = 1;
        return NULL;
    }
    const char *text = (const char *)image->data + table.offset + at;
    size_t length = strnlen(text, table.size - at);
    if (length == table.size - at)
        image->broken = 1;
    return image->broken ? NULL : arena_copy(arena, text, length);
}

/* The program header number `index`. */
static uint64_t segment(struct image *image, uint64_t index)
{
    return FIELD(image, 0, Ehdr, e_phoff) + index * FIELD(image, 0, Ehdr, e_phentsize);
}

/* Where the file has what the loader will put at `address`. */
static uint64_t file_offset(struct image *image, uint64_t address)
{
    uint64_t count = FIELD(image, 0, Ehdr, e_phnum);
    for (uint64_t i = 0; i < count && !image->broken; i++) {
        uint64_t header = segment(image, i), start = FIELD(image, header, Phdr, p_vaddr);
        if (FIELD(image, header, Phdr, p_type) == PT_LOAD && address >= start &&
            address - start < FIELD(image, header, Phdr, p_filesz))
            return FIELD(image, header, Phdr, p_offset) + (address - start);
    }
    image->broken = 1;
    return 0;
}

static uint64_t find_tag(struct image *image, struct table dynamic, uint64_t wanted,
                         uint64_t *value)
{
    uint64_t step = image->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    for (uint64_t at = 0; at < dynamic.size && !image->broken; at += step) {
        uint64_t tag = FIELD(image, dynamic.offset + at, Dyn, d_tag);
        if (tag == DT_NULL)
            break;
        if (tag == wanted) {
            *value = FIELD(image, dynamic.offset + at, Dyn, d_un);
            return 1;
        }
    }
    return 0;
}

static void read_dynamic(struct arena *arena, struct image *image, struct table dynamic,
                         struct elf *elf)
{
    uint64_t address = 0;
    struct table strings = {0};
    if (!find_tag(image, dynamic, DT_STRTAB, &address) ||
        !find_tag(image, dynamic, DT_STRSZ, &strings.size))
        return; /* a static program that relocates itself has no names */
    strings.offset = file_offset(image, address);
    uint64_t step = image->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    for (uint64_t at = 0; at < dynamic.size && !image->broken; at += step) {
        uint64_t tag = FIELD(image, dynamic.offset + at, Dyn, d_tag);
        uint64_t value = FIELD(image, dynamic.offset + at, Dyn, d_un);
        if (tag == DT_NULL)
            break;
        if (tag == DT_NEEDED)
            *ARENA_PUSH(arena, elf->needed, elf->needed_count) =
                string(arena, image, strings, value);
        else if (tag == DT_SONAME)
            elf->soname = string(arena, image, strings, value);
        else if (tag == DT_RPATH)
            elf->rpath = string(arena, image, strings, value);
        else if (tag == DT_RUNPATH)
            elf->runpath = string(arena, image, strings, value);
    }
}

int elf_looks_like_one(const void *data, size_t length)
{
    return length >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

int elf_read(struct arena *arena, const char *name, const void *data, size_t length,
             struct elf *elf, struct error *error)
{
    if (!elf_looks_like_one(data, length))
        return error_set(error, ENOEXEC, "\"%s\" is not an ELF file", name);
    struct image image = {.data = data, .length = length};
    uint64_t class = number(&image, EI_CLASS, 1), order = number(&image, EI_DATA, 1);
    if ((class != ELFCLASS32 && class != ELFCLASS64) ||
        (order != ELFDATA2LSB && order != ELFDATA2MSB))
        return error_set(error, ENOEXEC, "\"%s\" has a damaged ELF header", name);
    image.wide = class == ELFCLASS64;
    image.big_endian = order == ELFDATA2MSB;
    struct elf found = {.class = image.wide ? 64 : 32,
                        .machine = (unsigned)FIELD(&image, 0, Ehdr, e_machine)};
    uint64_t count = FIELD(&image, 0, Ehdr, e_phnum);
    int dynamic_segments = 0;
    for (uint64_t i = 0; i < count && !image.broken; i++) {
        uint64_t header = segment(&image, i), type = FIELD(&image, header, Phdr, p_type);
        struct table content = {FIELD(&image, header, Phdr, p_offset),
                                FIELD(&image, header, Phdr, p_filesz)};
        if (type == PT_INTERP)
            found.interpreter = string(arena, &image, content, 0);
        else if (type == PT_DYNAMIC && dynamic_segments++ == 0)
            read_dynamic(arena, &image, content, &found);
    }
    if (image.broken)
        return error_set(error, ENOEXEC, "\"%s\" is cut off or has damaged ELF headers", name);
    *elf = found;
    return 0;
}
