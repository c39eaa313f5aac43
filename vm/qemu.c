#include "vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/run.h"
#include "vm/accel.h"
#include "vm/machine.h"
#include "vm/overlay.h"

enum { TIMEOUT = 5 * 60 * 1000 };

static const char *own(struct arena *arena, const char *text)
{
    return text ? arena_string(arena, text) : NULL;
}

static void copy_request(struct vm *vm, const struct vm_request *request)
{
    struct arena *arena = vm->arena;
    struct vm_request *copy = &vm->request;
    *copy = *request;
    copy->kernel = own(arena, request->kernel);
    copy->image = own(arena, request->image);
    copy->append = own(arena, request->append);
    copy->agent = own(arena, request->agent);
    copy->passphrase = own(arena, request->passphrase);
    copy->log = own(arena, request->log);
    copy->firmware.code = own(arena, request->firmware.code);
    copy->firmware.variables = own(arena, request->firmware.variables);
    copy->timeout = request->timeout ? request->timeout : TIMEOUT;
    struct vm_disk *disks = arena_alloc(arena, (request->disk_count + 1) * sizeof(*disks));
    for (size_t i = 0; i < request->disk_count; i++) {
        disks[i] = request->disks[i];
        disks[i].path = own(arena, request->disks[i].path);
        disks[i].writes = own(arena, request->disks[i].writes);
    }
    copy->disks = disks;
}

static struct vm *make(const struct vm_request *request)
{
    struct arena *arena = arena_new();
    struct vm *vm = arena_alloc(arena, sizeof(*vm));
    *vm = (struct vm){.arena = arena,
                      .process = -1,
                      .lines = {-1, -1, -1},
                      .messages_fd = -1,
                      .log = -1,
                      .keyboard = -1};
    copy_request(vm, request);
    return vm;
}

static int find_program(struct vm *vm, struct error *error)
{
    vm->arch = arch_of_host();
    if (!vm->arch)
        return error_set(error, ENOTSUP, "cannot tell which QEMU fits this kind of machine");
    char path[PATH_MAX];
    if (run_find(vm->arch->program, vm->arch->package, path, sizeof(path), error) < 0)
        return -error->code;
    vm->program = arena_string(vm->arena, path);
    return 0;
}

static int check_files(const struct vm *vm, struct error *error)
{
    if (access(vm->request.kernel, R_OK) < 0)
        return error_system(error, errno, "cannot read the kernel \"%s\"", vm->request.kernel);
    if (vm->request.image && access(vm->request.image, R_OK) < 0)
        return error_system(error, errno, "cannot read the image \"%s\"", vm->request.image);
    for (size_t i = 0; i < vm->request.disk_count; i++)
        if (access(vm->request.disks[i].path, vm->request.snapshot ? R_OK : R_OK | W_OK) < 0)
            return error_system(error, errno, "cannot use the disk image \"%s\"",
                                vm->request.disks[i].path);
    return 0;
}

/* Of each boot anew: QEMU would write over the beginning of an old one. */
static int make_logs(const struct vm *vm, struct error *error)
{
    for (size_t i = 0; i < vm->request.disk_count; i++) {
        const struct vm_disk *disk = &vm->request.disks[i];
        if (!disk->writes)
            continue;
        if (vm->overlays)
            return error_set(error, EINVAL, "what is written to a snapshot cannot be logged");
        auto_fd fd = open(disk->writes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
            return error_system(error, errno, "cannot make the log of writes \"%s\"", disk->writes);
    }
    return 0;
}

static int make_overlays(struct vm *vm, struct error *error)
{
    if (!vm->request.snapshot)
        return 0;
    size_t count = vm->request.disk_count;
    vm->overlays = arena_alloc(vm->arena, (count + 1) * sizeof(int));
    for (size_t i = 0; i <= count; i++)
        vm->overlays[i] = -1;
    for (size_t i = 0; i < count; i++) {
        vm->overlays[i] = overlay_make(vm->request.disks[i].path, error);
        if (vm->overlays[i] < 0)
            return -error->code;
    }
    return 0;
}

int vm_start(const struct vm_request *request, struct vm **result, struct error *error)
{
    auto_vm vm = make(request);
    if (find_program(vm, error) < 0 || check_files(vm, error) < 0 || make_overlays(vm, error) < 0)
        return -error->code;
    vm->kvm = request->accel == ACCEL_KVM || (request->accel == ACCEL_PROVEN && request->agent &&
                                              accel_kvm_works(request->kernel, request->agent));
    if (request->log) {
        vm->log = open(request->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (vm->log < 0)
            return error_system(error, errno, "cannot write the serial log \"%s\"", request->log);
    }
    if (vm_boot(vm, error) < 0)
        return -error->code;
    *result = TAKE_PTR(vm);
    return 0;
}

/* Our ends of the lines first, QEMU's behind them. */
struct ends {
    int serial[2], agent[2], qmp[2], messages[2];
};

static void ends_close(const struct ends *ends)
{
    const int(*pairs[])[2] = {&ends->serial, &ends->agent, &ends->qmp, &ends->messages};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
        for (size_t side = 0; side < 2; side++)
            if ((*pairs[i])[side] >= 0)
                close((*pairs[i])[side]);
}

static _Noreturn void become_qemu(const struct vm *vm, const struct ends *ends, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid(); /* C-c at the terminal is for us, who then end it */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    const struct lines lines = {ends->serial[1], ends->agent[1], ends->qmp[1]};
    const int passed[] = {lines.serial, lines.agent, lines.qmp};
    for (size_t i = 0; i < ARRAY_LENGTH(passed); i++)
        fcntl(passed[i], F_SETFD, 0);
    for (size_t i = 0; vm->overlays && i < vm->request.disk_count; i++)
        fcntl(vm->overlays[i], F_SETFD, 0);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(ends->messages[1], STDERR_FILENO);
    execv(vm->program, (char *const *)command_line(vm, lines));
    dprintf(STDERR_FILENO, "%s: %s\n", vm->program, strerror(errno));
    _exit(1);
}

/* What belongs to one boot only. */
static void forget_boot(struct vm *vm)
{
    vm->boot_at = vm->heard = vm->judged = vm->serial.length;
    vm->trouble = vm->ready = NULL;
    vm->answers = 0;
    vm->greeted = vm->answered = false;
    bytes_free(&vm->frames.bytes);
    vm->frames = (struct frame_reader){0};
}

/* What belongs to one run of QEMU. */
static void forget_run(struct vm *vm)
{
    forget_boot(vm);
    vm->qmp_open = false;
    bytes_free(&vm->messages);
    bytes_free(&vm->qmp);
}

int vm_boot(struct vm *vm, struct error *error)
{
    if (vm->pid)
        return error_set(error, EBUSY, "the machine runs already");
    if (make_logs(vm, error) < 0)
        return -error->code;
    forget_run(vm);
    AUTO(ends_close)
    struct ends ends = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.serial) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.agent) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.qmp) < 0 ||
        pipe2(ends.messages, O_CLOEXEC) < 0)
        return error_system(error, errno, "cannot make the lines to QEMU");
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return error_system(error, errno, "cannot start \"%s\"", vm->program);
    if (pid == 0)
        become_qemu(vm, &ends, parent);
    vm->pid = pid;
    vm->process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (vm->process < 0) {
        error_system(error, errno, "cannot watch QEMU");
        vm_power_cut(vm);
        return -error->code;
    }
    vm->lines =
        (struct lines){TAKE_FD(ends.serial[0]), TAKE_FD(ends.agent[0]), TAKE_FD(ends.qmp[0])};
    vm->messages_fd = TAKE_FD(ends.messages[0]);
    return listen_greet(vm, error);
}

