/* The guard of a trial, in a name space of processes whose init is ours: there a reboot ends only
 * that. */
#include "base/testdata/scratch.h"

#include "generations/guard.h"
#include "generations/record.h"

struct stage {
    struct guard_order order;
    int (*init)(const struct stage *stage); /* begins once the guard guards */
};

static int run_init(const struct stage *stage)
{
    struct error error;
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, NULL);
    auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (mount("run", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/ebb", 0755) < 0)
        return 101;
    (void)mount("pts", "/dev/pts", "tmpfs", 0, NULL); /* real terminals are none of its business */
    if (guard_start(self, &stage->order, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        return 102;
    }
    return stage->init(stage);
}

/* The status of init. */
static int play(const struct stage *stage)
{
    int status = -1;
    pid_t outer = fork();
    if (outer == 0) {
        if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
            _exit(100);
        pid_t init = fork();
        if (init == 0)
            _exit(run_init(stage));
        waitpid(init, &status, 0);
        _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
    waitpid(outer, &status, 0);
    return WEXITSTATUS(status);
}

static int wait_for_interrupt(const struct stage *stage)
{
    (void)stage;
    sigset_t interrupt;
    int number;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    return sigwait(&interrupt, &number);
}

_Noreturn static int hang(const struct stage *stage)
{
    (void)stage;
    for (;;)
        pause();
}

static int count_of(const char *file, const char *word)
{
    char *text = NULL;
    struct error error;
    if (path_read(AT_FDCWD, file, 4096, &text, NULL, &error) < 0)
        return -1;
    int found = strstr(text, word) != NULL;
    free(text);
    return found;
}

static int confirm(const struct stage *stage)
{
    struct error error;
    auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char *before = NULL, *after = NULL;
    if (count_of(GUARD_STATE, "\"generation\": 7, \"live\": false") != 1 ||
        count_of("/run/motd.d/ebb-trial", "generation 7 is on trial") != 1)
        return 1;
    if (path_read(AT_FDCWD, GUARD_STATE, 4096, &before, NULL, &error) < 0 ||
        guard_extend(2 * stage->order.seconds, &error) < 0 ||
        path_read(AT_FDCWD, GUARD_STATE, 4096, &after, NULL, &error) < 0 ||
        strcmp(before, after) == 0)
        return 2;
    free(before);
    free(after);
    if (has_users) {
        pid_t stranger = fork();
        int status;
        if (stranger == 0)
            _exit(setuid(1) == 0 && guard_release(&error) == -EACCES ? 0 : 1);
        waitpid(stranger, &status, 0);
        if (status)
            return 3;
    }
    if (guard_release(&error) < 0)
        return 4;
    if (count_of(GUARD_STATE, "") != -1 || count_of("/run/motd.d/ebb-trial", "") != -1)
        return 5;
    if (waitpid(-1, NULL, 0) < 0) /* it ends */
        return 6;
    return guard_release(&error) == -ENOENT ? 0 : 7;
}

static void prepare(void)
{
    struct record record = {0};
    struct error error;
    must_run("mkdir -p volume");
    auto_fd volume = open_folder("volume"), fd = record_open(volume, true, &error);
    record_add(&record, 7)->stage = RECORD_LEFT;
    assert_int_equal(record_write(fd, &record, &error), 0);
}

static const char *text_of_record(void)
{
    static struct record record;
    struct error error;
    auto_fd volume = open_folder("volume"), fd = record_open(volume, false, &error);
    assert_int_equal(record_read(fd, &record, &error), 0);
    return record.attempts[0].text;
}

static void test_deadline(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    prepare();
    auto_string volume = output_of("pwd");
    char *path;
    assert_true(asprintf(&path, "%s/volume", volume) > 0);
    struct stage stage = {.order = {7, 1, 1000, false, path}, .init = wait_for_interrupt};
    assert_int_equal(play(&stage), 0);
    assert_string_equal(text_of_record(), "its trial was not confirmed before its deadline");
    /* An init that does not answer, and a volume that is not there. */
    stage = (struct stage){.order = {7, 1, 1, true, "/none"}, .init = hang};
    assert_int_equal(play(&stage), 128 + SIGHUP); /* so the kernel tells of a reboot */
    free(path);
}

static void test_confirmed(void **state)
{
    (void)state; /* as above */
    need_namespace();
    const struct stage stage = {.order = {7, 100000, 1, false, "/none"}, .init = confirm};
    assert_int_equal(play(&stage), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(int count, char **arguments)
{
    guard_serve(count, arguments);
    const struct CMUnitTest tests[] = {TEST(test_deadline), TEST(test_confirmed)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
