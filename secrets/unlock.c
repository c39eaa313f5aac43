#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/locked.h"
#include "base/log.h"
#include "base/prompt.h"
#include "base/text.h"
#include "secrets/keys.h"

enum { TRIES = 3 };

/* False: nobody has typed anything for as long as that, or nobody can any more. */
static bool wait_for_answer(struct prompt *prompt, unsigned limit)
{
    for (unsigned long since = clock_milliseconds();;) {
        struct pollfd fds[CONSOLE_MAX];
        unsigned long waited = clock_milliseconds() - since;
        if (limit && waited >= limit)
            return false;
        int soon = prompt_timeout(prompt), left = limit ? (int)(limit - waited) : -1;
        size_t count = prompt_pollfds(prompt, fds, CONSOLE_MAX);
        if (poll(fds, count, soon >= 0 && (left < 0 || soon < left) ? soon : left) > 0)
            since = clock_milliseconds();
        switch (prompt_feed(prompt)) {
        case PROMPT_WAITING:
            break;
        case PROMPT_ANSWERED:
            return true;
        case PROMPT_GONE:
            return false;
        }
    }
}

/* 0; -EKEYREJECTED: it is another one; else it cannot be opened by any. */
static int try_passphrase(struct arena *arena, const struct worker_file *file,
                          const struct secret *passphrase, struct secret *text, struct error *error)
{
    static const struct secret_entry all = {.name = "a key"}, *const wanted[] = {&all};
    const struct worker_job job = {
        .file = *file, .passphrase = passphrase, .wanted = wanted, .count = 1};
    struct worker_result result = {0};
    void *memory;
    int code = worker_run(arena, &job, &result, error);
    const struct worker_answer *answer = result.answers;
    if (code == 0 && answer->fault == FAULT_NO_MATCH)
        code = error_set(error, EKEYREJECTED, "wrong passphrase");
    else if (code == 0 && answer->fault != FAULT_NONE)
        code = error_set(error, EINVAL, "the key \"%s\" cannot be unlocked: %.300s", file->name,
                         answer->reason);
    else if (code == 0 && (code = locked_new(answer->value.length + 1, &memory, error)) == 0)
        *text = (struct secret){memcpy(memory, answer->value.bytes, answer->value.length),
                                answer->value.length};
    worker_end(&result);
    return code;
}

static int ask(const struct secrets_key *key, const struct worker_file *file, struct arena *arena,
               struct prompt *prompt, struct secret *text, struct error *error)
{
    size_t length;
    for (unsigned tries = 1;; tries++) {
        if (!wait_for_answer(prompt, key->wait))
            return error_set(error, ENOKEY,
                             "the key \"%s\" stays locked, because nobody gave its passphrase "
                             "within %s; start again, or declare more with wait=",
                             file->name, text_duration(key->wait).text);
        const char *answer = prompt_answer(prompt, &length);
        prompt_say(prompt, "trying the passphrase ...");
        const struct secret passphrase = {(unsigned char *)answer, length};
        int code = try_passphrase(arena, file, &passphrase, text, error);
        if (code != -EKEYREJECTED)
            return code;
        if (tries == TRIES)
            return error_set(error, ENOKEY,
                             "the key \"%s\" stays locked after %u wrong passphrases; start again",
                             file->name, tries);
        prompt_again(prompt, "wrong passphrase");
    }
}

int keys_ask(const struct secrets_key *key, const struct worker_file *file, struct context *context,
             struct secret *text, struct error *error)
{
    struct console_input *input = NULL;
    struct prompt *prompt = NULL;
    const char *question =
        arena_printf(context->arena, "passphrase for the key \"%s\": ", file->name);
    int code = context->terminal ? console_listen_on(&context->terminal, 1, &input, error)
                                 : console_listen(&input, error);
    if (code == 0)
        code = prompt_begin(input, question, &prompt, error);
    if (code < 0)
        return error_prefix(error,
                            "the key \"%s\" stays locked, because nobody can be asked for its "
                            "passphrase",
                            file->name);
    log_info("asking for the passphrase of the key \"%s\"", file->name);
    context_wait(context, true);
    code = ask(key, file, context->arena, prompt, text, error);
    context_wait(context, false);
    prompt_end(prompt);
    console_input_free(input);
    return code;
}
