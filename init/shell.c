#include "init/shell.h"

#include <crypt.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/prompt.h"

enum { PAUSE = 2 };

bool shell_is_allowed(const char *policy)
{
    return strcmp(policy, "no") != 0;
}

static bool fits(const char *password, const char *hash)
{
    struct crypt_data data = {0};
    const char *made = crypt_r(password, hash, &data);
    bool same = made && strcmp(made, hash) == 0;
    explicit_bzero(&data, sizeof(data));
    return same;
}

bool shell_ask(const char *policy, struct console_input *input)
{
    struct error error;
    struct prompt *prompt = NULL;
    if (strcmp(policy, "yes") == 0)
        return true;
    if (prompt_begin(input, "password for the shell: ", &prompt, &error) < 0) {
        log_warning("nobody can be asked for the password: %s", error.text);
        return false;
    }
    enum prompt_state state;
    while ((state = prompt_feed(prompt)) == PROMPT_WAITING) {
        struct pollfd waits[CONSOLE_MAX];
        (void)poll(waits, prompt_pollfds(prompt, waits, CONSOLE_MAX),
                   prompt_timeout(prompt)); /* the prompt is asked in any case */
    }
    size_t length;
    bool right = state == PROMPT_ANSWERED && fits(prompt_answer(prompt, &length), policy);
    prompt_end(prompt);
    if (!right && state == PROMPT_ANSWERED) {
        log_warning("a wrong password was given for the rescue shell");
        (void)sleep(PAUSE); /* cut short by a signal, it is shorter */
    }
    return right;
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
    (void)ioctl(terminal, TIOCSCTTY, 1); /* without it the shell has no Ctrl-C, and still works */
    for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
        dup2(terminal, standard);
    execve(SHELL_PROGRAM, arguments, environment);
    _exit(127);
}

void shell_run(int terminal)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        execute(terminal);
    if (child < 0) {
        log_error("cannot start a shell: %s", strerror(errno));
        return;
    }
    console_print("this is the initramfs; the state volume, if it is mounted, is below "
                  "/run/ebb/volumes; `exit` leads back\n");
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        console_print("there is no shell in this image; it was built without `rescue shell=`\n");
}
