#include "init/answer.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/locked.h"
#include "base/memory.h"
#include "base/prompt.h"
#include "mounts/answers.h"

enum { AGAIN = 200 }; /* milliseconds between two looks for a question */

/* Waits until something is asked: whoever is early need not try again. */
static int reach(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = ANSWERS_SOCKET};
    auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool told = false;
    while (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        if (!told)
            puts("nothing is asked yet; waiting");
        told = true;
        fflush(stdout);
        (void)poll(NULL, 0, AGAIN); /* only a pause */
    }
    return TAKE_FD(fd);
}

/* Until it is answered here or elsewhere. False: the terminal has gone. */
static bool watch_prompt(struct prompt *prompt, int server)
{
    enum prompt_state state;
    while ((state = prompt_feed(prompt)) == PROMPT_WAITING) {
        struct pollfd waits[CONSOLE_MAX + 1] = {{.fd = server, .events = POLLIN}};
        size_t count = 1 + prompt_pollfds(prompt, waits + 1, CONSOLE_MAX);
        (void)poll(waits, count, -1); /* both are looked at in any case */
        if (waits[0].revents)
            return true;
    }
    size_t length;
    const char *answer = prompt_answer(prompt, &length);
    return state == PROMPT_ANSWERED && send(server, answer, length, MSG_NOSIGNAL) > 0;
}

/* The terminal stays quiet between two questions, for people type ahead. */
static bool ask(const char *terminal, struct console_input **input, const char *question,
                int server)
{
    struct error error;
    struct prompt *prompt = NULL;
    bool goes_on = false;
    if ((!*input && console_listen_on(&terminal, 1, input, &error) < 0) ||
        prompt_begin(*input, question, &prompt, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
    } else {
        prompt_from_afar(prompt);
        goes_on = watch_prompt(prompt, server);
    }
    prompt_end(prompt);
    return goes_on;
}

/* Without a terminal a line of standard input is the answer. */
static bool pass_line(int server)
{
    struct error error;
    void *memory;
    size_t length = 0;
    if (locked_new(PROMPT_MAX, &memory, &error) < 0)
        return false;
    char *line = memory;
    while (length < PROMPT_MAX && read(STDIN_FILENO, line + length, 1) == 1 && line[length] != '\n')
        length++;
    char more = '\n';
    bool fits = length < PROMPT_MAX || read(STDIN_FILENO, &more, 1) <= 0 || more == '\n';
    if (!fits)
        fprintf(stderr, "this is longer than any passphrase: %d bytes\n", PROMPT_MAX);
    bool goes_on = fits && length > 0 && send(server, line, length, MSG_NOSIGNAL) > 0;
    locked_free(memory, PROMPT_MAX);
    return goes_on;
}

int answer_serve(int count, char **arguments)
{
    if (count != 2 || strcmp(arguments[1], "unlock") != 0)
        return -1;
    char message[ANSWERS_SENTENCE + 2];
    bool opened = false, goes_on = true;
    const char *terminal = ttyname(STDIN_FILENO);
    struct console_input *input = NULL;
    auto_fd server = reach();
    ssize_t got;
    while (goes_on && (got = recv(server, message, sizeof(message) - 1, 0)) > 0) {
        const char *sentence = message + 1;
        message[got] = '\0';
        opened = *message == ANSWERS_OPEN;
        if (*message != ANSWERS_QUESTION)
            puts(sentence);
        fflush(stdout);
        if (*message == ANSWERS_QUESTION)
            goes_on = terminal ? ask(terminal, &input, sentence, server) : pass_line(server);
    }
    console_input_free(input);
    return opened ? 0 : 1;
}
