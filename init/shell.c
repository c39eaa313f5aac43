#include "init/shell.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/prompt.h"

#define PROGRAM "/bin/busybox"

/* Noise on a serial line may have asked for the password, and must not keep the machine here. */
enum { WRONG_SECONDS = 2, PATIENCE = 60 * 1000, NOT_EXECUTED = 127 };

bool shell_is_offered(const char *policy)
{
    return strcmp(policy, "no") != 0 && access(PROGRAM, X_OK) == 0;
}

bool shell_fits(const char *password, const char *hash)
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    if (!data)
        memory_exhausted();
    const char *made = crypt_r(password, hash, data);
    bool same = made && strcmp(made, hash) == 0;
    explicit_bzero(data, sizeof(*data));
    free(data);
    return same;
}

/* Until something was typed, or nobody seems to be there. */
static enum prompt_state wait_for_answer(struct prompt *prompt)
{
    enum prompt_state state;
    unsigned long start = clock_milliseconds(), waited = 0;
    while ((state = prompt_feed(prompt)) == PROMPT_WAITING && waited < PATIENCE) {
        struct pollfd waits[CONSOLE_MAX];
        int wanted = prompt_timeout(prompt), left = (int)(PATIENCE - waited);
        (void)poll(waits, prompt_pollfds(prompt, waits, CONSOLE_MAX),
                   wanted < 0 || wanted > left ? left : wanted); /* the prompt says */
        waited = clock_milliseconds() - start;
    }
    return state;
}

bool shell_ask(const char *policy, struct console_input *input)
{
    struct error error;
    struct prompt *prompt = NULL;
    size_t length;
    if (strcmp(policy, "yes") == 0)
        return true;
    if (prompt_begin(input, "password for the shell: ", &prompt, &error) < 0) {
        log_warning("nobody can be asked for the password: %s", error.text);
        return false;
    }
    bool answered = wait_for_answer(prompt) == PROMPT_ANSWERED;
    bool right = answered && shell_fits(prompt_answer(prompt, &length), policy);
    if (answered && !right) {
        log_warning("a wrong password was given for the rescue shell");
        (void)sleep(WRONG_SECONDS); /* cut short by a signal, it is shorter */
        prompt_say(prompt, "that is not the password");
    }
    prompt_end(prompt);
    return right;
}

/* Whoever used it before may have left it raw, and we read it without waiting. */
static void prepare(int terminal)
{
    struct termios usual;
    if (tcgetattr(terminal, &usual) == 0) {
        usual.c_iflag |= ICRNL | IXON;
        usual.c_oflag |= OPOST | ONLCR;
        usual.c_lflag |= ECHO | ECHOE | ECHOK | ICANON | ISIG | IEXTEN;
        (void)tcsetattr(terminal, TCSANOW, &usual); /* typing blindly is better than nothing */
    }
    (void)fcntl(terminal, F_SETFL, fcntl(terminal, F_GETFL) & ~O_NONBLOCK); /* the same */
}

_Noreturn static void execute(int terminal)
{
    static char *const arguments[] = {"sh", NULL};
    static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=linux",
                                        "HOME=/", "PS1=rescue# ", NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    prepare(terminal);
    (void)ioctl(terminal, TIOCSCTTY, 1); /* without it the shell has no Ctrl-C, and still works */
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
        dup2(terminal, standard);
    execve(PROGRAM, arguments, environment);
    _exit(NOT_EXECUTED);
}

void shell_run(int terminal)
{
    int status = 0;
    console_print("this is the initramfs: the volumes are in /run/ebb/volumes, and `exit` leads "
                  "back\n");
    pid_t child = fork();
    if (child == 0)
        execute(terminal);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NOT_EXECUTED))
        console_print("the shell cannot be started\n");
}
