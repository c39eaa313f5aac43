#include "image/craft_pe.h"

#include "image/uki.h"

#define REAL_STUB "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"

static const char initramfs[] = "an initramfs, which nobody unpacks here";
static const char os_release[] = "ID=test\nPRETTY_NAME=\"A Test\"\n";

static const struct uki usual = {.stub = "stub",
                                 .kernel = "kernel",
                                 .version = "6.1.0-test",
                                 .cmdline = "quiet ro",
                                 .os_release = "os-release"};

static void make_parts(void)
{
    craft_pe_file("stub", &(struct craft_pe){.tail = "symbols of the stub"});
    craft_pe_file("kernel", &(struct craft_pe){.image_size = 100000});
    make_file("os-release", os_release, strlen(os_release));
}

static void make_unified(const struct uki *uki, const char *output)
{
    struct error error;
    const void *made = NULL;
    size_t length = 0;
    auto_arena arena = arena_new();
    if (uki_make(arena, uki, initramfs, strlen(initramfs), &made, &length, &error) < 0)
        fail_msg("%s", error.text);
    make_file(output, made, length);
}

static const struct pe_section *assert_section(const struct pe *pe, const char *name,
                                               const void *data, size_t length)
{
    const struct pe_section *section = pe_find(pe, name);
    assert_non_null(section);
    assert_int_equal(section->length, length);
    assert_memory_equal(section->data, data, length);
    return section;
}

/* What firmware relies on: sections follow each other in memory and in the file, in whole blocks,
 * below the sizes that the headers say. */
static void check_layout(const struct pe *pe)
{
    uint64_t address = 0, offset = pe->headers_size;
    assert_true(pe->table + pe->count * PE_SECTION_HEADER <= pe->headers_size);
    for (size_t i = 0; i < pe->count; i++) {
        const struct pe_section *section = &pe->sections[i];
        assert_true(section->address >= address);
        assert_int_equal(section->offset, offset);
        assert_int_equal(section->offset % pe->file_alignment, 0);
        assert_int_equal(section->room % pe->file_alignment, 0);
        address = section->address + (uint64_t)section->size;
        offset += section->room;
    }
    assert_int_equal(offset, pe->length);
    assert_true(pe->image_size >= address && pe->image_size < address + pe->section_alignment);
    assert_int_equal(pe->image_size % pe->section_alignment, 0);
}

static void test_sections(void **state)
{
    (void)state;
    static const bool widths[] = {false, true};
    for (size_t i = 0; i < ARRAY_LENGTH(widths); i++) {
        struct error error;
        struct pe pe;
        size_t length, kernel_length;
        auto_arena arena = arena_new();
        make_parts();
        craft_pe_file("stub", &(struct craft_pe){.narrow = widths[i], .tail = "symbols"});
        make_unified(&usual, "uki");
        auto_string made = content_of("uki", &length);
        auto_string kernel = content_of("kernel", &kernel_length);
        assert_int_equal(pe_read(arena, "uki", made, length, &pe, &error), 0);
        check_layout(&pe);
        assert_int_equal(pe.count, 7);
        assert_section(&pe, ".osrel", os_release, strlen(os_release));
        assert_section(&pe, ".cmdline", "quiet ro", 8);
        assert_section(&pe, ".uname", "6.1.0-test", 10);
        assert_section(&pe, ".initrd", initramfs, strlen(initramfs));
        const struct pe_section *last = assert_section(&pe, ".linux", kernel, kernel_length);
        assert_ptr_equal(last, &pe.sections[6]); /* with room behind it for old kernels */
        assert_int_equal(last->size, 100000);
        assert_null(memmem(made, length, "symbols", 7));
        assert_int_equal(pe_get(pe.data + pe.optional + PE_CHECKSUM, 4), 0);
        assert_int_equal(pe_get(pe.data + pe.coff + PE_SYMBOL_TABLE, 4), 0);
        assert_int_equal(pe_get(pe.data + pe.coff + PE_SYMBOL_COUNT, 4), 0);
    }
}

static void test_without_parameters(void **state)
{
    (void)state;
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
        struct error error;
        struct pe pe;
        size_t length;
        struct uki uki = usual;
        auto_arena arena = arena_new();
        make_parts();
        uki.cmdline = none[i];
        make_unified(&uki, "uki");
        auto_string made = content_of("uki", &length);
        assert_int_equal(pe_read(arena, "uki", made, length, &pe, &error), 0);
        check_layout(&pe);
        assert_null(pe_find(&pe, ".cmdline"));
        assert_int_equal(pe.count, 6);
    }
}

