/* ebb new: a generation from another one, by a command. */
#include "tool/new.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "plan/value.h"
#include "tool/counter.h"
#include "tool/verb.h"

/* What interrupts us comes as something to read, from now on. */
static int catch_signals(sigset_t *before, struct error *error)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t caught;
    sigemptyset(&caught);
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        sigaddset(&caught, ends[i]);
    sigprocmask(SIG_BLOCK, &caught, before);
    int fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? error_system(error, errno, "cannot wait for signals") : fd;
}

/* What came has had its effect. */
static void release_signals(int stop, const sigset_t *before)
{
    struct signalfd_siginfo taken;
    while (read(stop, &taken, sizeof(taken)) > 0)
        ;
    sigprocmask(SIG_SETMASK, before, NULL);
}

static int seal(const struct making *making, const struct generation_facts *facts, int stop,
                struct error *error)
{
    struct counter counter;
    struct copy_progress *progress =
        counter_begin(&counter, "making the tree whole", "", (struct amount){0});
    int code = making_seal(making, progress, stop, error);
    counter_end(&counter);
    return code < 0 ? code : new_config(making, facts->parent, error);
}

static int make(const struct store_place *place, const struct generation_facts *facts,
                unsigned *number, struct error *error)
{
    sigset_t before;
    struct error second;
    struct making making;
    struct new_needs needs;
    auto_fd stop = catch_signals(&before, error);
    if (stop < 0)
        return stop;
    int code = making_begin(place->store, facts, &making, error);
    if (code == 0) {
        needs = new_needs_of(making.workplace, facts->init);
        code = making_run(&making, facts, stop, error);
    }
    if (code == 0)
        code = seal(&making, facts, stop, error);
    if (code == 0)
        code = new_needs_check(making.tree, facts->init, &needs, error);
    making_close(&making);
    if (code == 0)
        code = generation_commit(place->store, number, error);
    if (code < 0 && generation_abandon(place->store, &second) < 0)
        log_warning("%s; the next `ebb new` tries again", second.text);
    release_signals(stop, &before);
    return code;
}

static const char *command_text(struct arena *arena, const char *const *command)
{
    const char *text = command[0];
    for (size_t i = 1; command[i]; i++)
        text = arena_printf(arena, "%s %s", text, command[i]);
    return text;
}

static int choose(const struct store_place *place, const char *from,
                  const struct generation **generation, struct error *error)
{
    if (!from)
        from = place->booted ? arena_printf(place->arena, "%u", place->booted) : "latest";
    return place_choose(place, from, generation, error);
}

static int begin(struct store_place *place, const struct new_wish *wish, FILE *out,
                 struct error *error)
{
    unsigned number = 0;
    const struct generation *from = NULL;
    int code = place_check_own(place, error);
    if (code == 0)
        code = choose(place, wish->from, &from, error);
    if (code < 0 || !from)
        return code;
    if (wish->dry_run) {
        fprintf(out, "a generation would be made from %u by: %s\n", from->number,
                command_text(place->arena, wish->command));
        return 0;
    }
    const struct generation_facts facts = {wish->label, from->init, from->number, wish->command};
    code = make(place, &facts, &number, error);
    if (code < 0)
        return error_prefix(error, "nothing is made");
    fprintf(out, "generation %u is made from %u\n", number, from->number);
    if (place->record.chosen)
        fprintf(out, "what `ebb rollback` has chosen is over\n");
    return place_clear_choice(place, error);
}

int new_make(struct target root, const struct new_wish *wish, FILE *out)
{
    auto_arena arena = arena_new();
    struct store_place place;
    struct error error;
    int code = place_open(arena, root, &wish->place, !wish->dry_run, &place, &error);
    if (code == 0)
        code = begin(&place, wish, out, &error);
    bool has_entries = code == 0 && !wish->dry_run && boot_is_declared(&place);
    place_close(&place);
    if (code == 0) /* one with another kernel boots by its own entry */
        return has_entries ? boot_catch_up(root, &wish->boot, wish->place.config, out) : EXIT_DONE;
    log_error("%s", error.text);
    return EXIT_NO;
}

static int wrong(const struct new_wish *wish, int words, const struct usage *usage)
{
    if (wish->label && value_label(wish->label)) {
        fprintf(stderr, "ebb: the label \"%s\" %s\n", wish->label, value_label(wish->label));
        return EXIT_USAGE;
    }
    if (words > 0)
        return -1;
    fprintf(stderr, "usage: ebb %s\n", usage->synopsis);
    return EXIT_USAGE;
}

int verb_new(int argc, char **argv)
{
    struct new_wish wish = {0};
    const struct option_row options[] = {
        OPTION_TEXT("from", "N", "made from this one; the booted, or else the latest, unless given",
                    &wish.from),
        OPTION_TEXT("label", "TEXT", "what it is called in lists", &wish.label),
        OPTION_FLAG("dry-run", "only tell", &wish.dry_run),
        PLACE_OPTIONS(wish.place),
    };
    const struct usage usage = {
        .synopsis = "new [OPTION]... -- COMMAND...",
        .about = "Makes the next generation by running a command, as its root, in a writable copy "
                 "of another one's tree. If the command fails, nothing is made.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = (size_t)argc};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status < 0)
        status = wrong(&wish, words, &usage);
    if (status >= 0)
        return status;
    auto_arena arena = arena_new();
    const char **command = arena_alloc(arena, ((size_t)words + 1) * sizeof(*command));
    memcpy(command, argv + 1, (size_t)words * sizeof(*command));
    wish.command = command;
    /* Before anything is opened, so that all of it lies in our name space. */
    if (!wish.dry_run &&
        (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
        log_error("cannot make a mount name space: %s; run it as root", strerror(errno));
        return EXIT_NO;
    }
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(new_make((struct target){fd, ""}, &wish, stdout));
}
