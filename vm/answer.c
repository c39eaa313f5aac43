/* The person at the console, as far as one is needed: who types the passphrase when PID 1 asks. */
#include <string.h>

#include "vm/machine.h"

/* Somebody who was wrong three times will be wrong again. */
enum { MOST_ANSWERS = 3 };

/* A row that was wiped is the same question, which is drawn again below some news. */
static bool is_wiped(const char *answer)
{
    return strncmp(answer + strspn(answer, "*"), "\033[K", 3) == 0;
}

static unsigned count_questions(const char *screen)
{
    static const char beginning[] = "passphrase for the volume", end[] = "): ";
    unsigned count = 0;
    for (const char *at = screen; (at = strstr(at, beginning)); at++) {
        const char *answer = strstr(at, end);
        if (answer && answer < at + strcspn(at, "\n") && !is_wiped(answer + strlen(end)))
            count++;
    }
    return count;
}

void answer_questions(struct vm *vm)
{
    const char *passphrase = vm->request.passphrase;
    auto_arena arena = arena_new();
    if (!passphrase || vm->ready || count_questions(vm_screen(vm, arena)) <= vm->answers)
        return;
    if (vm->answers == MOST_ANSWERS) {
        vm->trouble = "the passphrase was typed three times, and PID 1 asks for another one";
        return;
    }
    vm->answers++;
    (void)bytes_send(vm->lines.serial, passphrase, strlen(passphrase)); /* QEMU may have ended, */
    (void)bytes_send(vm->lines.serial, "\n", 1); /* which the wait that heard this will tell */
}
