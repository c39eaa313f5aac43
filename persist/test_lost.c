/* The walk that finds what would be lost, over scratch roots. */
#include "base/testdata/scratch.h"

#include "persist/lost.h"

/* Every item as a line: path, change, size, number of files. */
static char *list_of(const struct lost *lost)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    for (size_t i = 0; i < lost->count; i++) {
        auto_string path = lost_path(lost, &lost->items[i]);
        fprintf(stream, "%s %c%s %ju %ju\n", path, "-CN"[lost->items[i].change],
                lost -> items[i].whole ? "W" : "", (uintmax_t)lost->items[i].size,
                (uintmax_t)lost->items[i].files);
    }
    fclose(stream);
    return text;
}

static void assert_found(struct lost_request *request, uint64_t size, const char *expected)
{
    struct error error;
    auto_fd root = open_folder("root"), tree = open_folder("tree");
    auto_lost lost = {0};
    request->root = (struct target){root, "root"};
    request->tree = tree;
    assert_outcome("lost", lost_find(request, &lost, &error), &error, NULL);
    auto_string text = list_of(&lost);
    assert_string_equal(text, expected);
    assert_int_equal(lost.size, size);
    assert_int_equal(lost.blind_count, 0);
}

/* Each is changed in one thing only. */
static void test_changes(void **state)
{
    (void)state; /* the scratch folder is the current one */
    struct lost_request request = {0};
    must_run("mkdir tree && cd tree && mkdir folder && touch size content mode owner kind same &&"
             "echo 1 > content && echo 1 > touched && ln -s a link && ln -s a touched-link &&"
             "mkfifo pipe && cp -a . ../root && cd ../root && touch -h touched touched-link pipe &&"
             "echo 12 > size && echo 2 > content && chmod 600 mode && rm kind && mkdir kind &&"
             "ln -snf b link && touch -d 2020-01-01 content && chmod 700 folder");
    if (has_users)
        must_run("chown 5 root/owner");
    else
        must_run("chmod 640 root/owner");
    assert_found(&request, 6,
                 "/content C 2 1\n/folder C 0 0\n/kind NW 0 0\n/link C 1 1\n/mode C 0 1\n"
                 "/owner C 0 1\n/size C 3 1\n");
}

/* A folder is told as a whole unless something in it stays. */
static void test_whole(void **state)
{
    (void)state; /* as above */
    const char *covered[] = {"/a/b/kept", "/parent/of/kept"};
    struct lost_request request = {.covered = {covered, 2}};
    cover_sort(&request.covered);
    must_run("mkdir -p tree root/a/b/kept root/a/c/d root/parent/of/kept/x root/n/e/w/e/r &&"
             "cd root && echo 1 > a/b/1 && echo 22 > a/c/d/2 && echo 333 > a/b/kept/x &&"
             "echo 1 > n/e/w/x && echo 1 > n/x && ln n/x n/e/y");
    assert_found(&request, 9, "/a - 5 2\n/a/b - 2 1\n/a/b/1 N 2 1\n/a/c NW 3 1\n/n NW 4 3\n");
}

/* Whoever looks first, the list is the same, and of a file with several names the first counts. */
static void test_order(void **state)
{
    (void)state; /* as above */
    must_run("mkdir -p tree/kept && mkdir root && cp -a tree/kept root && cd root &&"
             "for i in 1 2 3 4 5 6 7 8 9; do mkdir -p kept/$i/a/b new/$i/c && echo $i > "
             "kept/$i/a/b/x && ln kept/$i/a/b/x new/$i/c/y && ln new/$i/c/y new/$i/a || exit 1;"
             "done; echo 22 > kept/z; ln kept/z kept/y; ln kept/z kept/5/z");
    for (int i = 0; i < 100; i++) {
        struct lost_request request = {0};
        assert_found(&request, 21,
                     "/kept - 21 12\n/kept/1 NW 2 1\n/kept/2 NW 2 1\n/kept/3 NW 2 1\n"
                     "/kept/4 NW 2 1\n/kept/5 NW 5 2\n/kept/6 NW 2 1\n/kept/7 NW 2 1\n"
                     "/kept/8 NW 2 1\n/kept/9 NW 2 1\n/kept/y N 0 1\n/kept/z N 0 1\n"
                     "/new NW 0 18\n");
    }
}

