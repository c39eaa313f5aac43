/* What every test may need: a fresh folder below /tmp as the current one, a shell to set the scene
 * and to look at what came of it, and a way to skip where something is missing. MUST_WORK=1 makes
 * that a failure. */
#ifndef EBB_BASE_TESTDATA_SHELL_H
#define EBB_BASE_TESTDATA_SHELL_H

/* The order is cmocka's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define UNUSED __attribute__((unused))

/* Mounts are possible, and nobody else's: scratch.h sets it. */
static bool has_namespace;

UNUSED static void skip_because(const char *reason)
{
    const char *must_work = getenv("MUST_WORK");
    if (must_work && strcmp(must_work, "1") == 0)
        fail_msg("MUST_WORK: %s", reason);
    print_message("SKIP: %s\n", reason);
    skip();
}

/* The setup and teardown of every test that needs files. */
UNUSED static int enter_scratch(void **state)
{
    char *folder = strdup("/tmp/ebb-test-XXXXXX");
    *state = folder;
    umask(022);
    if (!folder || !mkdtemp(folder) ||
        (has_namespace && mount("scratch", folder, "tmpfs", 0, NULL)))
        return -1;
    return chdir(folder);
}

UNUSED static int leave_scratch(void **state)
{
    auto_string folder = *state;
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") == 0 && (!has_namespace || umount2(folder, MNT_DETACH) == 0) &&
                   system(command) == 0
               ? 0
               : -1;
}

/* Runs a shell command and tells whether it succeeded. */
__attribute__((format(printf, 1, 2))) UNUSED static bool succeeds(const char *format, ...)
{
    char command[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    return system(command) == 0;
}
#define must_run(...)                                                                              \
    do {                                                                                           \
        if (!succeeds(__VA_ARGS__))                                                                \
            fail_msg(__VA_ARGS__);                                                                 \
    } while (0)

UNUSED static void need_tool(const char *name)
{
    char reason[128];
    snprintf(reason, sizeof(reason), "\"%s\" is not installed", name);
    if (!succeeds("PATH=$PATH:/usr/sbin:/sbin command -v %s >/dev/null", name))
        skip_because(reason);
}

UNUSED static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

#endif
