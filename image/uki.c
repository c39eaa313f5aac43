#include "image/uki.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/path.h"
#include "image/pe.h"
#include "image/sign.h"

enum { PART_LIMIT = 1 << 30, MOST_PARTS = 5 };

/* A section to come. */
struct part {
    const char *name;
    const void *data;
    size_t length;
    uint64_t size; /* in memory, if that is more */
    uint32_t kind;
};

struct layout {
    struct pe stub;
    const char *name; /* of the stub */
    struct part parts[MOST_PARTS];
    size_t count;
    uint64_t headers_size, file_end, memory_end; /* of the stub, and later of the whole */
};

static int find_stub(struct arena *arena, const char *wanted, const char **stub,
                     struct error *error)
{
    static const struct {
        const char *machine, *efi;
    } names[] = {{"x86_64", "x64"}, {"aarch64", "aa64"}};
    struct utsname host;
    *stub = wanted;
    for (size_t i = 0; !*stub && i < ARRAY_LENGTH(names); i++)
        if (uname(&host) == 0 && strcmp(host.machine, names[i].machine) == 0)
            *stub = arena_printf(arena, "/usr/lib/systemd/boot/efi/linux%s.efi.stub", names[i].efi);
    if (!*stub)
        return error_set(error, ENOTSUP,
                         "cannot tell which stub fits this kind of machine; name it with --stub");
    if (access(*stub, R_OK) == 0)
        return 0;
    if (errno != ENOENT)
        return error_system(error, errno, "cannot read the stub \"%s\"", *stub);
    return error_set(error, ENOENT,
                     "there is no stub \"%s\"; install the package \"systemd-boot-efi\", or name "
                     "another one with --stub",
                     *stub);
}

static struct part *add(struct layout *layout, const char *name, const void *data, size_t length)
{
    struct part *part = &layout->parts[layout->count++];
    *part = (struct part){name, data, length, length, PE_DATA};
    return part;
}

static int check_cmdline(const char *cmdline, struct error *error)
{
    for (const char *at = cmdline; *at; at++)
        if (!isascii(*at) || !isprint(*at))
            return error_set(error, EINVAL,
                             "the kernel parameters of a unified image must be one line of ASCII "
                             "characters; \"%.*s\" is followed by another one",
                             (int)(at - cmdline), cmdline);
    return 0;
}

/* The kernel stands last: an old one unpacks itself where it lies, into the room behind it. */
static int add_kernel(struct arena *arena, struct layout *layout, const char *path,
                      const char *data, size_t length, struct error *error)
{
    struct pe kernel;
    if (pe_read(arena, path, data, length, &kernel, error) < 0)
        return error_set(error, ENOEXEC,
                         "the kernel \"%s\" is no EFI program; a unified image needs one that was "
                         "built with CONFIG_EFI_STUB",
                         path);
    if (kernel.machine != layout->stub.machine)
        return error_set(error, ENOEXEC,
                         "the kernel \"%s\" and the stub \"%s\" are for different kinds of "
                         "machines; name the right one with --stub",
                         path, layout->name);
    struct part *part = add(layout, ".linux", data, length);
    part->kind = PE_CODE;
    if (kernel.image_size > part->size)
        part->size = kernel.image_size;
    return 0;
}

