/* Kernels for tests: a folder below /tmp with lib/modules/VERSION, whose modules are the least
 * that libkmod and depmod accept, and with a sys/bus. No kernel would accept those modules. */
#ifndef EBB_KCONFIG_TESTDATA_KERNEL_H
#define EBB_KCONFIG_TESTDATA_KERNEL_H

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

#define KERNEL_VERSION "6.1-test"

/* Words and lines are separated by blanks and "|". */
struct kernel_module {
    const char *path, *info, *exports, *imports;
};

static void kernel_write(const char *folder, const char *path, const void *data, size_t length)
{
    struct error error;
    auto_fd top = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    auto_fd parent = -1;
    const char *name;
    if (path_make_parent(top, path, &parent, &name, &error) < 0 ||
        path_write(parent, name, data, length, 0644, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        abort();
    }
}

/* Copies `text` with zeros in place of the separators, and one at the end. */
static size_t kernel_zeros(char *to, const char *text, const char *separators)
{
    size_t length = strlen(text) + (*text != '\0');
    memcpy(to, text, length);
    for (size_t i = 0; i < length; i++) {
        if (strchr(separators, to[i]))
            to[i] = '\0';
    }
    return length;
}

/* An object file with the sections that are looked at, and an undefined symbol per import. */
static void kernel_add_module(const char *root, const struct kernel_module *module)
{
    static const char names[] = "\0.modinfo\0__ksymtab_strings\0.strtab\0.symtab\0.shstrtab";
    enum { INFO = 1, EXPORTS, STRINGS, SYMBOLS, NAMES, SECTIONS };
    struct {
        Elf64_Ehdr header;
        Elf64_Shdr sections[SECTIONS];
        char info[512], exports[128], strings[128];
        Elf64_Sym symbols[8];
        char names[sizeof(names)];
    } file = {0};
    file.header =
        (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                     .e_type = ET_REL,
                     .e_machine = EM_X86_64,
                     .e_version = EV_CURRENT,
                     .e_shoff = sizeof(file.header),
                     .e_ehsize = sizeof(file.header),
                     .e_shentsize = sizeof(Elf64_Shdr),
                     .e_shnum = SECTIONS,
                     .e_shstrndx = NAMES};
    memcpy(file.names, names, sizeof(names));
    size_t info = kernel_zeros(file.info, module->info, "|");
    size_t exports = kernel_zeros(file.exports, module->exports, " ");
    size_t strings = 1 + kernel_zeros(file.strings + 1, module->imports, " ");
    size_t symbols = 1;
    for (size_t at = 1; at < strings; at += strlen(file.strings + at) + 1)
        file.symbols[symbols++] = (Elf64_Sym){.st_name = (Elf64_Word)at,
                                              .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE)};
#define SECTION(number, title, kind, member, bytes)                                                \
    file.sections[number] =                                                                        \
        (Elf64_Shdr){.sh_name = (Elf64_Word)(title),                                               \
                     .sh_type = (kind),                                                            \
                     .sh_offset = (Elf64_Off)((char *)&file.member - (char *)&file),               \
                     .sh_size = (bytes)}
    SECTION(INFO, 1, SHT_PROGBITS, info, info);
    SECTION(EXPORTS, 10, SHT_PROGBITS, exports, exports);
    SECTION(STRINGS, 28, SHT_STRTAB, strings, strings);
    SECTION(SYMBOLS, 36, SHT_SYMTAB, symbols, symbols * sizeof(Elf64_Sym));
    SECTION(NAMES, 44, SHT_STRTAB, names, sizeof(names));
    file.sections[SYMBOLS].sh_link = STRINGS;
    file.sections[SYMBOLS].sh_entsize = sizeof(Elf64_Sym);
    char path[512];
    snprintf(path, sizeof(path), "lib/modules/" KERNEL_VERSION "/%s", module->path);
    kernel_write(root, path, &file, sizeof(file));
}

/* Makes the folder; `root` ends in XXXXXX. `builtin` is the text of modules.builtin. */
static void kernel_make(char *root, const struct kernel_module *modules, size_t count,
                        const char *builtin)
{
    char command[512], order[2048] = "";
    if (!mkdtemp(root))
        abort();
    for (size_t i = 0; i < count; i++) {
        kernel_add_module(root, &modules[i]);
        strcat(strcat(order, modules[i].path), "\n");
    }
    kernel_write(root, "lib/modules/" KERNEL_VERSION "/modules.builtin", builtin, strlen(builtin));
    kernel_write(root, "lib/modules/" KERNEL_VERSION "/modules.order", order, strlen(order));
    snprintf(command, sizeof(command),
             "PATH=$PATH:/usr/sbin:/sbin depmod -b %s -C /dev/null " KERNEL_VERSION
             " 2>&1 | grep -v modules.builtin.modinfo",
             root);
    (void)!system(command); /* if it failed, the tests will */
}

static void kernel_remove(const char *root)
{
    path_remove_tree(root);
}

#endif
