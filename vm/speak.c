/* Speaking to a machine: commands to its agent, keys to its serial line, QMP to QEMU itself. */
#include <errno.h>
#include <string.h>

#include "vm/machine.h"

static bool is_greeted(const struct vm *vm)
{
    return vm->greeted;
}

static bool is_done(const struct vm *vm)
{
    return vm->outcome.known;
}

int vm_exec(struct vm *vm, const char *command, FILE *out, FILE *err, int *status,
            struct error *error)
{
    if (!vm->ready)
        return error_set(error, ENOTCONN, "the guest is not ready for commands");
    if (!vm->greeted && listen_until(vm, is_greeted, "the agent in the guest", error) < 0)
        return -error->code;
    vm->outcome = (struct vm_outcome){.out = out, .err = err};
    int code = frame_send(vm->lines.agent, "EXEC", command, strlen(command));
    if (code < 0)
        return error_system(error, -code, "cannot send the command \"%.100s\"", command);
    char what[160];
    snprintf(what, sizeof(what), "the command \"%.100s\"", command);
    code = listen_until(vm, is_done, what, error);
    vm->outcome.out = vm->outcome.err = NULL;
    if (code == 0) {
        *status = vm->outcome.status;
        return 0;
    }
    struct error ignored;
    if (vm->pid)
        (void)listen_greet(vm, &ignored); /* ends the command; what failed first is the news */
    return code;
}

/* Where the text ends on the serial line, behind what was found before. */
static const char *find(const struct vm *vm, const char *text)
{
    return vm->serial.data ? screen_find(vm->serial.data + vm->heard, text) : NULL;
}

static bool is_heard(const struct vm *vm)
{
    return find(vm, vm->wanted) != NULL;
}

int vm_wait_serial(struct vm *vm, const char *text, struct error *error)
{
    char what[160];
    snprintf(what, sizeof(what), "\"%.120s\" on the serial line", text);
    vm->wanted = text;
    int code = listen_until(vm, is_heard, what, error);
    vm->wanted = NULL;
    if (code == 0)
        vm->heard = (size_t)(find(vm, text) - vm->serial.data);
    return code;
}

int vm_type(struct vm *vm, const char *text, struct error *error)
{
    int code = bytes_send(vm->lines.serial, text, strlen(text));
    return code < 0 ? error_system(error, -code, "cannot type on the serial line") : 0;
}

/* QEMU writes a line for each reply, and others for events and its greeting. */
static const char *find_reply(const struct vm *vm)
{
    static const char *const replies[] = {"{\"return\":", "{\"error\":"};
    for (const char *line = vm->qmp.data, *end; line && (end = strchr(line, '\n')); line = end + 1)
        for (size_t i = 0; i < ARRAY_LENGTH(replies); i++)
            if (strncmp(line, replies[i], strlen(replies[i])) == 0)
                return line;
    return NULL;
}

static bool is_replied(const struct vm *vm)
{
    return find_reply(vm) != NULL;
}

/* One command at a time, so the next reply is its own. */
static int ask_qemu(struct vm *vm, const char *command, char **answer, struct error *error)
{
    int code = bytes_send(vm->lines.qmp, command, strlen(command));
    if (code == 0)
        code = bytes_send(vm->lines.qmp, "\n", 1);
    if (code < 0)
        return error_system(error, -code, "cannot send QEMU the command %.200s", command);
    if (listen_until(vm, is_replied, "QEMU's reply", error) < 0)
        return -error->code;
    const char *reply = find_reply(vm);
    size_t length = strcspn(reply, "\r\n");
    bool refused = strncmp(reply, "{\"error\"", 8) == 0;
    if (refused)
        error_set(error, EBADRQC, "QEMU refuses %.150s: %.*s", command,
                  (int)(length < 300 ? length : 300), reply);
    else if (answer && !(*answer = strndup(reply, length)))
        memory_exhausted();
    bytes_drop(&vm->qmp, (size_t)(reply - vm->qmp.data) + length);
    return refused ? -error->code : 0;
}

int vm_qmp(struct vm *vm, const char *command, char **answer, struct error *error)
{
    if (!vm->pid)
        return error_set(error, ESHUTDOWN, "QEMU does not run");
    if (!vm->qmp_open && ask_qemu(vm, "{\"execute\": \"qmp_capabilities\"}", NULL, error) < 0)
        return -error->code;
    vm->qmp_open = true;
    return ask_qemu(vm, command, answer, error);
}
