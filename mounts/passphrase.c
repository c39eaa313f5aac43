#include "mounts/passphrase.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/locked.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/prompt.h"
#include "mounts/answers.h"
#include "mounts/luks.h"

enum { KEPT = 16, PAUSE = 1000, MOST_PAUSES = 5, HOPE = 2000, LOOK_AGAIN = 1000 };

struct passphrase {
    char bytes[PROMPT_MAX + 1];
    size_t length;
    bool known; /* false: it was forgotten */
    bool fits;
};

struct passphrases {
    struct passphrase list[KEPT]; /* by number, modulo KEPT */
    struct console_input *input;  /* quiet from the first question to the last */
    struct prompt *prompt;        /* NULL where there is no console to ask on */
    struct answers answers;       /* from elsewhere */
    bool asked;                   /* the question is up */
    bool answered;                /* it is, and its answer is being tried */
    bool nobody;                  /* there is no console */
    unsigned long again;          /* when the next question may be asked */
};

unsigned passphrase_count(const struct watch *watch)
{
    return watch->typed_count;
}

/* NULL if it was forgotten, or was never typed. */
static struct passphrase *find(const struct watch *watch, unsigned number)
{
    bool kept = number < watch->typed_count && watch->typed_count - number <= KEPT;
    struct passphrase *found = kept && watch->typed ? &watch->typed->list[number % KEPT] : NULL;
    return found && found->known ? found : NULL;
}

const char *passphrase_get(const struct watch *watch, unsigned number, size_t *length)
{
    const struct passphrase *found = find(watch, number);
    if (!found)
        return NULL;
    *length = found->length;
    return found->bytes;
}

void passphrase_fits(struct watch *watch, unsigned number)
{
    struct passphrase *found = find(watch, number);
    if (found) /* else it was wiped meanwhile */
        found->fits = true;
}

static struct passphrase *next_place(const struct watch *watch)
{
    return &watch->typed->list[watch->typed_count % KEPT];
}

/* Its bytes are in the next place already. */
static void keep(struct watch *watch, size_t length)
{
    struct passphrase *place = next_place(watch);
    place->length = length;
    place->known = true;
    place->fits = false;
    watch->typed_count++;
    watch->typed->answered = true;
}

/* Whether a passphrase could open the container. */
static bool is_locked(const struct watch *watch, const struct volume *volume)
{
    const struct progress *progress = &watch->volumes[volume->number];
    return volume->luks && progress->stage == VOLUME_FOUND && !progress->error.code &&
           luks_is_readable(watch, volume);
}

/* Whether it has nothing left to try, and waits for a person. */
static bool is_wanting(const struct watch *watch, const struct volume *volume)
{
    const struct progress *progress = &watch->volumes[volume->number];
    return is_locked(watch, volume) && !progress->attempt.child &&
           progress->tried >= passphrase_count(watch);
}

/* Whether its key may be on a stick that the bus is still finding: asking at once would only
 * startle people. */
static bool may_still_come(const struct watch *watch, const struct volume *volume)
{
    const struct volume *keys = volume->luks->key.place.volume;
    unsigned long since = watch->stirred ? watch->stirred : watch->begun;
    return keys && watch->volumes[keys->number].stage == VOLUME_AWAITED &&
           clock_milliseconds() - since < HOPE;
}

struct need {
    bool any, trying;
    char volumes[200]; /* "state" (/dev/vda2), …; a question has no room for more */
    size_t count;
};

static struct need find_need(const struct watch *watch)
{
    struct need need = {0};
    size_t length = 0;
    for (size_t i = 0; i < watch->context->config->volume_count; i++) {
        const struct volume *volume = watch->context->config->volumes[i];
        const struct progress *progress = &watch->volumes[i];
        need.trying |=
            progress->attempt.child || (is_locked(watch, volume) && !is_wanting(watch, volume));
        if (!is_wanting(watch, volume) || length >= sizeof(need.volumes))
            continue;
        need.any |= !may_still_come(watch, volume);
        int written =
            snprintf(need.volumes + length, sizeof(need.volumes) - length, "%s\"%s\" (%s)",
                     need.count++ ? ", " : "", volume->name, progress->device);
        length += written > 0 ? (size_t)written : 0;
    }
    return need;
}

