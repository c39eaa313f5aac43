/* Hearing a machine: everything it says comes through here, in one place, whoever waits for what.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "vm/machine.h"

/* How long the guest may go on about its failure, and how much of that an error quotes. */
enum { LAST_WORDS = 2000 /* ms */, QUOTE = 280 };

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A boot that cannot come to its end says so in one of these lines; from rescue it may go on. */
static void judge(struct vm *vm)
{
    static const char *const signs[] = {"ebb: rescue:", "Kernel panic", "UEFI Interactive Shell"};
    static const char going_on[] = "ebb: rescue is over";
    for (;;) {
        const char *line = vm->serial.data + vm->judged;
        const char *end = memchr(line, '\n', vm->serial.length - vm->judged);
        if (!end)
            return;
        char *text = arena_copy(vm->arena, line, strcspn(line, "\r\n"));
        for (size_t i = 0; !vm->trouble && i < ARRAY_LENGTH(signs); i++)
            if (strstr(text, signs[i]))
                vm->trouble = strstr(text, signs[i]);
        if (strstr(text, going_on))
            vm->trouble = NULL;
        vm->judged += (size_t)(end - line) + 1;
    }
}

static bool hear_serial(struct vm *vm)
{
    size_t before = vm->serial.length;
    if (bytes_read(&vm->serial, vm->lines.serial) <= 0)
        return false;
    const char *news = vm->serial.data + before;
    size_t length = vm->serial.length - before;
    if (vm->log >= 0)
        (void)path_write_all(vm->log, news, length); /* the guest goes on with a full disk */
    if (vm->request.echo)
        (void)path_write_all(STDOUT_FILENO, news, length); /* the same */
    for (size_t i = before; i < vm->serial.length; i++)
        if (!vm->serial.data[i]) /* it is searched as a string */
            vm->serial.data[i] = '?';
    judge(vm);
    answer_questions(vm);
    return true;
}

static void write_out(FILE *stream, const struct frame *frame)
{
    if (!stream)
        return;
    fwrite(frame->data, 1, frame->length, stream);
    fflush(stream);
}

static void hear_exit(struct vm *vm, const struct frame *frame)
{
    char text[32] = "";
    memcpy(text, frame->data, frame->length < sizeof(text) ? frame->length : sizeof(text) - 1);
    int number;
    if (sscanf(text, "status %d", &number) == 1)
        vm->outcome.status = number;
    else if (sscanf(text, "signal %d", &number) == 1)
        vm->outcome.status = 128 + number;
    else
        return;
    vm->outcome.known = true;
}

static bool hear_agent(struct vm *vm)
{
    if (bytes_read(&vm->frames.bytes, vm->lines.agent) <= 0)
        return false;
    struct frame frame;
    struct error ignored;
    while (frame_next(&vm->frames, &frame)) {
        if (frame_is(&frame, "HELLO") && !frame.length)
            (void)listen_greet(vm, &ignored); /* it fails with the guest, whose end is told */
        else if (frame_is(&frame, "HELLO"))
            vm->greeted = frame.length == strlen(vm->nonce) &&
                          memcmp(frame.data, vm->nonce, frame.length) == 0;
        else if (!vm->greeted)
            continue; /* belongs to a conversation that was given up */
        else if (frame_is(&frame, "READY"))
            vm->ready = arena_copy(vm->arena, frame.data, frame.length);
        else if (frame_is(&frame, "OUT"))
            write_out(vm->outcome.out, &frame);
        else if (frame_is(&frame, "ERR"))
            write_out(vm->outcome.err, &frame);
        else if (frame_is(&frame, "EXIT"))
            hear_exit(vm, &frame);
    }
    return true;
}

static void close_line(int *fd)
{
    memory_close_fd(fd);
    *fd = -1;
}

static void hear_lines(struct vm *vm, const struct pollfd heard[4])
{
    if (heard[0].revents && !hear_serial(vm))
        close_line(&vm->lines.serial);
    if (heard[1].revents && !hear_agent(vm))
        close_line(&vm->lines.agent);
    if (heard[2].revents && bytes_read(&vm->qmp, vm->lines.qmp) <= 0)
        close_line(&vm->lines.qmp);
    if (heard[3].revents && bytes_read(&vm->messages, vm->messages_fd) <= 0)
        close_line(&vm->messages_fd);
}

/* Hears once: 0, -ETIMEDOUT, -EINTR. */
static int hear(struct vm *vm, long patience)
{
    struct pollfd watched[] = {
        {.fd = vm->lines.serial, .events = POLLIN},
        {.fd = vm->lines.agent, .events = POLLIN},
        {.fd = vm->lines.qmp, .events = POLLIN},
        {.fd = vm->messages_fd, .events = POLLIN},
        {.fd = vm->process, .events = POLLIN},
        {.fd = vm->request.interrupt > 0 ? vm->request.interrupt : -1, .events = POLLIN},
        {.fd = vm->keyboard, .events = POLLIN},
    };
    int count = poll(watched, ARRAY_LENGTH(watched), (int)(patience > 0 ? patience : 0));
    if (count < 0 && errno != EINTR)
        return -errno;
    if (count == 0)
        return -ETIMEDOUT;
    if (count < 0)
        return 0;
    if (watched[5].revents)
        return -EINTR;
    hear_lines(vm, watched);
    if (watched[6].revents)
        console_keys(vm);
    if (watched[4].revents)
        listen_to_the_end(vm);
    return 0;
}

