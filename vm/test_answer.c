/* Who types the passphrase, against a console that says what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vm/machine.h"

#define QUESTION "passphrase for the volume \"state\" (/dev/vda): "

/* What is typed at a console that has said this, piece by piece. */
static const char *typed(struct arena *arena, const char *passphrase, const char *const *pieces,
                         struct vm *vm)
{
    int ends[2];
    char text[256] = "";
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    auto_fd theirs = ends[1], ours = ends[0];
    *vm = (struct vm){.arena = arena,
                      .request = {.passphrase = passphrase},
                      .lines = {.serial = ours, .agent = -1, .qmp = -1}};
    for (; *pieces; pieces++) {
        bytes_append(&vm->serial, *pieces, strlen(*pieces));
        answer_questions(vm);
    }
    bytes_free(&vm->serial);
    ssize_t length = read(theirs, text, sizeof(text) - 1);
    return arena_copy(arena, text, length > 0 ? (size_t)length : 0);
}

static void test_answers(void **state)
{
    (void)state; /* needs none */
    static const struct {
        const char *pieces[8], *typed;
        bool gives_up;
    } cases[] = {
        {{"nothing is asked\n", NULL}, "", false},
        {{QUESTION, "***", "\n", NULL}, "sesame\n", false},
        /* in pieces, and the kernel between */
        {{"passphrase for the vol", "[    1.5] usb 1-1: new\r\nume \"state\" (/dev/v", NULL},
         "",
         0},
        {{"passphrase for the vol", "[    1.5] usb\r\nume \"a\" (/dev/a): ", NULL}, "sesame\n", 0},
        {{"passphrase for the volumes \"a\" (/dev/a), \"b\" (/dev/b): ", NULL}, "sesame\n", false},
        /* drawn again, below news */
        {{QUESTION, "**", "\r\033[Kkeyboard: AT\n" QUESTION "**", NULL}, "sesame\n", false},
        /* asked again */
        {{QUESTION, "******\nthat passphrase opens nothing\n" QUESTION, NULL},
         "sesame\nsesame\n",
         false},
        {{QUESTION "*\n", QUESTION "*\n", QUESTION "*\n", NULL}, "sesame\nsesame\nsesame\n", false},
        {{QUESTION "*\n", QUESTION "*\n", QUESTION "*\n", QUESTION, NULL},
         "sesame\nsesame\nsesame\n",
         true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_arena arena = arena_new();
        struct vm vm;
        assert_string_equal(typed(arena, "sesame", cases[i].pieces, &vm), cases[i].typed);
        assert_int_equal(vm.trouble != NULL, cases[i].gives_up);
    }
}

static void test_nobody(void **state)
{
    (void)state; /* needs none */
    auto_arena arena = arena_new();
    struct vm vm;
    assert_string_equal(typed(arena, NULL, (const char *const[]){QUESTION, NULL}, &vm), "");
}

/* Only what there is a key for; nothing is sent for the rest. */
static void test_keys(void **state)
{
    (void)state; /* needs none */
    struct vm vm = {.pid = 0};
    struct error error;
    assert_int_equal(vm_send_keys(&vm, "\xc3\xa9t", &error), -EINVAL);
    assert_non_null(strstr(error.text, "no key for \"\xc3\xa9\";"));
    assert_int_equal(vm_send_keys(&vm, "_", &error), -EINVAL);
    assert_non_null(strstr(error.text, "no key for \"_\""));
    assert_int_equal(vm_send_keys(&vm, "", &error), 0);
    assert_int_equal(vm_send_keys(&vm, "a", &error), -ESHUTDOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
