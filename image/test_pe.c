#include "image/craft_pe.h"

#include <errno.h>

static const struct craft_pe layouts[] = {
    {.narrow = false, .machine = 0x8664},
    {.narrow = true, .machine = 0x14c},
    {.narrow = false, .machine = 0xaa64, .directories = 6, .tail = "symbols"},
};

static void test_layouts(void **state)
{
    (void)state;
    unsigned char file[CRAFT_PE_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        struct error error;
        struct pe pe;
        auto_arena arena = arena_new();
        size_t length = craft_pe(&layouts[i], file);
        assert_int_equal(pe_read(arena, "x", file, length, &pe, &error), 0);
        assert_int_equal(pe.machine, layouts[i].machine);
        assert_int_equal(pe.headers_size, 1024);
        assert_int_equal(pe.image_size, 3 * CRAFT_PE_PAGE);
        assert_int_equal(pe.section_alignment, CRAFT_PE_PAGE);
        assert_int_equal(pe.file_alignment, CRAFT_PE_BLOCK);
        assert_int_equal(pe.count, 2);
        const struct pe_section *data = pe_find(&pe, ".data");
        assert_non_null(data);
        assert_int_equal(data->address, 2 * CRAFT_PE_PAGE);
        assert_int_equal(data->length, 100); /* and not the whole block of the file */
        assert_int_equal(data->data[0], 'd');
        assert_null(pe_find(&pe, ".dat"));
        assert_ptr_equal(file + pe_certificates(&pe),
                         file + CRAFT_PE_AT + 24 + (layouts[i].narrow ? 96 : 112) + 32);
    }
}

static void test_no_place_for_certificates(void **state)
{
    (void)state;
    unsigned char file[CRAFT_PE_SIZE];
    struct error error;
    struct pe pe;
    auto_arena arena = arena_new();
    size_t length = craft_pe(&(struct craft_pe){.directories = 4}, file);
    assert_int_equal(pe_read(arena, "x", file, length, &pe, &error), 0);
    assert_int_equal(pe_certificates(&pe), 0);
}

static void test_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        unsigned char file[CRAFT_PE_SIZE];
        size_t needed = craft_pe(&layouts[i], file);
        needed -= layouts[i].tail ? strlen(layouts[i].tail) : 0;
        for (size_t length = 0; length < needed; length++) {
            struct error error;
            struct pe pe = {.machine = 12345};
            auto_arena arena = arena_new();
            char *copy = malloc(length + 1); /* for the address sanitizer */
            memcpy(copy + 1, file, length);
            int code = pe_read(arena, "/x.efi", copy + 1, length, &pe, &error);
            free(copy);
            assert_int_equal(code, -ENOEXEC);
            assert_contains(error.text, "\"/x.efi\"");
            assert_int_equal(pe.machine, 12345);
        }
    }
}

/* Any byte may be anything: no crash, and all that is found lies in the file. */
static void test_noise(void **state)
{
    (void)state;
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t refused = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts) * ARRAY_LENGTH(values); i++) {
        auto_string file = malloc(CRAFT_PE_SIZE);
        size_t length = craft_pe(&layouts[i / ARRAY_LENGTH(values)], (unsigned char *)file);
        for (size_t at = 0; at < 512; at++) {
            struct error error;
            struct pe pe;
            auto_arena arena = arena_new();
            char old = file[at];
            file[at] = (char)values[i % ARRAY_LENGTH(values)];
            int code = pe_read(arena, "x", file, length, &pe, &error);
            refused += code < 0;
            for (size_t j = 0; code == 0 && j < pe.count; j++) {
                assert_true(pe.sections[j].data >= file);
                assert_true(pe.sections[j].data + pe.sections[j].length <= file + length);
            }
            file[at] = old;
        }
    }
    assert_true(refused > 100);
}

static void test_not_pe(void **state)
{
    (void)state;
    static const char script[] = "MZ this is no program, however long the text of it may become "
                                 "in the end; and it is longer than a header";
    struct error error;
    struct pe pe;
    auto_arena arena = arena_new();
    assert_false(pe_looks_like_one("MZ", 2));
    assert_false(pe_looks_like_one(script, sizeof(script)));
    assert_int_equal(pe_read(arena, "x", script, sizeof(script), &pe, &error), -ENOEXEC);
    assert_string_equal(error.text, "\"x\" is not an EFI program");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts), cmocka_unit_test(test_no_place_for_certificates),
        cmocka_unit_test(test_cut_off), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_not_pe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
