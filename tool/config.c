#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "plan/make.h"
#include "tool/verb.h"

struct config *verb_config(const char *path, const char *const *extra)
{
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load(path ? path : "/etc/ebb/ebb.conf", extra, &report);
    config_check(config, &report);
    report_print(&report, stderr);
    if (!report.errors)
        return TAKE_PTR(config);
    fprintf(stderr, "ebb: %zu error%s in the configuration\n", report.errors,
            report.errors == 1 ? "" : "s");
    return NULL;
}

const char *verb_path(struct arena *arena, const char *word)
{
    char real[PATH_MAX];
    if (!path_objection(word))
        return word;
    if (realpath(word, real))
        return arena_string(arena, real);
    log_error("cannot look at \"%s\": %s", word, strerror(errno));
    return NULL;
}

int verb_flush(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    log_error("cannot write the output: %s", strerror(errno));
    return EXIT_NO;
}