void listen_to_the_end(struct vm *vm)
{
    while (waitpid(vm->pid, &vm->status, 0) < 0 && errno == EINTR)
        ;
    vm->pid = 0;
    const struct pollfd all[4] = {
        {.revents = POLLIN}, {.revents = POLLIN}, {.revents = POLLIN}, {.revents = POLLIN}};
    while (vm->lines.serial >= 0 && hear_serial(vm))
        ;
    close_line(&vm->lines.serial);
    hear_lines(vm, all);
    close_line(&vm->lines.agent);
    close_line(&vm->lines.qmp);
    close_line(&vm->messages_fd);
    close_line(&vm->process);
    vm->ready = NULL;
}

int listen_blame(const struct vm *vm, struct error *error)
{
    size_t end = vm->serial.length;
    while (end > vm->boot_at && strchr("\r\n", vm->serial.data[end - 1]))
        end--;
    size_t start = end - vm->boot_at > QUOTE ? end - QUOTE : vm->boot_at;
    const char *line = vm->serial.data ? strchr(vm->serial.data + start, '\n') : NULL;
    if (start > vm->boot_at && line && line < vm->serial.data + end)
        start = (size_t)(line - vm->serial.data) + 1;
    char sentence[sizeof(error->text)], quote[QUOTE + 1];
    size_t length = 0;
    for (size_t at = start; vm->serial.data && at < end; at++)
        if (vm->serial.data[at] == '\n' || (unsigned char)vm->serial.data[at] >= ' ')
            quote[length++] = vm->serial.data[at];
    quote[length] = '\0';
    memcpy(sentence, error->text, sizeof(sentence));
    if (length == 0)
        return error_set(error, error->code, "%.400s; the serial line said nothing", sentence);
    return error_set(error, error->code, "%.200s; the serial line ends with:\n%s", sentence, quote);
}

static int wait_for(struct vm *vm, vm_condition enough, const char *what, long patience,
                    struct error *error)
{
    long deadline = now() + patience;
    for (;;) {
        if (enough && enough(vm))
            return 0;
        if (!vm->pid && !enough)
            return 0;
        if (!vm->pid && WIFEXITED(vm->status) && WEXITSTATUS(vm->status) != 0)
            return error_set(error, ESHUTDOWN, "QEMU failed: %.400s",
                             vm->messages.data ? vm->messages.data : "it said nothing");
        if (!vm->pid) {
            error_set(error, ESHUTDOWN, "the guest ended %s%.120s%swhile waiting for %.120s",
                      vm->trouble ? "with \"" : "", vm->trouble ? vm->trouble : "",
                      vm->trouble ? "\" " : "", what);
            return listen_blame(vm, error);
        }
        int code = hear(vm, deadline - now());
        if (code == -EINTR)
            return error_set(error, EINTR, "interrupted while waiting for %s", what);
        if (code == -ETIMEDOUT) {
            error_set(error, ETIMEDOUT, "waited %ld s in vain for %s", patience / 1000, what);
            return listen_blame(vm, error);
        }
        if (code < 0)
            return error_system(error, -code, "cannot listen to QEMU");
    }
}

int listen_until(struct vm *vm, vm_condition enough, const char *what, struct error *error)
{
    return wait_for(vm, enough, what, (long)vm->request.timeout, error);
}

int listen_greet(struct vm *vm, struct error *error)
{
    vm->greeted = false;
    snprintf(vm->nonce, sizeof(vm->nonce), "%x-%u", (unsigned)getpid(), ++vm->greetings);
    int code = bytes_send(vm->lines.agent, "", 0);
    if (code == 0)
        code = frame_send(vm->lines.agent, "HELLO", vm->nonce, strlen(vm->nonce));
    /* QEMU may have ended already, with something better to say; the next wait tells it. */
    return code == 0 || code == -EPIPE ? 0 : error_system(error, -code, "cannot greet the agent");
}

static bool is_decided(const struct vm *vm)
{
    return vm->ready || vm->trouble;
}

int vm_wait_ready(struct vm *vm, struct error *error)
{
    struct error ignored;
    do {
        if (listen_until(vm, is_decided, "the system to come up", error) < 0)
            return -error->code;
        if (vm->ready)
            return 0;
        (void)wait_for(vm, NULL, "the end", LAST_WORDS, &ignored); /* it has failed already */
    } while (!vm->trouble); /* unless it has gone on from rescue meanwhile */
    error_set(error, ENOTRECOVERABLE, "the boot failed with \"%.150s\"", vm->trouble);
    return listen_blame(vm, error);
}

const char *vm_serial(const struct vm *vm)
{
    return vm->serial.data ? vm->serial.data : "";
}

const char *vm_serial_of_boot(const struct vm *vm)
{
    return vm->serial.data ? vm->serial.data + vm->boot_at : "";
}

const char *vm_readiness(const struct vm *vm)
{
    return vm->ready;
}
