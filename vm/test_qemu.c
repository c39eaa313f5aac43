/* The launcher against a real QEMU, with a kernel that has no initramfs: enough to see how a
 * machine is started, heard, interrupted and ended. Whole boots are in qemu-tests/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/run.h"
#include "vm/accel.h"
#include "vm/kernel.h"
#include "vm/machine.h"

static struct arena *memory;
static struct kernel kernel;
static const char *reason; /* why no machine can be started here */

static int look_around(void **state)
{
    (void)state; /* everything is static */
    static struct error error;
    char path[PATH_MAX];
    memory = arena_new();
    const struct arch *arch = arch_of_host();
    if (!arch)
        reason = "no QEMU is known for this machine";
    else if (run_find(arch->program, arch->package, path, sizeof(path), &error) < 0 ||
             kernel_find(memory, NULL, &kernel, &error) < 0)
        reason = error.text;
    return 0;
}

static int forget(void **state)
{
    (void)state; /* everything is static */
    arena_free(memory);
    return 0;
}

static void need_qemu(void)
{
    const char *must_work = getenv("MUST_WORK");
    if (!reason)
        return;
    if (must_work && strcmp(must_work, "1") == 0)
        fail_msg("%s", reason);
    print_message("SKIP: %s\n", reason);
    skip();
}

static struct vm *start(struct vm_request request)
{
    struct error error;
    struct vm *vm;
    if (!request.kernel)
        request.kernel = kernel.path;
    request.memory = 256;
    if (vm_start(&request, &vm, &error) < 0)
        fail_msg("%s", error.text);
    return vm;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is missing in: %s", part, text);
}

static void assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_panic(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    char log[] = "/tmp/ebb-test-log-XXXXXX";
    close(mkstemp(log));
    struct error error;
    auto_vm vm = start((struct vm_request){.log = log});
    int code = vm_wait_ready(vm, &error);
    auto_string logged = NULL;
    struct error unread;
    assert_int_equal(path_read(AT_FDCWD, log, 1 << 24, &logged, NULL, &unread), 0);
    unlink(log);
    assert_int_equal(code, -ENOTRECOVERABLE);
    assert_has(error.text, "Kernel panic");
    assert_has(vm_serial(vm), "Linux version");
    assert_has(logged, "Kernel panic");
    assert_null(vm_readiness(vm));
    /* the same machine once more */
    vm_power_cut(vm);
    assert_false(vm_runs(vm));
    assert_int_equal(vm_boot(vm, &error), 0);
    assert_true(vm_runs(vm));
    assert_null(strstr(vm_serial_of_boot(vm), "Kernel panic"));
    assert_int_equal(vm_wait_serial(vm, "Linux version", &error), 0);
    assert_int_equal(vm_wait_serial(vm, "Kernel panic", &error), 0);
    assert_int_equal(vm_wait_end(vm, &error), 0);
    assert_no_child();
}

static void test_qmp(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    char image[] = "/tmp/ebb-test-image-XXXXXX";
    auto_fd fd = mkstemp(image);
    assert_int_equal(ftruncate(fd, 3 << 20), 0);
    const struct vm_disk disks[] = {{.path = image, .bus = BUS_VIRTIO}};
    struct error error;
    auto_string status = NULL;
    auto_string blocks = NULL;
    auto_vm vm = start((struct vm_request){.disks = disks, .disk_count = 1, .snapshot = true});
    int codes[] = {
        vm_qmp(vm, "{\"execute\": \"query-status\"}", &status, &error),
        vm_qmp(vm, "{\"execute\": \"query-named-block-nodes\"}", &blocks, &error),
        vm_qmp(vm, "{\"execute\": \"no-such-command\"}", NULL, &error),
    };
    unlink(image);
    assert_int_equal(codes[0], 0);
    assert_has(status, "\"status\": \"running\"");
    assert_int_equal(codes[1], 0);
    /* the changes are a qcow2 of the image's size */
    assert_has(blocks, "\"virtual-size\": 3145728");
    assert_has(blocks, "\"format\": \"qcow2\"");
    assert_int_equal(codes[2], -EBADRQC);
    assert_has(error.text, "no-such-command");
    vm_stop(TAKE_PTR(vm));
    assert_no_child();
}

