/* What a struct vm is made of, for the few files that share it: command.c writes QEMU's command
 * line, qemu.c starts and ends it, listen.c hears it, answer.c types for it, console.c joins a
 * terminal to it. */
#ifndef EBB_VM_MACHINE_H
#define EBB_VM_MACHINE_H

#include <sys/types.h>

#include "base/memory.h"
#include "vm/frame.h"
#include "vm/qemu.h"

enum { NONCE_SIZE = 16 };

/* What is different about QEMU on each kind of machine. */
struct arch {
    const char *machine; /* as uname(2) says it */
    const char *program, *package;
    const char *type;            /* of machine */
    const char *console;         /* the serial line's name in the kernel */
    const char *keyboard;        /* NULL: there is one in any case */
    struct vm_firmware firmware; /* as its package has it */
    const char *firmware_package;
    const char *efi; /* the suffix of its programs */
};

/* The descriptors that QEMU is given, as it sees them. */
struct lines {
    int serial, agent, qmp;
};

/* What came of a command in the guest. */
struct vm_outcome {
    FILE *out, *err;
    bool known;
    int status;
};

struct vm {
    struct arena *arena;
    struct vm_request request; /* a copy of its own */
    const struct arch *arch;
    const char *program;
    bool kvm;
    int *overlays; /* by disk: the file of its changes, for a snapshot */

    pid_t pid;          /* of QEMU, 0 while it does not run */
    int process;        /* its pidfd; this and all below are -1 while there is none */
    struct lines lines; /* our ends */
    int messages_fd;    /* QEMU's own standard error */
    int log;
    int keyboard;         /* the terminal, while one is attached */
    bool escaped, detach; /* C-a was pressed; and then x */

    struct bytes serial;
    size_t boot_at, heard; /* in serial: where this boot begins, how far a wait has looked */
    const char *wanted;    /* on the serial line, while somebody waits for it */
    size_t judged;         /* in serial: how far it was looked through for bad news */
    unsigned answers;      /* how often the passphrase was typed in this boot */
    const char *trouble;   /* the line that says that this boot has failed */
    struct bytes messages;
    struct bytes qmp;
    bool qmp_open;
    struct frame_reader frames;
    unsigned greetings;
    char nonce[NONCE_SIZE];
    bool greeted, answered; /* by the agent */
    const char *ready;
    struct vm_outcome outcome;
    int status; /* QEMU's, once it has ended */
};

/* command.c */
const struct arch *arch_of_host(void);
/* All parameters of the kernel: ours, and `append` (may be NULL). */
const char *command_parameters(struct arena *arena, const struct arch *arch, const char *append);
/* The words of QEMU's command line, NULL-terminated, belonging to vm->arena. */
const char *const *command_line(const struct vm *vm, struct lines lines);

/* listen.c */
typedef bool (*vm_condition)(const struct vm *vm);
/* Hears what comes until the condition holds; `what` is what is waited for. */
int listen_until(struct vm *vm, vm_condition enough, const char *what, struct error *error);
/* Asks the agent to say that it hears us, and believes nothing until it does. */
int listen_greet(struct vm *vm, struct error *error);
/* Reads what is left when QEMU has ended, and closes the lines. */
void listen_to_the_end(struct vm *vm);
/* Puts the last lines of the serial line behind the sentence. */
int listen_blame(const struct vm *vm, struct error *error);

/* answer.c: types the passphrase if PID 1 asks for it. */
void answer_questions(struct vm *vm);

/* screen.c: where `text` ends in what the serial line said, even if a line of the kernel stands in
 * the middle of it; NULL if it is not there. */
const char *screen_find(const char *serial, const char *text);

/* console.c: what was typed at the terminal. */
void console_keys(struct vm *vm);

#endif