static uint64_t align(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* What is behind the last section of a stub is symbols or a signature, neither of which fits the
 * whole. */
static int measure_stub(struct layout *layout, struct error *error)
{
    const struct pe *stub = &layout->stub;
    uint64_t headers_end = stub->table + (stub->count + layout->count) * PE_SECTION_HEADER;
    layout->headers_size = align(stub->headers_size, stub->file_alignment);
    layout->file_end = layout->headers_size;
    for (size_t i = 0; i < stub->count; i++) {
        const struct pe_section *section = &stub->sections[i];
        uint64_t in_file = (uint64_t)section->offset + section->room;
        uint64_t in_memory = (uint64_t)section->address + section->size;
        if (section->length && section->offset < headers_end)
            headers_end = UINT64_MAX;
        if (section->length && in_file > layout->file_end)
            layout->file_end = in_file;
        if (in_memory > layout->memory_end)
            layout->memory_end = in_memory;
    }
    if (headers_end > layout->headers_size || layout->headers_size > stub->length)
        return error_set(error, ENOSPC,
                         "the stub \"%s\" has no room for %zu more sections; name another one "
                         "with --stub",
                         layout->name, layout->count);
    return 0;
}

static int check_stub(const struct layout *layout, struct error *error)
{
    for (size_t i = 0; i < layout->count; i++)
        if (pe_find(&layout->stub, layout->parts[i].name))
            return error_set(error, EEXIST,
                             "\"%s\" has a section \"%s\" already, so it is a whole image and no "
                             "stub; name the stub of systemd with --stub",
                             layout->name, layout->parts[i].name);
    return 0;
}

static void put_section(struct layout *layout, unsigned char *file, const struct part *part,
                        size_t index)
{
    unsigned char *header =
        file + layout->stub.table + (layout->stub.count + index) * PE_SECTION_HEADER;
    uint64_t room = align(part->length, layout->stub.file_alignment);
    memset(header, 0, PE_SECTION_HEADER);
    memcpy(header, part->name, strlen(part->name));
    pe_put(header + 8, (uint32_t)part->size, 4);
    pe_put(header + 12, (uint32_t)layout->memory_end, 4);
    pe_put(header + 16, (uint32_t)room, 4);
    pe_put(header + 20, (uint32_t)layout->file_end, 4);
    pe_put(header + 36, part->kind, 4);
    memcpy(file + layout->file_end, part->data, part->length);
    layout->file_end += room;
    layout->memory_end = align(layout->memory_end + part->size, layout->stub.section_alignment);
}

static void put_headers(const struct layout *layout, unsigned char *file, uint32_t data_size)
{
    const struct pe *stub = &layout->stub;
    unsigned char *coff = file + stub->coff, *optional = file + stub->optional;
    pe_put(coff + PE_SECTION_COUNT, (uint32_t)(stub->count + layout->count), 2);
    pe_put(coff + PE_SYMBOL_TABLE, 0, 4);
    pe_put(coff + PE_SYMBOL_COUNT, 0, 4);
    pe_put(optional + PE_DATA_SIZE, pe_get(optional + PE_DATA_SIZE, 4) + data_size, 4);
    pe_put(optional + PE_IMAGE_SIZE, (uint32_t)layout->memory_end, 4);
    pe_put(optional + PE_HEADERS_SIZE, (uint32_t)layout->headers_size, 4);
    pe_put(optional + PE_CHECKSUM, 0, 4); /* which nobody asks of EFI programs */
    if (pe_certificates(stub))
        memset(file + pe_certificates(stub), 0, PE_DIRECTORY);
}

/* Fills in what comes behind the stub. */
static int assemble(struct arena *arena, struct layout *layout, const void **made, size_t *length,
                    struct error *error)
{
    const struct pe *stub = &layout->stub;
    size_t kept = layout->file_end;
    uint64_t file_end = align(kept, stub->file_alignment), data_size = 0;
    uint64_t memory_end = align(layout->memory_end, stub->section_alignment);
    layout->file_end = file_end;
    layout->memory_end = memory_end;
    for (size_t i = 0; i < layout->count; i++) {
        file_end += align(layout->parts[i].length, stub->file_alignment);
        memory_end += align(layout->parts[i].size, stub->section_alignment);
        data_size += layout->parts[i].kind == PE_DATA ? layout->parts[i].size : 0;
    }
    if (file_end > UINT32_MAX || memory_end > UINT32_MAX)
        return error_set(error, EFBIG,
                         "kernel and initramfs are too large for a unified image, which ends at "
                         "4 GiB");
    unsigned char *file = arena_alloc(arena, file_end);
    memcpy(file, stub->data, kept);
    for (size_t i = 0; i < layout->count; i++)
        put_section(layout, file, &layout->parts[i], i);
    put_headers(layout, file, (uint32_t)data_size);
    *made = file;
    *length = file_end;
    return 0;
}

static int read_os_release(const char *wanted, char **text, size_t *length, struct error *error)
{
    static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};
    const char *path = wanted ? wanted : places[access(places[0], R_OK) == 0 ? 0 : 1];
    return path_read(AT_FDCWD, path, PART_LIMIT, text, length, error);
}

int uki_make(struct arena *arena, const struct uki *uki, const void *initramfs, size_t length,
             const void **made, size_t *made_length, struct error *error)
{
    struct layout layout = {0};
    auto_string stub = NULL;
    auto_string kernel = NULL;
    auto_string os_release = NULL;
    size_t stub_length, kernel_length, os_release_length, whole_length = 0;
    const void *whole = NULL;
    if ((uki->cmdline && check_cmdline(uki->cmdline, error) < 0) ||
        find_stub(arena, uki->stub, &layout.name, error) < 0 ||
        path_read(AT_FDCWD, layout.name, PART_LIMIT, &stub, &stub_length, error) < 0 ||
        path_read(AT_FDCWD, uki->kernel, PART_LIMIT, &kernel, &kernel_length, error) < 0 ||
        read_os_release(uki->os_release, &os_release, &os_release_length, error) < 0 ||
        pe_read(arena, layout.name, stub, stub_length, &layout.stub, error) < 0)
        return -error->code;
    add(&layout, ".osrel", os_release, os_release_length);
    if (uki->cmdline && *uki->cmdline)
        add(&layout, ".cmdline", uki->cmdline, strlen(uki->cmdline));
    add(&layout, ".uname", uki->version, strlen(uki->version));
    add(&layout, ".initrd", initramfs, length);
    if (add_kernel(arena, &layout, uki->kernel, kernel, kernel_length, error) < 0 ||
        check_stub(&layout, error) < 0 || measure_stub(&layout, error) < 0 ||
        assemble(arena, &layout, &whole, &whole_length, error) < 0)
        return -error->code;
    if (uki->key &&
        sign_program(arena, uki->key, uki->certificate, &whole, &whole_length, error) < 0)
        return -error->code;
    *made = whole;
    *made_length = whole_length;
    return 0;
}
