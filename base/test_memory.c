#include "base/testdata/scratch.h"

#include "base/memory.h"

static bool is_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i])
            return false;
    return true;
}

static void test_alloc(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 63, 4096, 65535, 65536, 65537, 1 << 20};
    enum { ROUNDS = 20 };
    static unsigned char *blocks[ROUNDS][ARRAY_LENGTH(sizes)];
    auto_arena arena = arena_new();
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
            unsigned char *block = arena_alloc(arena, sizes[i]);
            assert_non_null(block);
            assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
            assert_true(is_zero(block, sizes[i]));
            memset(block, (int)(i + 1), sizes[i]);
            blocks[round][i] = block;
        }
    }
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++)
            for (size_t at = 0; at < sizes[i]; at += 101)
                assert_int_equal(blocks[round][i][at], i + 1);
    arena_free(NULL);
}

static void test_push(void **state)
{
    (void)state;
    enum { COUNT = 70000 };
    struct element {
        size_t number;
        char name[12];
    } *elements = NULL;
    unsigned char *bytes = NULL;
    size_t count = 0, byte_count = 0;
    auto_arena arena = arena_new();
    for (size_t i = 0; i < COUNT; i++) {
        struct element *element = ARENA_PUSH(arena, elements, count);
        assert_ptr_equal(element, &elements[i]);
        assert_true(is_zero((unsigned char *)element, sizeof(*element)));
        element->number = i;
        *ARENA_PUSH(arena, bytes, byte_count) = (unsigned char)i;
        /* other things lie between the array's places */
        strcpy(arena_alloc(arena, 8), "between");
    }
    assert_int_equal(count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(elements[i].number, i);
        assert_int_equal(bytes[i], (unsigned char)i);
    }
}

static void test_strings(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    const char bytes[] = {'a', '\0', 'b', 'c'};
    char *copy = arena_copy(arena, bytes, 3), *empty = arena_copy(arena, "xyz", 0);
    assert_memory_equal(copy, "a\0b", 4); /* the NUL behind it included */
    assert_string_equal(empty, "");
    char original[] = "original";
    char *text = arena_string(arena, original);
    original[0] = 'X';
    assert_string_equal(text, "original");
    assert_string_equal(arena_printf(arena, "%s-%d%s", "a", 5, ""), "a-5");
    char *wide = arena_printf(arena, "%0100000d|", 7);
    assert_int_equal(strlen(wide), 100001);
    assert_string_equal(wide + 99999, "7|");
    assert_string_equal(text, "original");
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void test_ownership(void **state)
{
    (void)state;
    int kept, gone;
    {
        auto_fd closed = open("/dev/null", O_RDONLY | O_CLOEXEC), none = -1;
        auto_fd taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
        gone = closed;
        kept = TAKE_FD(taken);
        assert_int_equal(taken, -1);
        assert_true(is_open(gone) && none == -1);
    }
    assert_true(is_open(kept));
    assert_false(is_open(gone));
    close(kept);
    char *saved;
    {
        auto_string freed = NULL;
        auto_string nothing = NULL;
        assert_true(asprintf(&freed, "left to the sanitizer") > 0);
        auto_string moved = strdup("moved");
        saved = TAKE_PTR(moved);
        assert_null(moved);
        assert_true(freed && !nothing);
    }
    assert_string_equal(saved, "moved");
    free(saved);
    {
        auto_file file = fopen("/dev/null", "re");
        auto_file no_file = NULL;
        auto_dir folder = opendir("/");
        auto_dir no_folder = NULL;
        assert_true(file && folder && !no_file && !no_folder);
        kept = fileno(file);
        gone = dirfd(folder);
    }
    assert_false(is_open(kept) || is_open(gone));
}

/* Nobody handles it, so it has to end the program, and to say so. */
static void test_exhausted(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 64, SIZE_MAX / 2};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        log_begin();
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            arena_alloc(arena_new(), sizes[i]);
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        auto_string log = log_end();
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#ifndef __SANITIZE_ADDRESS__ /* which reports such sizes itself */
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        assert_string_equal(log, "ebb: out of memory\n");
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),     cmocka_unit_test(test_push),
        cmocka_unit_test(test_strings),   cmocka_unit_test(test_ownership),
        cmocka_unit_test(test_exhausted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
