/* ebb confirm: this boot is good. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "tool/boot.h"
#include "tool/boots.h"
#include "tool/options.h"
#include "tool/verb.h"

int confirm_mark(struct record *record, uint32_t generation, struct error *error)
{
    struct record_attempt *attempt = record_current(record, generation);
    if (!attempt)
        return error_set(error, ENOENT,
                         "the record knows nothing of this boot of generation %u; it could not be "
                         "written then, see `ebb status`",
                         generation);
    attempt->stage = RECORD_GOOD;
    memset(attempt->text, 0, sizeof(attempt->text));
    record->last_good = generation;
    return 0;
}

/* The boot partition comes after the record: what is lost here, the next `ebb boot sync` does. */
static void follow(const char *config, uint32_t generation, uint32_t before)
{
    struct error error;
    const struct boot_wish wish = {.config = config};
    auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (boot_confirmed((struct target){root, ""}, &wish, generation, before, &error) < 0)
        log_warning("the boot entries stay as they are: %s", error.text);
}

int verb_confirm(int argc, char **argv)
{
    const struct usage usage = {
        .synopsis = "confirm [CONF]",
        .about = "Says that this boot is good. Once a boot was, a generation that is booted and "
                 "never confirmed counts as failed, and after `tries=` of such boots the last good "
                 "one is booted instead.",
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    struct boots boots;
    struct error error;
    if (!boots_open(arena, words ? argv[1] : NULL, &boots))
        return EXIT_NO;
    uint32_t generation = boots.booted.generation, before = boots.record.last_good;
    bool has_entries = boots.config->boot.place.volume != NULL;
    int code = confirm_mark(&boots.record, generation, &error);
    if (code == 0)
        code = record_write(boots.fd, &boots.record, &error);
    boots_close(&boots);
    if (code < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    printf("generation %u is good\n", generation);
    if (has_entries)
        follow(words ? argv[1] : NULL, generation, before);
    return verb_flush(EXIT_DONE);
}
