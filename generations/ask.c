#include "generations/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "generations/attempt.h"
#include "generations/store.h"
#include "generations/trial.h"

enum { AFTER_FAILURE = 5000 };

/* Whoever asked for a generation is not asked again, unless they want that. */
bool ask_is_due(const struct step *step, const struct context *context, const struct record *record,
                unsigned *limit)
{
    const struct rescue *rescue = &context->config->rescue;
    unsigned declared = context->config->generations.menu;
    *limit = context->menu;
    if (!context->chooses || context->continues) /* then it was asked in the kernel before */
        return false;
    if (*limit)
        return true;
    if (step->is_menu && rescue->action != RESCUE_WAIT)
        *limit = rescue->after ? rescue->after : 1;
    else if (!step->is_menu && !step->is_asked)
        *limit = declared || !record_boot_failed(record) ? declared : AFTER_FAILURE;
    return step->is_menu || *limit;
}

/* A trial that somebody puts off is not over. */
static void put_off_trial(int fd, struct record *record, unsigned number)
{
    if (!trial_is_begun(record) || record->trial.generation == number)
        return;
    record->trial.state = TRIAL_WANTED;
    attempt_write(fd, record);
}

void ask_which(struct context *context, int fd, struct record *record, unsigned usual,
               unsigned limit, struct step *step)
{
    struct error error;
    context->generation = NULL; /* it is the boot that waits, and none of them */
    attempt_note(context, RECORD_WAITS, "");
    unsigned number = context->chooses(context, usual, limit);
    if (fd >= 0 && record_read(fd, record, &error) < 0)
        log_warning("ignoring: %s", error.text);
    if (!number)
        return;
    put_off_trial(fd, record, number);
    step->choice = arena_printf(context->arena, "%u", number);
    step->is_asked = true;
}

void ask_heed_init(struct step *step, struct context *context, int fd, struct record *record)
{
    const struct generations *declared = &context->config->generations;
    int volume = context_volume(context, declared->place.volume)->fd;
    const char *choice = context->asked_init ? generation_of_init(context->arena, volume, declared,
                                                                  context->asked_init)
                                             : NULL;
    if (!choice)
        return;
    context->asked_init = NULL;
    if (step->is_asked || step->is_menu || strcmp(choice, "latest") == 0)
        return;
    step->choice = choice;
    step->is_asked = true;
    put_off_trial(fd, record, (unsigned)strtoul(choice, NULL, 10));
}