/* A signature of the stub would be one of something else; there is no trace of it. */
static void test_signed_stub(void **state)
{
    (void)state;
    unsigned char file[CRAFT_PE_SIZE];
    struct error error;
    struct pe pe;
    auto_arena arena = arena_new();
    make_parts();
    make_unified(&usual, "one");
    size_t length = craft_pe(&(struct craft_pe){.tail = "a signature"}, file);
    assert_int_equal(pe_read(arena, "stub", file, length, &pe, &error), 0);
    pe_put(file + pe_certificates(&pe), 2048, 4);
    pe_put(file + pe_certificates(&pe) + 4, 11, 4);
    make_file("stub", file, length);
    make_unified(&usual, "two");
    must_run("cmp one two");
}

/* The real stub, looked into by others, who see its own sections too. */
static void test_witness(void **state)
{
    (void)state;
    need_tool("objdump");
    struct uki uki = usual;
    make_parts();
    uki.stub = REAL_STUB;
    if (access(REAL_STUB, R_OK) < 0)
        skip_because("the stub of systemd is not installed");
    craft_pe_file("kernel", &(struct craft_pe){0});
    make_unified(&uki, "uki");
    must_run("objdump -h " REAL_STUB " | awk '/^ *[0-9]/ { print $2 }' > wanted && "
             "printf '%%s\n' .osrel .cmdline .uname .initrd .linux >> wanted && "
             "objdump -h uki | awk '/^ *[0-9]/ { print $2 }' | diff wanted -");
    must_run("for s in osrel cmdline uname initrd linux sbat sdmagic; do "
             "objcopy --dump-section .$s=$s uki copy || exit 1; done && "
             "cmp osrel os-release && cmp -n $(stat -c %%s kernel) linux kernel && test \"$(cat "
             "cmdline)\" = 'quiet ro' && "
             "test \"$(cat uname)\" = 6.1.0-test && grep -q '^sbat,1,' sbat && "
             "grep -q LoaderInfo sdmagic");
    assert_content("initrd", initramfs, strlen(initramfs));
}

static void test_same_bytes(void **state)
{
    (void)state;
    make_parts();
    make_unified(&usual, "one");
    must_run("touch -d 2001-01-01 stub kernel os-release && mkdir other && "
             "cp stub kernel os-release other");
    struct uki uki = usual;
    uki.stub = "other/stub";
    uki.kernel = "other/kernel";
    make_unified(&uki, "two");
    must_run("cmp one two");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct craft_pe stub, kernel;
        struct uki uki;
        const char *message;
    } cases[] = {
        {{0},
         {0},
         {.stub = "nonesuch", .kernel = "kernel"},
         "there is no stub \"nonesuch\"; install the package \"systemd-boot-efi\", or name another "
         "one with --stub"},
        {{0},
         {0},
         {.stub = "stub", .kernel = "nonesuch"},
         "cannot read \"nonesuch\": No such file or directory"},
        {{0}, {0}, {.stub = "text", .kernel = "kernel"}, "\"text\" is not an EFI program"},
        {{0},
         {0},
         {.stub = "stub", .kernel = "text"},
         "the kernel \"text\" is no EFI program; a unified image needs one that was built with "
         "CONFIG_EFI_STUB"},
        {{0},
         {.machine = 0xaa64},
         {.stub = "stub", .kernel = "kernel"},
         "the kernel \"kernel\" and the stub \"stub\" are for different kinds of machines; name "
         "the right one with --stub"},
        {{.last = ".linux"},
         {0},
         {.stub = "stub", .kernel = "kernel"},
         "\"stub\" has a section \".linux\" already, so it is a whole image and no stub; name the "
         "stub of systemd with --stub"},
        {{.headers_size = 512},
         {0},
         {.stub = "stub", .kernel = "kernel", .cmdline = "ro"},
         "the stub \"stub\" has no room for 5 more sections; name another one with --stub"},
        {{0},
         {.image_size = UINT32_MAX},
         {.stub = "stub", .kernel = "kernel"},
         "kernel and initramfs are too large for a unified image, which ends at 4 GiB"},
        {{0},
         {0},
         {.stub = "stub", .kernel = "kernel", .cmdline = "quiet\nro"},
         "the kernel parameters of a unified image must be one line of ASCII characters; "
         "\"quiet\" is followed by another one"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        const void *made = NULL;
        size_t length = 0;
        struct uki uki = cases[i].uki;
        auto_arena arena = arena_new();
        make_parts();
        make_file("text", "no program\n", 11);
        craft_pe_file("stub", &cases[i].stub);
        craft_pe_file("kernel", &cases[i].kernel);
        uki.version = "1";
        uki.os_release = "os-release";
        assert_true(uki_make(arena, &uki, "x", 1, &made, &length, &error) < 0);
        assert_string_equal(error.text, cases[i].message);
        assert_null(made);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sections), TEST(test_without_parameters), TEST(test_signed_stub),
        TEST(test_witness),  TEST(test_same_bytes),         TEST(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
