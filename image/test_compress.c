#include "image/testing.h"

#include "image/compress.h"

static void compress(const char *output, const char *data, size_t length, size_t piece)
{
    struct error error;
    auto_compressor compressor = compressor_new(10);
    for (size_t at = 0; at < length; at += piece)
        compressor_write(compressor, data + at, at + piece < length ? piece : length - at);
    const char *frame = NULL;
    size_t size = 0;
    assert_int_equal(compressor_finish(compressor, &frame, &size, &error), 0);
    make_file(output, frame, size);
}

static void test_round_trip(void **state)
{
    (void)state;
    need_tool("zstd");
    static const size_t lengths[] = {0, 1, 131072, 20000000};
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        auto_string data = malloc(lengths[i] + 1);
        fill(data, lengths[i]);
        compress("one.zst", data, lengths[i], 100000);
        compress("two.zst", data, lengths[i], 100000);
        must_run("zstd -dqf one.zst -o one && cmp one.zst two.zst");
        assert_content("one", data, lengths[i]);
    }
    must_run("test $(stat -c %%s one.zst) -lt 10000000");
}

/* The kernel checks the checksum, and gives up beyond its window. */
static void test_frame(void **state)
{
    (void)state;
    need_tool("zstd");
    static char data[20000000];
    fill(data, sizeof(data));
    compress("x.zst", data, sizeof(data), sizeof(data));
    must_run("zstd -lv x.zst 2>&1 | grep -q 'Check: XXH64'");
    must_run("zstd -lv x.zst 2>&1 | grep -Eq 'Window Size: [0-9.]+ MiB \\(8388608 B\\)'");
    must_run("zstd -lv x.zst 2>&1 | grep -q 'Zstandard Frames: 1'");
}

static void test_levels(void **state)
{
    (void)state;
    struct error error;
    compressor_free(NULL);
    static const struct {
        int level;
        size_t most;
    } levels[] = {
        {1, 700000},
        {19, 650000},
    };
    size_t sizes[ARRAY_LENGTH(levels)];
    static char data[1000000];
    fill(data, sizeof(data));
    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
        auto_compressor compressor = compressor_new(levels[i].level);
        compressor_write(compressor, data, sizeof(data));
        const char *frame;
        assert_int_equal(compressor_finish(compressor, &frame, &sizes[i], &error), 0);
        assert_true(sizes[i] > 1000 && sizes[i] < levels[i].most);
    }
    assert_true(sizes[1] < sizes[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_frame, enter_scratch, leave_scratch),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
