/* Unified kernel images, as `ebb image` shows them. */
#include "image/craft_pe.h"

#include <errno.h>
#include <sys/wait.h>

#include "image/image.h"
#include "image/uki.h"
#include "tool/sections.h"
#include "tool/verb.h"

static const char os_release[] = "ID=test\nPRETTY_NAME=\"A \x1b[31mTest\"\nVERSION=1\n";

/* An initramfs, and the same in a unified image. */
static void make_images(void)
{
    static const struct uki uki = {.stub = "stub",
                                   .kernel = "kernel",
                                   .version = "6.1.0-test",
                                   .cmdline = "quiet ro",
                                   .os_release = "os-release"};
    struct error error;
    const void *made;
    size_t length;
    auto_arena arena = arena_new();
    auto_image image = image_new();
    if (image_add_bytes(image, "/etc/hello", "hello\n", 6, 0644, &error) < 0 ||
        image_write(image, "initramfs", NULL, NULL, &error) < 0)
        fail_msg("%s", error.text);
    craft_pe_file("stub", &(struct craft_pe){0});
    craft_pe_file("kernel", &(struct craft_pe){0});
    make_file("os-release", os_release, strlen(os_release));
    auto_string initramfs = content_of("initramfs", &length);
    if (uki_make(arena, &uki, initramfs, length, &made, &length, &error) < 0)
        fail_msg("%s", error.text);
    make_file("uki", made, length);
}

/* What the verb writes into the file `output`; returns its exit status. */
static int image(const char *verb, const char *option, const char *name, const char *output)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        char *words[] = {"image", (char *)verb, (char *)option, (char *)name, NULL};
        if (!freopen(output, "w", stdout))
            _exit(99);
        _exit(verb_image(4, words));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_initramfs(void **state)
{
    (void)state;
    make_images();
    assert_int_equal(image("ls", "-l", "initramfs", "one"), EXIT_DONE);
    assert_int_equal(image("ls", "-l", "uki", "two"), EXIT_DONE);
    must_run("cmp one two && grep -q etc/hello two");
    assert_int_equal(image("cat", "uki", "etc/hello", "three"), EXIT_DONE);
    assert_text("three", "hello\n");
}

static void test_list(void **state)
{
    (void)state;
    make_images();
    size_t length, said_length;
    struct error error;
    auto_string uki = content_of("uki", &length);
    auto_string said = NULL;
    auto_string expected = NULL;
    FILE *out = open_memstream(&said, &said_length);
    assert_int_equal(sections_list("uki", uki, length, false, true, out, &error), 0);
    fclose(out);
    auto_string initramfs = content_of("initramfs", &length);
    assert_true(asprintf(&expected,
                         ".text           100\n"
                         ".data           100\n"
                         ".osrel     %8zu  A \\033[31mTest\n"
                         ".cmdline          8  quiet ro\n"
                         ".uname           10  6.1.0-test\n"
                         ".initrd    %8zu\n"
                         ".linux         2048\n",
                         strlen(os_release), length) > 0);
    assert_string_equal(said, expected);
}

static void test_json(void **state)
{
    (void)state;
    make_images();
    assert_int_equal(image("sections", "--json", "uki", "said"), EXIT_DONE);
    size_t length;
    auto_string said = content_of("said", &length);
    assert_contains(said, "[{\"name\":\".text\",\"size\":100},");
    assert_contains(said, "{\"name\":\".cmdline\",\"size\":8,\"text\":\"quiet ro\"},");
    assert_contains(said, "\"text\":\"ID=test\\nPRETTY_NAME=\\\"A \\u001b[31mTest\\\"\\n");
    assert_contains(said, "{\"name\":\".linux\",\"size\":2048}]\n");
}

static void test_refused(void **state)
{
    (void)state;
    make_images();
    struct error error;
    size_t length;
    auto_string kernel = content_of("kernel", &length);
    const char *data = kernel;
    assert_int_equal(sections_initramfs("kernel", &data, &length, &error), -ENOENT);
    assert_string_equal(error.text,
                        "\"kernel\" is an EFI program without an initramfs; \"ebb image "
                        "sections\" shows what it has");
    assert_ptr_equal(data, kernel);
    assert_int_equal(sections_initramfs("kernel", &data, &(size_t){700}, &error), -ENOEXEC);
    assert_int_equal(sections_list("text", "text", 4, false, false, stdout, &error), -ENOEXEC);
    assert_string_equal(error.text, "\"text\" is no EFI program and has no sections; \"ebb image "
                                    "ls\" shows what is in an initramfs");
    assert_int_equal(image("sections", "--json", "initramfs", "said"), EXIT_NO);
    assert_int_equal(image("sections", "-l", "uki", "said"), EXIT_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_initramfs), TEST(test_list), TEST(test_json),
                                       TEST(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
