/* A generation that is made or deleted, cut off wherever it may be: what has a number is whole, and
 * the others are as they were. */
#include "generations/testing.h"

#include "base/testdata/cut.h"
#include "generations/making.h"

#define SMALL                                                                                      \
    "mkdir -p 1/tree/a/b 1/tree/gone 1/tree/same/deep && cd 1/tree && echo 1 > a/one && "          \
    "echo 2 > a/b/two && ln a/one same/one && echo 3 > gone/three && echo 4 > same/deep/four && "  \
    "ln -s one a/link && cd ../.. && echo '{\"format\": 1}' > 1/generation.json"

/* All that happens when the command has ended. */
static int seal(void *argument)
{
    (void)argument;
    struct error error;
    unsigned number;
    auto_fd store = open("store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct making making = {.store = -1,
                            .folder = path_open(store, ".new", O_RDONLY | O_DIRECTORY),
                            .from = path_open(store, "1/tree", O_RDONLY | O_DIRECTORY),
                            .tree = path_open(store, ".new/tree", O_RDONLY | O_DIRECTORY),
                            .workplace = -1};
    int code = making_seal(&making, NULL, -1, &error);
    return code < 0 ? code : generation_commit(store, &number, &error);
}

static int delete (void *argument)
{
    (void)argument;
    struct error error;
    auto_fd store = open("store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return generation_delete(store, 1, &error);
}

static void clean(void)
{
    struct error error;
    auto_fd volume = open_folder("store"), store = -1;
    assert_outcome("lock", store_lock(volume, "/", &store, &error), &error, NULL);
}

#define TELL "find %s -printf '%%P %%y %%m %%U:%%G %%s %%T@ %%l\\n' | grep -v ' d ' | LC_ALL=C sort"

static void test_seal_cuts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    must_run("mkdir store && cd store && " SMALL " && mkdir .new .new/work && mkdir -p "
             ".new/tree/a/b .new/workplace && cd .new && echo new > tree/a/one && "
             "mknod tree/a/link c 0 0 && mknod tree/gone c 0 0 && echo 5 > tree/a/b/five && "
             "echo '{\"format\": 1}' > generation.json && cp -a ../../store ../../template");
    auto_string before = identity_of("store/1/tree");
    assert_int_equal(seal(NULL), 0);
    must_run("test \"$(cd store/2/tree && find . | LC_ALL=C sort | tr '\\n' ' ')\" = "
             "'. ./a ./a/b ./a/b/five ./a/b/two ./a/one ./same ./same/deep ./same/deep/four "
             "./same/one '");
    auto_string whole = output_of(TELL, "store/2");
    bool over = false;
    unsigned calls = 0;
    for (; !over; calls++) {
        must_run("rm -rf store/2 && cp -a template/.new store");
        over = cut_off(seal, NULL, calls);
        bool is_there = access("store/2", F_OK) == 0;
        clean();
        auto_string after = identity_of("store/1/tree");
        assert_string_equal(after, before);
        must_run("test ! -e store/.new && test $(ls -A store | wc -l) = %d", is_there ? 2 : 1);
        if (is_there) {
            auto_string found = output_of(TELL, "store/2");
            assert_string_equal(found, whole);
        }
        assert_true(is_there || !over);
    }
    assert_true(calls > 50);
}

static void test_delete_cuts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_overlay();
    must_run("mkdir store && cd store && " SMALL " && cp -al 1 2 && touch 1.pin && cp -a ../store "
             "../template");
    auto_string before = identity_of("store/2/tree");
    auto_string whole = output_of(TELL, "store/1");
    bool over = false;
    for (unsigned calls = 0; !over; calls++) {
        must_run("rm -rf store/1 && cp -a template/1 template/1.pin store");
        over = cut_off(delete, NULL, calls);
        if (access("store/1", F_OK) == 0) {
            auto_string found = output_of(TELL, "store/1");
            assert_string_equal(found, whole);
            assert_false(over);
        }
        clean();
        auto_string after = identity_of("store/2/tree");
        assert_string_equal(after, before);
        must_run("test -z \"$(ls -A store | grep '^\\.')\"");
        assert_true(!over || access("store/1.pin", F_OK) < 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_seal_cuts), TEST(test_delete_cuts)};
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