/* Deeper than descriptors reach: what is there is not silently nothing. */
static void test_deep(void **state)
{
    (void)state; /* as above */
    struct error error;
    must_run("mkdir tree root");
    auto_fd at = open_folder("root");
    for (unsigned i = 0; i < 3000; i++) {
        assert_int_equal(mkdirat(at, "d", 0755), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    auto_fd root = open_folder("root");
    const struct lost_request request = {.root = {root, "root"}, .tree = -1};
    auto_lost lost = {0};
    assert_outcome("deep", lost_find(&request, &lost, &error), &error, NULL);
    assert_int_equal(lost.count, 1);
    assert_int_equal(lost.blind_count, 1);
    assert_true(lost.blind[0].code == EMFILE || lost.blind[0].code == ENAMETOOLONG);
    assert_memory_equal(lost.blind[0].path, "/d/d/d/", 7);
}

static void test_cover(void **state)
{
    (void)state; /* needs no files */
    const char *paths[] = {"/a/b", "/a.b", "/a", "/a/b/c", "/b/c", "/a b/c"};
    struct cover cover = {paths, ARRAY_LENGTH(paths)};
    struct cover_range below, deeper;
    cover_sort(&cover);
    static const char *const sorted[] = {"/a", "/a/b", "/a/b/c", "/a b/c", "/a.b", "/b/c"};
    for (size_t i = 0; i < cover.count; i++)
        assert_string_equal(cover.paths[i], sorted[i]);
    assert_true(cover_enter(&cover, cover_all(&cover), "a", &below));
    assert_int_equal(below.end - below.begin, 2);
    assert_true(cover_enter(&cover, below, "b", &deeper));
    assert_int_equal(deeper.end - deeper.begin, 1);
    assert_true(cover_enter(&cover, deeper, "c", &below));
    assert_int_equal(below.end - below.begin, 0);
    assert_false(cover_enter(&cover, below, "d", &deeper));
    assert_false(cover_enter(&cover, cover_all(&cover), "b", &below));
    assert_int_equal(below.end - below.begin, 1);
    assert_false(cover_enter(&cover, cover_all(&cover), "c", &below));
    assert_int_equal(below.end - below.begin, 0);
    assert_false(cover_enter(&cover, cover_all(&cover), "a ", &below));
    assert_int_equal(below.end - below.begin, 0);
}

/* Whether a path is noise, walked as the tree would be. */
static bool is_noise(struct arena *arena, const struct noise *noise, const char *path)
{
    char copy[256], *rest = copy + 1;
    snprintf(copy, sizeof(copy), "%s", path);
    struct noise_range range = noise_begin(noise);
    for (char *name; (name = strsep(&rest, "/"));) {
        if (noise_matches(noise, range, name))
            return true;
        range = noise_enter(range, name, arena);
    }
    return false;
}

static void test_noise(void **state)
{
    (void)state; /* needs no files */
    static const struct {
        const char *path;
        bool noise;
    } cases[] = {
        {"/tmp", true},           {"/tmp/x", true},
        {"/var/tmp", false},      {"/home/tmp", false},
        {"/etc/mtab", true},      {"/etc/mtab2", false},
        {"/var/cache", false},    {"/var/cache/a/b", true},
        {"/home/a/.cache", true}, {"/home/a/b/.cache", false},
        {"/srv/x/y.pyc", true},   {"/y.pyc", true},
        {"/y.pyc2", false},       {"/srv/__pycache__", true},
        {"/a/.x.swp", true},      {"/a/.x.swx", false},
        {"/one/two/three", true}, {"/one/1/2/three", true},
        {"/one/three", true},     {"/two/three", false},
        {"/a b/c", true},
    };
    auto_arena arena = arena_new();
    struct error error;
    struct noise *noise = noise_new(arena);
    assert_int_equal(noise_add(noise, "mine", "\n# none\n/one/**/three # some\n/a?b\n", &error), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (is_noise(arena, noise, cases[i].path) != cases[i].noise)
            fail_msg("%s: %s", cases[i].path, cases[i].noise ? "no noise" : "noise");
    assert_outcome("words", noise_add(noise, "mine", "\n/a b\n", &error), &error,
                   "mine:2: there is more than one word; write \"?\" for a blank in a name, and "
                   "\"#\" before the reason");
    assert_outcome("slash", noise_add(noise, "mine", "/a/", &error), &error,
                   "mine:1: \"/a/\" has an empty part; write one \"/\" between names and none at "
                   "the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_changes, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_whole, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_order, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_deep, enter_scratch, leave_scratch),
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
