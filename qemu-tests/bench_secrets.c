/* The part of `make bench` that is about secrets: what a boot takes to decrypt and deliver the
 * 1,000 that one file of SOPS holds, and age(1), called once for every secret as agenix does.
 * Nothing is emulated. Needs root, and leaves nothing: it happens in a mount name space of its own,
 * in which /run is memory. */
#include "base/testdata/shell.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "plan/context.h"
#include "plan/kinds.h"
#include "plan/make.h"
#include "secrets/sops_sealing.h"
#include "secrets/step.h"

enum { MANY = 1000, FEW = 100, LIMIT = 50 /* ms */, ROUNDS = 9 };

#define FOLDER "/run/bench"
#define LENGTH "32" /* bytes of a secret, as of most passwords and tokens */

/* The file, and the configuration that wants all of it. */
static struct config *make_secrets(struct arena *arena, size_t count)
{
    struct report report = {.arena = arena};
    struct sealing *items = NULL;
    const char *file = arena_printf(arena, "%s/%zu.conf", FOLDER, count);
    size_t length = 0;
    auto_file out = fopen(file, "we");
    assert_non_null(out);
    fprintf(out,
            "volume state LABEL=state { fs ext4; mount /persist }\ngenerations state:/generations\n"
            "secrets state:/%zu.yaml {\n    key state:/key\n",
            count);
    for (size_t i = 0; i < count; i++) {
        const char *key = arena_printf(arena, "secret-%zu", i);
        *ARENA_PUSH(arena, items, length) =
            (struct sealing){key, arena_printf(arena, "%0" LENGTH "zu", i)};
        fprintf(out, "    secret %s\n", key);
    }
    fputs("}\n", out);
    fflush(out);
    auto_string text = seal_yaml(items, count);
    struct error error;
    if (path_write(AT_FDCWD, arena_printf(arena, "%s/%zu.yaml", FOLDER, count), text, strlen(text),
                   0600, &error) < 0)
        fail_msg("%s", error.text);
    struct config *config = config_load(file, NULL, &report);
    config_check(config, &report);
    report_print(&report, stderr);
    assert_int_equal(report.count, 0);
    return config;
}

/* Every round of it is the first one in a /run: file systems and folders are made anew. */
static double time_boot(struct config *config, size_t count)
{
    struct error error = {0};
    auto_arena arena = arena_new();
    struct plan plan = {.arena = arena};
    struct context *context = context_new(arena, config, FOLDER, FOLDER);
    auto_fd state = open(FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(state >= 0);
    context->states[0].fd = context->root.fd = state;
    secrets_plan(config, &plan);
    unsigned long start = clock_microseconds();
    for (size_t i = 0; i < plan.count; i++)
        if (step_kinds[plan.steps[i].kind].apply(&plan.steps[i], context, &error) != 0)
            fail_msg("%s", error.text);
    double milliseconds = (double)(clock_microseconds() - start) / 1000;
    must_run("test $(ls /run/secrets | wc -l) = %zu && umount -l /run/secrets.d", count);
    return milliseconds;
}

static double least_of(size_t count)
{
    double least = 1e9;
    auto_arena arena = arena_new();
    auto_config config = make_secrets(arena, count);
    for (int i = 0; i < ROUNDS; i++) {
        double one = time_boot(config, count);
        least = one < least ? one : least;
    }
    return least;
}

/* A file of its own for every secret. All are the same one, which takes as long to decrypt. */
static double time_age(void)
{
    must_run("printf '%%0" LENGTH "d' 7 | age -R " FOLDER "/recipient -o " FOLDER "/one.age && "
             "mkdir " FOLDER "/plain");
    unsigned long start = clock_microseconds();
    must_run("i=0; while [ $i -lt %d ]; do age -d -i " FOLDER "/key -o " FOLDER "/plain/$i " FOLDER
             "/one.age || exit 1; i=$((i + 1)); done",
             MANY);
    return (double)(clock_microseconds() - start) / 1000;
}

static void one_file_beside_many(void **state)
{
    (void)state; /* nothing is shared */
    assert_true(unshare(CLONE_NEWNS) == 0 &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("bench", "/run", "tmpfs", 0, "mode=0755") == 0);
    must_run("mkdir " FOLDER " && install -m 600 " OURS "/key.txt " FOLDER "/key");
    double many = least_of(MANY), few = least_of(FEW);
    printf("secrets in one file of SOPS, decrypted and delivered (the least of %d):\n", ROUNDS);
    printf(
        "  %d of them: %.1f ms, the limit is %d; %d of them: %.1f ms; each further one: %.1f us\n",
        MANY, many, LIMIT, FEW, few, (many - few) * 1000 / (MANY - FEW));
    if (!succeeds("command -v age > /dev/null && age-keygen -y " FOLDER "/key > " FOLDER
                  "/recipient")) {
        puts("  \"age\" is not installed, so nothing is set beside that");
        return;
    }
    double age = time_age();
    printf("  age -d, called for each of %d: %.0f ms; ratio %.4f\n", MANY, age, many / age);
}

int main(void)
{
    if (geteuid() != 0) {
        fputs("bench: secrets are measured by root only\n", stderr);
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_file_beside_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
