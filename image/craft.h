/* Small ELF files for tests: headers and a dynamic section, no code. */
#ifndef EBB_IMAGE_CRAFT_H
#define EBB_IMAGE_CRAFT_H

#include <elf.h>

#include "image/testing.h"

struct craft {
    int narrow, big_endian; /* the default is what this machine most likely is */
    unsigned machine;       /* 0: x86-64 */
    const char *interpreter, *soname, *rpath, *runpath;
    const char *needed; /* names, each with a blank behind it */
};

enum { CRAFT_SIZE = 4096, CRAFT_INTERPRETER = 512, CRAFT_DYNAMIC = 1024, CRAFT_STRINGS = 2048 };
/* The strings are loaded here, so that addresses are not offsets. */
#define CRAFT_ADDRESS 0x400000

UNUSED static void craft_number(const struct craft *craft, char *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[craft->big_endian ? size - 1 - i : i] = (char)(value >> (8 * i));
}

#define CRAFT_FIELD(craft, at, kind, name, value)                                                  \
    craft_number(                                                                                  \
        (craft),                                                                                   \
        (at) + ((craft)->narrow ? offsetof(Elf32_##kind, name) : offsetof(Elf64_##kind, name)),    \
        (value),                                                                                   \
        (craft)->narrow ? sizeof(((Elf32_##kind *)0)->name) : sizeof(((Elf64_##kind *)0)->name))

UNUSED static void craft_segment(const struct craft *craft, char *file, unsigned *count,
                                 uint32_t type, uint64_t offset, uint64_t size)
{
    size_t header = craft->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
    size_t step = craft->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
    char *at = file + header + *count * step;
    CRAFT_FIELD(craft, at, Phdr, p_type, type);
    CRAFT_FIELD(craft, at, Phdr, p_offset, offset);
    CRAFT_FIELD(craft, at, Phdr, p_vaddr, CRAFT_ADDRESS + offset);
    CRAFT_FIELD(craft, at, Phdr, p_filesz, size);
    CRAFT_FIELD(craft, file, Ehdr, e_phnum, ++*count);
}

struct craft_table {
    char *dynamic, *strings;
};

UNUSED static void craft_tag(const struct craft *craft, struct craft_table *table, uint64_t tag,
                             uint64_t value)
{
    CRAFT_FIELD(craft, table->dynamic, Dyn, d_tag, tag);
    CRAFT_FIELD(craft, table->dynamic, Dyn, d_un, value);
    table->dynamic += craft->narrow ? sizeof(Elf32_Dyn) : sizeof(Elf64_Dyn);
}

UNUSED static void craft_string(const struct craft *craft, struct craft_table *table, char *file,
                                uint64_t tag, const char *text)
{
    if (!text)
        return;
    craft_tag(craft, table, tag, (uint64_t)(table->strings - file - CRAFT_STRINGS));
    strcpy(table->strings, text);
    table->strings += strlen(text) + 1;
}

/* Fills CRAFT_SIZE bytes. */
UNUSED static void craft_file(const struct craft *craft, char *file)
{
    unsigned segments = 0;
    memset(file, 0, CRAFT_SIZE);
    strcpy(file, ELFMAG);
    file[EI_CLASS] = craft->narrow ? ELFCLASS32 : ELFCLASS64;
    file[EI_DATA] = craft->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
    CRAFT_FIELD(craft, file, Ehdr, e_machine, craft->machine ? craft->machine : EM_X86_64);
    CRAFT_FIELD(craft, file, Ehdr, e_phoff,
                craft->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr));
    CRAFT_FIELD(craft, file, Ehdr, e_phentsize,
                craft->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr));
    if (craft->interpreter) {
        strcpy(file + CRAFT_INTERPRETER, craft->interpreter);
        craft_segment(craft, file, &segments, PT_INTERP, CRAFT_INTERPRETER,
                      strlen(craft->interpreter) + 1);
    }
    struct craft_table table = {file + CRAFT_DYNAMIC, file + CRAFT_STRINGS + 1};
    for (const char *at = craft->needed; at && *at; at = strchr(at, ' ') + 1) {
        char name[64] = "";
        memcpy(name, at, strcspn(at, " "));
        craft_string(craft, &table, file, DT_NEEDED, name);
    }
    craft_string(craft, &table, file, DT_SONAME, craft->soname);
    craft_string(craft, &table, file, DT_RPATH, craft->rpath);
    craft_string(craft, &table, file, DT_RUNPATH, craft->runpath);
    craft_tag(craft, &table, DT_STRTAB, CRAFT_ADDRESS + CRAFT_STRINGS);
    craft_tag(craft, &table, DT_STRSZ, (uint64_t)(table.strings - file - CRAFT_STRINGS));
    craft_tag(craft, &table, DT_NULL, 0);
    craft_segment(craft, file, &segments, PT_LOAD, 0, CRAFT_SIZE);
    craft_segment(craft, file, &segments, PT_DYNAMIC, CRAFT_DYNAMIC,
                  (uint64_t)(table.dynamic - file - CRAFT_DYNAMIC));
}

#endif
