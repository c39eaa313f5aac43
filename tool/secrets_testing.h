/* What the tests of `ebb secrets` share: a root whose state volume is a folder with the files and
 * keys of other tests in it. */
#ifndef EBB_TOOL_SECRETS_TESTING_H
#define EBB_TOOL_SECRETS_TESTING_H

#include "tool/testing.h"

#include "plan/make.h"
#include "tool/secrets.h"
#include "tool/verb.h"

static char *repository;

#define HEAD                                                                                       \
    "volume state LABEL=state { fs ext4; mount /persist }\ngenerations state:/generations\n"

#define YAML HEAD "secrets state:/types.yaml {\n    key state:/keys/key.txt\n"

/* The recipients of secrets/testdata: of ssh.key, and of ours.key. */
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPoPCsGNkp2ek2X7swkwGy8pC8r5t6aR8fd5FeFRZz31"
#define SSH_TO_AGE "age1h78c690aw44wzxpca3v0sl6zu64nxxwplf2uvy7mql8npzx2wcuswkt8v2"
#define OURS "age1yhulyqrtt2kuhmpthv2trelrn6av20dpgs8jh0794mpe90fgt3ns9uzn2y"

UNUSED static void make_root(void)
{
    must_run("mkdir -p root/persist/.ebb root/persist/keys root/etc/ssh &&"
             "echo a > root/persist/.ebb/store-id && cd root/persist &&"
             "cp %s/secrets/testdata/*.age . && cp %s/secrets/testdata/sops/*.* . &&"
             "cp %s/secrets/testdata/*.key %s/secrets/testdata/ssh.pub keys &&"
             "cp %s/secrets/testdata/sops/*.txt keys && chmod 600 keys/*",
             repository, repository, repository, repository, repository);
}

UNUSED static struct config *load(struct arena *arena, const char *text)
{
    struct report report = {.arena = arena};
    put("ebb.conf", text);
    struct config *config = config_load("ebb.conf", NULL, &report);
    config_check(config, &report);
    for (size_t i = 0; i < report.count; i++)
        if (report.problems[i].severity == SEVERITY_ERROR)
            fail_msg("%s", report.problems[i].text);
    return config;
}

/* What was logged, but for the lines about memory that whoever runs the tests may not lock. */
UNUSED static char *log_end_of_secrets(void)
{
    char *log = log_end(), *to = log;
    for (char *line = log, *next; *line; line = next) {
        next = strchrnul(line, '\n');
        next += *next == '\n';
        size_t length = (size_t)(next - line);
        if (memmem(line, length, "might be swapped out", 20))
            continue;
        memmove(to, line, length);
        to += length;
    }
    *to = '\0';
    return log;
}

#endif
