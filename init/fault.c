#include "init/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/memory.h"

enum { PROGRAM, WORD, SIGNAL, ACTION, AFTER, WORDS };

/* All that the handler needs is made beforehand, since then nothing can be. */
static char action[12], after[12];
static char *words[WORDS + 1] = {"ebb-init", "--after-fault", NULL, action, after, NULL};
static unsigned seconds;
static int ending;  /* of reboot(2) */
static bool is_new; /* this program was executed after a fault */

void fault_policy(const struct rescue *policy)
{
    snprintf(action, sizeof(action), "%d", policy->action);
    snprintf(after, sizeof(after), "%u", policy->after);
    seconds = policy->after / 1000;
    ending = policy->action == RESCUE_POWEROFF ? RB_POWER_OFF : RB_AUTOBOOT;
}

static void tell(const char *what, const char *name)
{
    char line[128];
    char *end = stpcpy(stpcpy(stpcpy(line, "<3>ebb: "), what), name);
    int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    *end++ = '\n';
    if (log >= 0) /* the kernel shows it on the consoles, `quiet` or not */
        (void)!write(log, line, (size_t)(end - line)); /* then nothing is left to tell it */
}

/* Nothing is synced here, which might never end: what PID 1 writes to a volume is synced when it is
 * written. */
_Noreturn static void give_up(void)
{
    tell("rescue: PID 1 failed once more; going down", "");
    for (unsigned left = seconds; left > 0;)
        left = sleep(left);
    reboot(ending);
    for (;;) /* a machine that can do neither */
        pause();
}

/* Uses only what POSIX allows in the middle of anything. */
static void fault(int number)
{
    static volatile sig_atomic_t entered;
    if (getpid() != 1) {
        (void)signal(number, SIG_DFL); /* cannot fail for these */
        (void)raise(number);
        _exit(128 + number);
    }
    if (entered++ > 1)
        reboot(ending); /* even giving up fails */
    if (entered > 1 || is_new)
        give_up();
    words[SIGNAL] = (char *)sigabbrev_np(number);
    tell("rescue: PID 1 was ended by SIG", words[SIGNAL]);
    execv("/proc/self/exe", words); /* also where /init is gone, at the end of the switch */
    execv("/init", words);
    give_up();
}

void fault_catch(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
    static char stack[32768]; /* the fault may be an overflow of the usual one */
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction catch = {.sa_handler = fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* as a handler of the program before may have left it */
    sigaltstack(&alternative, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
        sigaction(faults[i], &catch, NULL);
}

bool fault_was_caught(int count, char **arguments, struct rescue *policy, struct error *error)
{
    if (count != WORDS || strcmp(arguments[WORD], words[WORD]) != 0)
        return false;
    int declared = atoi(arguments[ACTION]);
    is_new = true;
    policy->action =
        declared == RESCUE_REBOOT || declared == RESCUE_POWEROFF ? declared : RESCUE_WAIT;
    policy->after = (unsigned)strtoul(arguments[AFTER], NULL, 10);
    policy->shell = "no"; /* the words may come from the kernel command line, and open nothing */
    error_set(
        error, EFAULT,
        "PID 1 was ended by SIG%.10s, which is a fault in Ebb or in the memory of the machine; "
        "reboot, and report it with the log",
        arguments[SIGNAL]);
    return true;
}
