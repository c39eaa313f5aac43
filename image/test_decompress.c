#include "image/testing.h"

#include <errno.h>

#include "image/decompress.h"

static const struct packer {
    const char *tool, *command, *name;
    int has_no_end; /* a cut between two blocks looks like an end */
} packers[] = {
    {"gzip", "gzip -n9", "gzip", 0},     {"zstd", "zstd -q", "zstd", 0},
    {"xz", "xz --check=crc32", "xz", 0}, {"xz", "xz --format=lzma", "lzma", 0},
    {"lz4", "lz4 -q -l", "lz4", 1},      {"lz4", "lz4 -q", "lz4", 0},
    {"bzip2", "bzip2", "bzip2", 0},
};

static char *pack(const struct packer *packer, const char *data, size_t length, size_t *packed)
{
    need_tool(packer->tool);
    make_file("plain", data, length);
    must_run("%s <plain >packed", packer->command);
    return content_of("packed", packed);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 1000, 20000000};
    for (size_t i = 0; i < ARRAY_LENGTH(packers) * ARRAY_LENGTH(lengths); i++) {
        const struct packer *packer = &packers[i % ARRAY_LENGTH(packers)];
        size_t length = lengths[i / ARRAY_LENGTH(packers)], packed = 0;
        auto_string plain = malloc(length);
        fill(plain, length);
        auto_string data = pack(packer, plain, length, &packed);
        struct error error = {0};
        struct decompressed result;
        assert_string_equal(decompress_name(data, packed), packer->name);
        int code = decompress(data, packed, DECOMPRESS_LIMIT, &result, &error);
        assert_string_equal(error.text, "");
        assert_int_equal(code, 0);
        assert_int_equal(result.length, length);
        assert_int_equal(result.used, packed);
        assert_memory_equal(result.data, plain, length);
        free(result.data);
    }
}

/* What follows the packed data is left to the caller. */
static void test_rest(void **state)
{
    (void)state;
    static const char rest[] = "\0\0\0\0junk";
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++) {
        size_t packed = 0;
        auto_string data = pack(&packers[i], "text", 4, &packed);
        auto_string both = malloc(packed + sizeof(rest));
        memcpy(both, data, packed);
        memcpy(both + packed, rest, sizeof(rest));
        struct error error;
        struct decompressed result;
        assert_int_equal(decompress(both, packed + sizeof(rest), 100, &result, &error), 0);
        assert_int_equal(result.used, packed);
        assert_int_equal(result.length, 4);
        free(result.data);
    }
}

static void test_cut_off(void **state)
{
    (void)state;
    static char plain[3000];
    fill(plain, sizeof(plain));
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++) {
        size_t packed = 0;
        auto_string data = pack(&packers[i], plain, sizeof(plain), &packed);
        for (size_t length = 6; length < packed; length++) {
            struct error error;
            struct decompressed result;
            auto_string copy = malloc(length); /* for the address sanitizer */
            memcpy(copy, data, length);
            int code = decompress(copy, length, DECOMPRESS_LIMIT, &result, &error);
            if (!packers[i].has_no_end || length > 8) {
                assert_int_equal(code, -ENODATA);
                assert_contains(error.text, packers[i].name);
                assert_contains(error.text, "is cut off");
            }
            assert_true(result.length <= sizeof(plain));
            if (result.length)
                assert_memory_equal(result.data, plain, result.length);
            free(result.data);
        }
    }
}

/* What came out before the cut is there. */
static void test_partial(void **state)
{
    (void)state;
    enum { LENGTH = 20000000 };
    auto_string plain = malloc(LENGTH);
    fill(plain, LENGTH);
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++) {
        size_t packed = 0;
        auto_string data = pack(&packers[i], plain, LENGTH, &packed);
        struct error error;
        struct decompressed result;
        assert_int_equal(decompress(data, packed - 1, DECOMPRESS_LIMIT, &result, &error), -ENODATA);
        assert_true(result.length > LENGTH / 2);
        assert_memory_equal(result.data, plain, result.length);
        free(result.data);
    }
}

static void test_damage(void **state)
{
    (void)state;
    static char plain[3000];
    fill(plain, sizeof(plain));
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++) {
        size_t packed = 0, noticed = 0;
        auto_string data = pack(&packers[i], plain, sizeof(plain), &packed);
        for (size_t at = 6; at < packed; at++) {
            struct error error;
            struct decompressed result;
            data[at] ^= 0x55;
            int code = decompress(data, packed, DECOMPRESS_LIMIT, &result, &error);
            data[at] ^= 0x55;
            noticed += code < 0;
            free(result.data);
        }
        if (!packers[i].has_no_end &&
            strcmp(packers[i].name, "lzma") != 0) /* these have no checksum */
            assert_true(noticed > (packed - 6) * 9 / 10);
    }
}

static void test_bomb(void **state)
{
    (void)state;
    enum { LENGTH = 30 << 20, LIMIT = 10 << 20 };
    auto_string plain = calloc(1, LENGTH);
    for (size_t i = 0; i < ARRAY_LENGTH(packers); i++) {
        size_t packed = 0;
        auto_string data = pack(&packers[i], plain, LENGTH, &packed);
        struct error error;
        struct decompressed result;
        assert_int_equal(decompress(data, packed, LIMIT, &result, &error), -EFBIG);
        assert_contains(error.text, "holds more than 10485760 bytes");
        assert_true(result.length <= LIMIT);
        free(result.data);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\x1f", "070701", "\177ELF", "\x28\xb5\x2f"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct error error;
        struct decompressed result;
        assert_null(decompress_name(texts[i], strlen(texts[i])));
        assert_int_equal(decompress(texts[i], strlen(texts[i]), 100, &result, &error), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_rest, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_cut_off, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_partial, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_damage, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_bomb, enter_scratch, leave_scratch),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