static struct passphrases *typed_of(struct watch *watch)
{
    struct error error;
    void *memory;
    if (watch->typed)
        return watch->typed;
    if (locked_new(sizeof(*watch->typed), &memory, &error) < 0) {
        log_error("%s: nobody can be asked", error.text);
        return NULL;
    }
    return watch->typed = memory;
}

static void ask_consoles(struct passphrases *typed, const char *question)
{
    struct error error;
    if (typed->nobody)
        return;
    if ((!typed->input && console_listen(&typed->input, &error) < 0) ||
        prompt_begin(typed->input, question, &typed->prompt, &error) < 0) {
        log_warning("%s: nobody can be asked for a passphrase%s", error.text,
                    typed->answers.listens ? " at this machine" : "");
        typed->nobody = true;
    }
}

/* Somebody elsewhere is asked as long as a hook may bring them. */
static bool is_asked_elsewhere(const struct watch *watch)
{
    return watch->typed->answers.listens && context_has_background(watch->context);
}

/* The hooks that bring people come last, when there is somebody to speak with. */
static void ask_elsewhere(struct watch *watch, const char *question)
{
    struct context *context = watch->context;
    struct answers *answers = &watch->typed->answers;
    struct error error;
    if (answers_wanted(context->config) && answers_listen(answers, &error) < 0)
        log_warning("ignoring: %s", error.text);
    answers_tell(answers, ANSWERS_QUESTION, question);
    if (context->asks_first)
        context->asks_first(context);
    context->asks_first = NULL;
}

static void begin(struct watch *watch, const struct need *need)
{
    struct passphrases *typed = typed_of(watch);
    char question[sizeof(need->volumes) + 50];
    if (!typed || clock_milliseconds() < typed->again ||
        (typed->nobody && !is_asked_elsewhere(watch)))
        return;
    snprintf(question, sizeof(question),
             "passphrase for the volume%s %s: ", need->count > 1 ? "s" : "", need->volumes);
    ask_elsewhere(watch, question);
    ask_consoles(typed, question);
    typed->asked = typed->prompt || is_asked_elsewhere(watch);
    if (!typed->asked)
        return;
    log_info("asking for the passphrase of the volume%s %s", need->count > 1 ? "s" : "",
             need->volumes);
}

static void end(struct passphrases *typed)
{
    prompt_end(TAKE_PTR(typed->prompt));
    typed->asked = typed->answered = false;
}

/* Whatever was typed last has been tried on every container. */
static void judge(struct watch *watch)
{
    struct passphrases *typed = watch->typed;
    const struct need need = find_need(watch);
    struct passphrase *last = find(watch, watch->typed_count - 1);
    bool fits = last && last->fits;
    unsigned most = 0;
    for (size_t i = 0; i < watch->context->config->volume_count; i++) {
        const struct volume *volume = watch->context->config->volumes[i];
        struct progress *progress = &watch->volumes[i];
        if (fits || !is_wanting(watch, volume))
            continue;
        progress->wrong++;
        if (progress->wrong > most)
            most = progress->wrong;
        if (volume->luks->tries && progress->wrong >= volume->luks->tries)
            (void)error_set(&progress->error, ECANCELED, /* by a person */
                            "the volume \"%s\" on %s stays locked after %u wrong passphrase%s; "
                            "retry, or declare more with luks tries=",
                            volume->name, progress->device, progress->wrong,
                            progress->wrong > 1 ? "s" : "");
    }
    if (!fits && last)
        explicit_bzero(last, sizeof(*last));
    end(typed); /* the next question names what is left */
    if (fits || !need.count) {
        answers_tell(&typed->answers, ANSWERS_OPEN, "opened"); /* by it; or a key was faster */
        return;
    }
    char news[sizeof(need.volumes) + 50];
    snprintf(news, sizeof(news), "wrong passphrase for the volume%s %s", need.count > 1 ? "s" : "",
             need.volumes);
    console_print("%s\n", news);
    answers_tell(&typed->answers, ANSWERS_WRONG, news);
    typed->again = clock_milliseconds() + PAUSE * (most > MOST_PAUSES ? MOST_PAUSES
                                                   : most > 0         ? most - 1UL
                                                                      : 0);
}

