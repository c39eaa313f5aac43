/* The part of `make bench` that needs no machine: what an entry costs at boot, as the number of
 * entries grows, beside the same binds made by mount(8) in a loop of the shell. Needs root, and
 * leaves nothing: all of it happens in a mount name space of its own. */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "persist/entry.h"
#include "plan/apply.h"
#include "plan/make.h"

static char folder[] = "/tmp/ebb-bench-XXXXXX";

static void must(int code, const char *what)
{
    if (code < 0) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static const char *configuration(struct arena *arena, unsigned count)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream)
        memory_exhausted();
    fputs("volume state LABEL=state { fs ext4; mount /persist; }\n"
          "generations state:/generations\npersist state:/kept {\n",
          stream);
    for (unsigned i = 0; i < count; i++)
        fprintf(stream, "    dir /srv/%u/entry\n", i);
    fputs("}\n", stream);
    fclose(stream);
    const char *copy = arena_string(arena, text);
    free(text);
    return copy;
}

/* Plans and applies in this process, which has a name space and a file system of its own. */
static void measure(unsigned count)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    struct error error;
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
    must(mount("bench", folder, "tmpfs", 0, "mode=0755"), "mount");
    must(chdir(folder), "chdir");
    must(mkdir("volume", 0755) < 0 || mkdir("root", 0755) < 0 ? -1 : 0, "mkdir");
    const char *text = configuration(arena, count);
    must(path_write(AT_FDCWD, "ebb.conf", text, strlen(text), 0644, &error), "writing");
    unsigned long start = clock_microseconds();
    auto_config config = config_load("ebb.conf", NULL, &report);
    config_check(config, &report);
    must(report.errors ? -1 : 0, "the configuration");
    struct plan plan = {.arena = arena};
    persist_plan(config, &plan);
    plan_sort(&plan, 0);
    unsigned long planned = clock_microseconds();
    struct context *context = context_new(arena, config, ".", "root");
    context->root.fd = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    context->states[0].fd = open("volume", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct course course = {&plan, 0};
    struct history history = {.arena = arena};
    log_set_level(LOG_LEVEL_ERROR);
    if (plan_apply(&course, context, &history, &error) < 0) {
        fprintf(stderr, "bench: %s\n", error.text);
        exit(1);
    }
    unsigned long applied = clock_microseconds();
    printf("  %5u entries: %6.2f us to plan, %6.2f us to bring back, each\n", count,
           (double)(planned - start) / count, (double)(applied - planned) / count);
}

static void measure_shell(unsigned count)
{
    char command[400];
    snprintf(command, sizeof(command),
             "mount -t tmpfs bench %s && cd %s && mkdir -p volume root && i=0 && "
             "while [ $i -lt %u ]; do mkdir -p volume/$i root/$i && "
             "mount --bind volume/$i root/$i || exit 1; i=$((i + 1)); done",
             folder, folder, count);
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
    unsigned long start = clock_microseconds();
    must(system(command) == 0 ? 0 : -1, "the shell"); /* NOLINT(cert-env33-c): it is the rival */
    printf("  %5u binds by a shell with mkdir and mount: %.2f us each\n", count,
           (double)(clock_microseconds() - start) / count);
}

static void apart(void (*run)(unsigned count), unsigned count)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run(count);
        exit(0);
    }
    must(child < 0 || waitpid(child, &status, 0) < 0 || status != 0 ? -1 : 0, "a measurement");
}

int main(void)
{
    static const unsigned counts[] = {10, 100, 1000, 10000};
    if (geteuid() != 0) {
        fputs("bench: entries are measured by root only\n", stderr);
        return 0;
    }
    must(mkdtemp(folder) ? 0 : -1, "mkdtemp");
    puts("what a persist entry costs at boot:");
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        apart(measure, counts[i]);
    apart(measure_shell, 1000);
    rmdir(folder);
    return 0;
}
