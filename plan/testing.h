/* What the tests of this folder share: files written from one text, and what is said about them. */
#ifndef EBB_PLAN_TESTING_H
#define EBB_PLAN_TESTING_H

#include "image/testing.h"

#include <sys/stat.h>

#include "plan/make.h"

#define VOLUME "volume state LABEL=state { fs ext4; mount /persist }\n"
#define BASE VOLUME "generations state:/generations\n"
#define ESP "volume esp PARTLABEL=ESP { fs vfat }\n"
#define STORE BASE "persist state:/persist {\n"

/* What loading and checking ebb.conf, and `extra` beside it, says. For free(3). */
UNUSED static char *report_of(const char *const *extra)
{
    char *text = NULL;
    size_t length = 0;
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    auto_config config = config_load("ebb.conf", extra, &report);
    config_check(config, &report);
    report_print(&report, stream);
    fclose(stream);
    return text;
}

static int scratch = -1;

/* The group's scratch folder holds one folder per case. */
UNUSED static int enter_cases(void **state)
{
    if (enter_scratch(state) < 0)
        return -1;
    scratch = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return scratch < 0 ? -1 : 0;
}

/* Begins a case in a folder of its own, so that no file of another one is found. */
UNUSED static void begin(void)
{
    static unsigned number;
    char name[32];
    snprintf(name, sizeof(name), "%u", ++number);
    assert_int_equal(fchdir(scratch), 0);
    assert_int_equal(mkdir(name, 0700), 0);
    assert_int_equal(chdir(name), 0);
}

UNUSED static void write_file(const char *name, const void *data, size_t length)
{
    (void)unlink(name); /* rarely there; writing over it would wait for the disk */
    auto_file file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
}

/* The text is that of ebb.conf; further files follow "=== name" lines. */
UNUSED static void write_files(const char *text)
{
    char name[64] = "ebb.conf";
    for (;;) {
        const char *end = strstr(text, "=== ");
        for (char *slash = name; (slash = strchr(slash, '/')); *slash++ = '/') {
            *slash = '\0';
            (void)mkdir(name, 0700); /* another file may have made it */
        }
        write_file(name, text, end ? (size_t)(end - text) : strlen(text));
        if (!end)
            return;
        assert_int_equal(sscanf(end, "=== %63s", name), 1);
        text = strchr(end, '\n') + 1;
    }
}

/* `before`, `count` times `middle`, `after`. For free(3). */
UNUSED static char *repeat(const char *before, const char *middle, size_t count, const char *after)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    fputs(before, stream);
    for (size_t i = 0; i < count; i++)
        fputs(middle, stream);
    fputs(after, stream);
    fclose(stream);
    return text;
}

#endif
