/* The terminal on the serial line, as `screen` and QEMU's own console do it: C-a is for us. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/path.h"
#include "vm/machine.h"

enum { ESCAPE = 1 /* C-a */, FOR_EVER = 24 * 60 * 60 * 1000 };

static const char help[] = "\r\nC-a x    end the machine\r\n"
                           "C-a b    send a break\r\n"
                           "C-a C-a  send C-a\r\n";

/* What the key behind C-a asks for. */
static void obey(struct vm *vm, char key)
{
    struct error error;
    switch (key) {
    case 'x':
    case 'X':
        vm->detach = true;
        break;
    case 'b':
    case 'B':
        if (vm_qmp(vm, "{\"execute\": \"chardev-send-break\", \"arguments\": {\"id\": \"serial\"}}",
                   NULL, &error) < 0)
            dprintf(STDERR_FILENO, "\r\nebb: %s\r\n", error.text);
        break;
    case ESCAPE:
        (void)bytes_send(vm->lines.serial, &key, 1); /* its end is heard elsewhere */
        break;
    default:
        (void)path_write_all(STDERR_FILENO, help, strlen(help)); /* no other place to say it */
        break;
    }
}

void console_keys(struct vm *vm)
{
    char keys[256];
    ssize_t count = read(vm->keyboard, keys, sizeof(keys));
    if (count <= 0) {
        vm->detach = count == 0 || errno != EINTR;
        return;
    }
    for (ssize_t i = 0; i < count && !vm->detach; i++) {
        if (vm->escaped) {
            vm->escaped = false;
            obey(vm, keys[i]);
        } else if (keys[i] == ESCAPE) {
            vm->escaped = true;
        } else {
            (void)bytes_send(vm->lines.serial, &keys[i], 1); /* its end is heard elsewhere */
        }
    }
}

static bool is_left(const struct vm *vm)
{
    return vm->detach || !vm->pid;
}

int vm_console(struct vm *vm, struct error *error)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return error_system(error, errno, "standard input is no terminal to join the console to");
    struct termios raw = before;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
        return error_system(error, errno, "cannot switch the terminal");
    unsigned timeout = vm->request.timeout;
    bool echo = vm->request.echo;
    vm->request.timeout = FOR_EVER;
    vm->request.echo = true;
    vm->keyboard = STDIN_FILENO;
    vm->escaped = vm->detach = false;
    int code = listen_until(vm, is_left, "the end of the console", error);
    vm->keyboard = -1;
    vm->request.timeout = timeout;
    vm->request.echo = echo;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* a terminal that went needs no care */
    return code;
}