int vm_wait_end(struct vm *vm, struct error *error)
{
    if (vm->pid && listen_until(vm, NULL, "the guest to end", error) < 0)
        return -error->code;
    if (WIFEXITED(vm->status) && WEXITSTATUS(vm->status) == 0)
        return 0;
    return error_set(error, EIO, "QEMU failed: %.300s",
                     vm->messages.data ? vm->messages.data : "it said nothing");
}

static int ask_to_end(struct vm *vm, const char *word, struct error *error)
{
    if (!vm->ready)
        return error_set(error, ENOTCONN, "the guest is not ready: it cannot be asked to end");
    int code = frame_send(vm->lines.agent, word, NULL, 0);
    if (code < 0)
        return error_system(error, -code, "cannot ask the guest to end");
    return vm_wait_end(vm, error);
}

int vm_power_off(struct vm *vm, struct error *error)
{
    return ask_to_end(vm, "POWEROFF", error);
}

int vm_reboot(struct vm *vm, struct error *error)
{
    if (ask_to_end(vm, "REBOOT", error) < 0 || vm_boot(vm, error) < 0)
        return -error->code;
    return vm_wait_ready(vm, error);
}

/* Instead of what -no-reboot asks for, or as it was. */
static int set_resets(struct vm *vm, bool allowed, struct error *error)
{
    return vm_qmp(vm,
                  allowed
                      ? "{\"execute\": \"set-action\", \"arguments\": {\"reboot\": \"reset\"}}"
                      : "{\"execute\": \"set-action\", \"arguments\": {\"reboot\": \"shutdown\"}}",
                  NULL, error);
}

/* What the guest that ends says of the command is nothing to wait for: it may be killed meanwhile.
 */
int vm_restart(struct vm *vm, const char *command, struct error *error)
{
    if (!vm->ready)
        return error_set(error, ENOTCONN, "the guest is not ready for commands");
    if (set_resets(vm, true, error) < 0)
        return -error->code;
    forget_boot(vm);
    int code = frame_send(vm->lines.agent, "EXEC", command, strlen(command));
    if (code < 0)
        return error_system(error, -code, "cannot send the command \"%.100s\"", command);
    if (vm_wait_ready(vm, error) < 0)
        return -error->code;
    return set_resets(vm, false, error);
}

void vm_power_cut(struct vm *vm)
{
    if (!vm->pid)
        return;
    kill(vm->pid, SIGKILL);
    listen_to_the_end(vm);
}

void vm_stop(struct vm *vm)
{
    if (!vm)
        return;
    vm_power_cut(vm);
    for (size_t i = 0; vm->overlays && i < vm->request.disk_count; i++)
        memory_close_fd(&vm->overlays[i]);
    memory_close_fd(&vm->log);
    bytes_free(&vm->serial);
    bytes_free(&vm->messages);
    bytes_free(&vm->qmp);
    bytes_free(&vm->frames.bytes);
    arena_free(vm->arena);
}

void vm_cleanup(struct vm **vm)
{
    vm_stop(*vm);
}

bool vm_runs(const struct vm *vm)
{
    return vm->pid != 0;
}

const char *vm_accelerator(const struct vm *vm)
{
    return vm->kvm ? "kvm" : "tcg";
}