static void test_interrupt(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    int ends[2];
    struct error error;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    auto_fd read_end = ends[0], write_end = ends[1];
    auto_vm vm = start((struct vm_request){.interrupt = read_end});
    assert_int_equal(write(write_end, "", 1), 1);
    assert_int_equal(vm_wait_ready(vm, &error), -EINTR);
    assert_true(vm_runs(vm));
}

static void test_timeout(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    struct error error;
    auto_vm vm = start((struct vm_request){.timeout = 1});
    assert_int_equal(vm_wait_serial(vm, "what no kernel says", &error), -ETIMEDOUT);
    assert_has(error.text, "what no kernel says");
    assert_int_equal(vm_exec(vm, "true", NULL, NULL, &(int){0}, &error), -ENOTCONN);
    assert_int_equal(vm_restart(vm, "true", &error), -ENOTCONN);
    assert_int_equal(vm_power_off(vm, &error), -ENOTCONN);
}

static void test_qemu_refuses(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    char path[] = "/tmp/ebb-test-kernel-XXXXXX";
    auto_fd fd = mkstemp(path);
    assert_int_equal(write(fd, "no kernel", 9), 9);
    struct error error;
    auto_vm vm = start((struct vm_request){.kernel = path});
    int code = vm_wait_ready(vm, &error);
    unlink(path);
    assert_int_equal(code, -ESHUTDOWN);
    assert_has(error.text, "QEMU failed: ");
    assert_has(error.text, "kernel");
}

static void test_missing_files(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    static const struct vm_disk disks[] = {{.path = "/nowhere/disk", .bus = BUS_VIRTIO}};
    const struct vm_request requests[] = {
        {.kernel = "/nowhere/kernel"},
        {.kernel = kernel.path, .image = "/nowhere/image"},
        {.kernel = kernel.path, .disks = disks, .disk_count = 1},
        {.kernel = kernel.path, .disks = disks, .disk_count = 1, .snapshot = true},
        {.kernel = kernel.path, .log = "/nowhere/log"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(requests); i++) {
        struct error error;
        struct vm *vm;
        assert_int_equal(vm_start(&requests[i], &vm, &error), -ENOENT);
        assert_has(error.text, "/nowhere/");
        assert_no_child();
    }
}

/* Whoever started a machine takes it along, however it ends. */
static void test_sudden_end(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    int ends[2], status;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    auto_fd read_end = ends[0], write_end = ends[1];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t starter = fork(), qemu = 0;
    if (starter == 0) {
        struct error error;
        struct vm *vm = start((struct vm_request){0});
        (void)vm_qmp(vm, "{\"execute\": \"query-status\"}", NULL, &error); /* QEMU itself runs */
        _exit(write(write_end, &vm->pid, sizeof(vm->pid)) == sizeof(vm->pid) ? 0 : 1);
    }
    assert_int_equal(read(read_end, &qemu, sizeof(qemu)), sizeof(qemu));
    assert_int_equal(waitpid(starter, &status, 0), starter);
    assert_int_equal(waitpid(qemu, &status, 0), qemu);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The agent as the only program of a guest. It is static, so the sanitizers' build has none. */
static void test_probe(void **state)
{
    (void)state; /* needs none */
    need_qemu();
    static const char agent[] = "build/ebb-agent";
    if (access(agent, X_OK) < 0) {
        print_message("SKIP: there is no \"%s\"\n", agent);
        skip();
    }
    struct error error;
    if (accel_probe(ACCEL_TCG, kernel.path, agent, 300000, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(accel_probe(ACCEL_TCG, kernel.path, "/bin/true", 300000, &error), -ESHUTDOWN);
    assert_no_child();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panic),        cmocka_unit_test(test_qmp),
        cmocka_unit_test(test_interrupt),    cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_qemu_refuses), cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_sudden_end),   cmocka_unit_test(test_probe),
    };
    return cmocka_run_group_tests(tests, look_around, forget);
}
