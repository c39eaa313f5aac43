#include "image/craft.h"

#include <errno.h>

#include "image/elf.h"

static const struct craft layouts[] = {
    {0, 0, EM_X86_64, "/lib64/ld.so", "libme.so", "/r:$ORIGIN", "/run", "liba.so libb.so "},
    {1, 0, EM_386, "/lib/ld.so", "libme.so", "/r:$ORIGIN", "/run", "liba.so libb.so "},
    {0, 1, EM_S390, "/lib64/ld.so", "libme.so", "/r:$ORIGIN", "/run", "liba.so libb.so "},
    {1, 1, EM_PPC, "/lib/ld.so", "libme.so", "/r:$ORIGIN", "/run", "liba.so libb.so "},
};

static void test_layouts(void **state)
{
    (void)state;
    char file[CRAFT_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        struct error error;
        struct elf elf;
        auto_arena arena = arena_new();
        craft_file(&layouts[i], file);
        assert_int_equal(elf_read(arena, "x", file, sizeof(file), &elf, &error), 0);
        assert_int_equal(elf.class, layouts[i].narrow ? 32 : 64);
        assert_int_equal(elf.machine, layouts[i].machine);
        assert_string_equal(elf.interpreter, layouts[i].interpreter);
        assert_string_equal(elf.soname, "libme.so");
        assert_string_equal(elf.rpath, "/r:$ORIGIN");
        assert_string_equal(elf.runpath, "/run");
        assert_int_equal(elf.needed_count, 2);
        assert_string_equal(elf.needed[0], "liba.so");
        assert_string_equal(elf.needed[1], "libb.so");
    }
}

static void test_nothing_needed(void **state)
{
    (void)state;
    char file[CRAFT_SIZE];
    struct error error;
    struct elf elf;
    auto_arena arena = arena_new();
    craft_file(&(struct craft){0}, file);
    assert_int_equal(elf_read(arena, "x", file, sizeof(file), &elf, &error), 0);
    assert_null(elf.interpreter);
    assert_null(elf.soname);
    assert_null(elf.rpath);
    assert_null(elf.runpath);
    assert_int_equal(elf.needed_count, 0);
}

static void test_cut_off(void **state)
{
    (void)state;
    static const char last[] = "/run"; /* the string that stands behind all others */
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        char file[CRAFT_SIZE];
        craft_file(&layouts[i], file);
        char *end = memmem(file, sizeof(file), last, sizeof(last));
        assert_non_null(end);
        size_t needed = (size_t)(end - file) + sizeof(last);
        for (size_t length = 0; length < needed; length++) {
            struct error error;
            struct elf elf = {.machine = 12345};
            auto_arena arena = arena_new();
            auto_string copy = malloc(length + 1); /* for the address sanitizer */
            char *start = copy + 1;
            memcpy(start, file, length);
            assert_int_equal(elf_read(arena, "/bin/x", start, length, &elf, &error), -ENOEXEC);
            assert_contains(error.text, "\"/bin/x\"");
            assert_int_equal(elf.machine, 12345);
        }
    }
}

/* Any byte may be anything: no crash, no endless loop. */
static void test_noise(void **state)
{
    (void)state;
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t refused = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(layouts) * ARRAY_LENGTH(values); i++) {
        auto_string file = malloc(CRAFT_SIZE);
        craft_file(&layouts[i / ARRAY_LENGTH(values)], file);
        for (size_t at = 0; at < CRAFT_SIZE; at++) {
            struct error error;
            struct elf elf;
            auto_arena arena = arena_new();
            char old = file[at];
            file[at] = (char)values[i % ARRAY_LENGTH(values)];
            refused += elf_read(arena, "x", file, CRAFT_SIZE, &elf, &error) < 0;
            file[at] = old;
        }
    }
    assert_true(refused > 100);
}

static void test_not_elf(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        int looks;
    } cases[] = {
        {"", 0, 0},
        {"\x7f"
         "EL",
         3, 0},
        {"#!/bin/sh\n", 10, 0},
        {"\x7f"
         "ELF",
         4, 1},
        {"\x7f"
         "ELF\x03\x01",
         6, 1},
        {"\x7f"
         "ELF\x02\x00",
         6, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        struct elf elf;
        auto_arena arena = arena_new();
        assert_int_equal(elf_looks_like_one(cases[i].bytes, cases[i].length), cases[i].looks);
        assert_int_equal(elf_read(arena, "x", cases[i].bytes, cases[i].length, &elf, &error),
                         -ENOEXEC);
    }
}

static void test_witness(void **state)
{
    (void)state;
    need_tool("readelf");
    static const char *const programs[] = {"/bin/ls", "/usr/bin/cpio", "/bin/sh"};
    for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
        struct error error;
        struct elf elf;
        auto_arena arena = arena_new();
        size_t length = 0;
        auto_string data = content_of(programs[i], &length);
        assert_int_equal(elf_read(arena, programs[i], data, length, &elf, &error), 0);
        auto_file output = fopen("ours", "w");
        fprintf(output, "%s\n", elf.interpreter);
        for (size_t j = 0; j < elf.needed_count; j++)
            fprintf(output, "%s\n", elf.needed[j]);
        assert_int_equal(fflush(output), 0);
        must_run(
            "LC_ALL=C; export LC_ALL; { readelf -l %s | sed -n 's/.*interpreter: \\(.*\\)]/\\1/p';"
            "readelf -d %s | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\]/\\1/p'; } | diff - ours",
            programs[i], programs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_nothing_needed),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_not_elf),
        cmocka_unit_test_setup_teardown(test_witness, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
