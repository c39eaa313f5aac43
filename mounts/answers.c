#include "mounts/answers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"

bool answers_wanted(const struct config *config)
{
    bool wanted = false;
    for (size_t i = 0; i < config->hook_count; i++)
        wanted |= config->hooks[i]->background;
    return wanted;
}

int answers_listen(struct answers *answers, struct error *error)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = ANSWERS_SOCKET};
    if (answers->listens)
        return 0;
    auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)unlink(ANSWERS_SOCKET); /* of a question before, if there was one */
    mode_t before = umask(0177);
    bool listens = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                   listen(fd, ANSWERS_MOST) == 0;
    int reason = errno;
    umask(before);
    if (!listens)
        return error_system(error, reason, "cannot listen at \"%s\"", ANSWERS_SOCKET);
    *answers = (struct answers){.listens = true, .socket = TAKE_FD(fd)};
    return 0;
}

static void leave(int *person)
{
    close(*person);
    *person = 0;
}

void answers_close(struct answers *answers)
{
    if (!answers->listens)
        return;
    for (size_t i = 0; i < ANSWERS_MOST; i++)
        if (answers->people[i])
            leave(&answers->people[i]);
    close(answers->socket);
    (void)unlink(ANSWERS_SOCKET); /* nobody answers there any more */
    *answers = (struct answers){0};
}

static void tell(int *person, enum answers_word word, const char *sentence)
{
    char text[ANSWERS_SENTENCE + 1];
    int length = snprintf(text, sizeof(text), "%c%s", (char)word, sentence);
    size_t size = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    if (send(*person, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        leave(person); /* who does not listen need not answer */
}

void answers_tell(struct answers *answers, enum answers_word word, const char *sentence)
{
    snprintf(answers->question, sizeof(answers->question), "%s",
             word == ANSWERS_QUESTION ? sentence : "");
    for (size_t i = 0; i < ANSWERS_MOST; i++) {
        /* What was said while another answer was tried is none to this question. */
        while (word == ANSWERS_QUESTION && answers->people[i] &&
               recv(answers->people[i], NULL, 0, MSG_DONTWAIT | MSG_TRUNC) > 0)
            continue;
        if (answers->people[i])
            tell(&answers->people[i], word, sentence);
    }
}

size_t answers_pollfds(const struct answers *answers, struct pollfd *fds, size_t room)
{
    size_t count = 0;
    if (answers->listens && count < room)
        fds[count++] = (struct pollfd){.fd = answers->socket, .events = POLLIN};
    for (size_t i = 0; i < ANSWERS_MOST && count < room; i++)
        if (answers->people[i])
            fds[count++] = (struct pollfd){.fd = answers->people[i], .events = POLLIN};
    return count;
}

static void let_in(struct answers *answers)
{
    for (int person; (person = accept4(answers->socket, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        int *place = NULL;
        for (size_t i = 0; i < ANSWERS_MOST; i++)
            if (!answers->people[i])
                place = &answers->people[i];
        if (!place) {
            close(person);
            continue;
        }
        *place = person;
        if (*answers->question)
            tell(place, ANSWERS_QUESTION, answers->question);
    }
}

size_t answers_take(struct answers *answers, char *bytes, size_t room)
{
    if (!answers->listens)
        return 0;
    let_in(answers);
    for (size_t i = 0; i < ANSWERS_MOST; i++) {
        int *person = &answers->people[i];
        ssize_t got = *person ? recv(*person, bytes, room, MSG_DONTWAIT) : 0;
        if (got > 0)
            return (size_t)got;
        if (*person && (got == 0 || (errno != EAGAIN && errno != EINTR)))
            leave(person);
    }
    return 0;
}
