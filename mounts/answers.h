/* People who answer the question for a passphrase from elsewhere: a background hook brings them,
 * over the network, to a socket that only root can reach (init/answer.h speaks to it).
 *
 * Every message is a record. A person's is a passphrase; ours begins with a byte that says what it
 * is, and goes on with a sentence. */
#ifndef EBB_MOUNTS_ANSWERS_H
#define EBB_MOUNTS_ANSWERS_H

#include <poll.h>
#include <stdbool.h>

#include "plan/config.h"

#define ANSWERS_SOCKET "/run/ebb/ask"

enum answers_word { ANSWERS_QUESTION = '?', ANSWERS_WRONG = '-', ANSWERS_OPEN = '+' };

enum { ANSWERS_MOST = 4, ANSWERS_SENTENCE = 300 }; /* people at once; bytes of a message */

struct answers {
    bool listens;
    int socket;
    int people[ANSWERS_MOST];        /* 0: nobody */
    char question[ANSWERS_SENTENCE]; /* for who comes later; "" while nothing is asked */
};

/* Whether a hook may bring somebody. */
bool answers_wanted(const struct config *config);
int answers_listen(struct answers *answers, struct error *error);
/* Says goodbye to everybody. */
void answers_close(struct answers *answers);
void answers_tell(struct answers *answers, enum answers_word word, const char *sentence);

/* What poll(2) should wait for before answers_take. */
size_t answers_pollfds(const struct answers *answers, struct pollfd *fds, size_t room);
/* Lets in who has come, and takes one answer; its length, 0 if there is none. */
size_t answers_take(struct answers *answers, char *bytes, size_t room);

#endif