static void take_keys(struct watch *watch)
{
    struct passphrases *typed = watch->typed;
    size_t length;
    switch (prompt_feed(typed->prompt)) {
    case PROMPT_WAITING:
        break;
    case PROMPT_ANSWERED: {
        const char *answer = prompt_answer(typed->prompt, &length);
        memcpy(next_place(watch)->bytes, answer, length);
        keep(watch, length);
        break;
    }
    case PROMPT_GONE:
        log_warning("every console has hung up: nobody can be asked for a passphrase%s",
                    typed->answers.listens ? " at this machine" : "");
        typed->nobody = true;
        prompt_end(TAKE_PTR(typed->prompt));
        typed->asked = is_asked_elsewhere(watch);
        break;
    }
}

static void take_answer(struct watch *watch)
{
    struct passphrases *typed = watch->typed;
    size_t length = answers_take(&typed->answers, next_place(watch)->bytes, PROMPT_MAX);
    if (length)
        keep(watch, length);
    else if (typed->prompt)
        take_keys(watch);
    else if (!is_asked_elsewhere(watch))
        end(typed); /* so that the time of the volume runs again */
}

void passphrase_ask(struct watch *watch)
{
    struct passphrases *typed = watch->typed;
    struct need need = find_need(watch);
    if (typed && typed->asked && typed->answered && !need.trying) {
        judge(watch);
        need = find_need(watch);
    } else if (typed && typed->asked && !typed->answered) {
        if (need.any || need.trying) {
            take_answer(watch);
        } else {
            end(typed); /* a key has come first */
            answers_tell(&typed->answers, ANSWERS_OPEN, "opened by a key");
        }
    }
    if (need.any && !need.trying && !(typed && typed->asked))
        begin(watch, &need);
}

bool passphrase_is_asked(const struct watch *watch)
{
    return watch->typed && (watch->typed->asked || watch->typed->again > clock_milliseconds());
}

size_t passphrase_pollfds(const struct watch *watch, struct pollfd *fds, size_t room)
{
    const struct passphrases *typed = watch->typed;
    if (!typed || !typed->asked || typed->answered)
        return 0;
    size_t count = typed->prompt ? prompt_pollfds(typed->prompt, fds, room) : 0;
    return count + answers_pollfds(&typed->answers, fds + count, room - count);
}

int passphrase_timeout(const struct watch *watch)
{
    const struct passphrases *typed = watch->typed;
    unsigned long now = clock_milliseconds();
    if (typed && typed->prompt && !typed->answered)
        return prompt_timeout(typed->prompt);
    if (typed && typed->asked && !typed->answered)
        return LOOK_AGAIN; /* whether there is still somebody elsewhere */
    return typed && typed->again > now ? (int)(typed->again - now) : -1;
}

void passphrase_hush(struct watch *watch)
{
    if (!watch->typed)
        return;
    end(watch->typed);
    answers_close(&watch->typed->answers);
    console_input_free(TAKE_PTR(watch->typed->input));
    watch->typed->nobody = false; /* a console may be there the next time */
}

void passphrase_forget(struct watch *watch)
{
    struct passphrases *typed = watch->typed;
    if (!typed)
        return;
    passphrase_hush(watch);
    locked_free(typed, sizeof(*typed));
    watch->typed = NULL;
}
