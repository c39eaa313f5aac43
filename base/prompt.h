/* A question for a secret, asked on all consoles at once, as a part of the caller's poll loop: PID
 * 1 goes on with other things meanwhile. Every console has a line of its own, so that two people
 * who type do not mix; the first Enter wins.
 *
 * Backspace, Ctrl-U and Escape edit; Tab switches between stars and nothing. There are no more
 * stars than the row has room for, because a terminal cannot go back over its edge. */
#ifndef EBB_BASE_PROMPT_H
#define EBB_BASE_PROMPT_H

#include "base/console.h"

enum { PROMPT_MAX = 512 }; /* bytes of an answer; further keys beep */

struct prompt;

enum prompt_state {
    PROMPT_WAITING,
    PROMPT_ANSWERED, /* until prompt_again or prompt_end; keys wait meanwhile */
    PROMPT_GONE,     /* every console has hung up */
};

/* Shows the question. `input` stays the caller's, and must outlive the prompt. */
int prompt_begin(struct console_input *input, const char *question, struct prompt **prompt,
                 struct error *error);
/* Whoever answers is not at this machine: nothing is said of its keyboards. */
void prompt_from_afar(struct prompt *prompt);
/* Wipes all that was typed, and ends the lines; accepts NULL. */
void prompt_end(struct prompt *prompt);

/* What poll(2) should wait for before prompt_feed: nothing once it is answered. */
size_t prompt_pollfds(const struct prompt *prompt, struct pollfd *fds, size_t room);
/* In how many milliseconds prompt_feed wants to be called without a key; -1: never. */
int prompt_timeout(const struct prompt *prompt);
/* Takes the keys that were pressed; there may be none. */
enum prompt_state prompt_feed(struct prompt *prompt);
/* The bytes that won, with a NUL behind them, in locked memory until prompt_again or prompt_end;
 * NULL as long as nothing has. */
const char *prompt_answer(const struct prompt *prompt, size_t *length);

/* A line of news above the question, which is drawn again with its stars. */
void prompt_say(struct prompt *prompt, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The answer was wrong: wipes it, says why, and asks again. What others are typing stays. */
void prompt_again(struct prompt *prompt, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
