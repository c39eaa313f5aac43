#include "image/craft.h"

#include <errno.h>

#include "image/closure.h"

static const char loader[] = "/lib64/ld.so", app[] = "/opt/app/lib";

static const struct {
    const char *path, *interpreter, *needed, *runpath, *rpath, *soname;
} objects[] = {
    {"usr/lib/x/ld-real.so", NULL, NULL, NULL, NULL, "ld.so"},
    {"usr/lib/x/libc.so", NULL, "ld.so ", NULL, NULL, "libc.so"},
    {"usr/lib/x/libdeep.so", NULL, "libc.so libconf.so ", NULL, NULL, NULL},
    {"opt/conf/libconf.so", NULL, "libc.so ", NULL, NULL, NULL},
    {"opt/conf/libtwice.so", NULL, NULL, NULL, NULL, "libtwice.so"},
    {"opt/app/lib/libtwice.so", NULL, NULL, NULL, NULL, "libtwice.so"},
    {"opt/app/lib/libown.so", NULL, "libbeside.so ", "$ORIGIN", NULL, NULL},
    {"opt/app/lib/libbeside.so", NULL, NULL, NULL, NULL, NULL},
    {"opt/app/lib/libheir.so", NULL, "libbeside.so ", NULL, NULL, NULL},
    {"usr/lib/x/libalien.so", NULL, NULL, NULL, NULL, NULL},
    {"usr/lib/x/libnarrow.so", NULL, NULL, NULL, NULL, NULL},
    {"usr/lib/x/libbroken.so", NULL, "libgone.so ", NULL, NULL, NULL},
    {"usr/lib/libplain.so", NULL, NULL, NULL, NULL, NULL},
    {"usr/bin/static", NULL, NULL, NULL, NULL, NULL},
    {"usr/bin/one", loader, "libc.so ", NULL, NULL, NULL},
    {"usr/bin/deep", loader, "libdeep.so ", NULL, NULL, NULL},
    {"usr/bin/plain", loader, "libplain.so ", NULL, NULL, NULL},
    {"usr/bin/other", loader, "libalien.so libnarrow.so ", app, NULL, NULL},
    {"opt/app/bin/own", loader, "libown.so libtwice.so ", "${ORIGIN}/../lib", NULL, NULL},
    {"opt/app/bin/heir", loader, "libheir.so ", NULL, "/none:/opt/app/lib", NULL},
    {"opt/app/bin/miser", loader, "libheir.so ", app, NULL, NULL},
    {"opt/app/bin/slash", loader, "/opt/conf/libconf.so ", NULL, NULL, NULL},
    {"usr/bin/needy", loader, "libgone.so ", NULL, NULL, NULL},
    {"usr/bin/deepneedy", loader, "libbroken.so ", NULL, NULL, NULL},
    {"usr/bin/lost", "/lib64/ld-none.so", NULL, NULL, NULL, NULL},
};

static const struct {
    const char *path, *text;
} texts[] = {
    {"etc/ld.so.conf", "# x\ninclude ld.so.conf.d/*.conf\n"},
    {"etc/ld.so.conf.d/a.conf", "/none /opt/conf # last\n"},
    {"etc/ld.so.conf.d/b.conf", "/lib/x\nhwcap 1 /hw\ninclude /etc/ld.so.conf\n"},
    {"etc/ld.so.conf.d/c", "/not/included\n"},
    {"usr/bin/script", "#!/bin/one -x\n"},
    {"usr/bin/nested", "#! /bin/script"},
    {"usr/bin/byname", "#!/usr/bin/env -S A=b deep -e\n"},
    {"usr/bin/nobody1", "#!/usr/bin/env nobody\n"},
    {"usr/bin/round", "#!/bin/round\n"},
    {"usr/bin/relative", "#!one\n"},
    {"usr/bin/gone", "#!/gone\n"},
    {"usr/bin/empty", ""},
};

static void make_object(const char *path, struct craft craft)
{
    char file[CRAFT_SIZE];
    craft_file(&craft, file);
    make_file(path, file, sizeof(file));
}

/* A system below the scratch folder, with /lib -> usr/lib and a loader reached by links. */
static void make_system(void)
{
    must_run("mkdir -p usr/lib/x usr/bin usr/lib64 opt/conf opt/app/lib opt/app/bin");
    must_run("mkdir -p etc/ld.so.conf.d && ln -s usr/lib lib && ln -s usr/lib64 lib64");
    must_run("ln -s usr/bin bin && ln -s /lib/x/ld-real.so usr/lib64/ld.so");
    for (size_t i = 0; i < ARRAY_LENGTH(objects); i++)
        make_object(objects[i].path, (struct craft){.interpreter = objects[i].interpreter,
                                                    .needed = objects[i].needed,
                                                    .runpath = objects[i].runpath,
                                                    .rpath = objects[i].rpath,
                                                    .soname = objects[i].soname});
    make_object("opt/app/lib/libalien.so", (struct craft){.machine = EM_386});
    make_object("opt/app/lib/libnarrow.so", (struct craft){.narrow = 1});
    make_object("usr/bin/env", (struct craft){0});
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        make_file(texts[i].path, texts[i].text, strlen(texts[i].text));
}

/* The closure as words, "path" or "path=source". */
static char *closure_of(struct arena *arena, const char *path, const char *source,
                        struct error *error)
{
    const struct needed_file *files = NULL;
    size_t count = 0;
    auto_fd root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (closure_find(arena, root, path, source, &files, &count, error) < 0)
        return NULL;
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < count; i++) {
        text = arena_printf(arena, "%s%s%s", text, i ? " " : "", files[i].path);
        if (strcmp(files[i].path, files[i].source) != 0)
            text = arena_printf(arena, "%s=%s", text, files[i].source);
    }
    return text;
}

/* What only ld.so.conf leads to is put beside the loader. */
static const char deep[] = "/lib64/ld.so /lib/x/libdeep.so /lib/x/libc.so "
                           "/usr/lib/x/libconf.so=/opt/conf/libconf.so";
static const char own[] = "/lib64/ld.so /opt/app/bin/../lib/libown.so "
                          "/opt/app/bin/../lib/libtwice.so /opt/app/bin/../lib/libbeside.so";
static const char own_elsewhere[] =
    "/lib64/ld.so /bin/../lib/libown.so=/opt/app/bin/../lib/libown.so "
    "/bin/../lib/libtwice.so=/opt/app/bin/../lib/libtwice.so "
    "/bin/../lib/libbeside.so=/opt/app/bin/../lib/libbeside.so";
static const char by_name[] = "/usr/bin/env /usr/bin/deep /lib64/ld.so /lib/x/libdeep.so "
                              "/lib/x/libc.so /usr/lib/x/libconf.so=/opt/conf/libconf.so";
static const char plain[] = "/lib64/ld.so /usr/lib/x/libplain.so=/lib/libplain.so";

static void test_found(void **state)
{
    (void)state;
    static const struct {
        const char *path, *source, *files;
    } cases[] = {
        {"/x", "/usr/bin/static", ""},
        {"/x", "/usr/bin/one", "/lib64/ld.so /lib/x/libc.so"},
        {"/x", "/usr/bin/deep", deep},
        {"/x", "/usr/bin/plain", plain},
        {"/x", "/usr/bin/other", "/lib64/ld.so /lib/x/libalien.so /lib/x/libnarrow.so"},
        {"/opt/app/bin/own", "/opt/app/bin/own", own},
        {"/bin/own", "/opt/app/bin/own", own_elsewhere},
        {"/x", "/opt/app/bin/heir",
         "/lib64/ld.so /opt/app/lib/libheir.so /opt/app/lib/libbeside.so"},
        {"/x", "/opt/app/bin/slash", "/lib64/ld.so /opt/conf/libconf.so /lib/x/libc.so"},
        {"/x", "/usr/bin/script", "/bin/one /lib64/ld.so /lib/x/libc.so"},
        {"/x", "/usr/bin/nested", "/bin/script /bin/one /lib64/ld.so /lib/x/libc.so"},
        {"/x", "/usr/bin/byname", by_name},
    };
    make_system();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        auto_arena arena = arena_new();
        char *files = closure_of(arena, cases[i].path, cases[i].source, &error);
        assert_string_equal(error.text, "");
        assert_string_equal(files, cases[i].files);
    }
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *source, *text;
    } cases[] = {
        {"/usr/bin/needy", "\"/usr/bin/needy\" needs the library \"libgone.so\", which is nowhere"},
        {"/usr/bin/needy", "on this system: install the package that has it"},
        {"/usr/bin/deepneedy", "\"/usr/bin/deepneedy\": \"/lib/x/libbroken.so\" needs the library"},
        {"/opt/app/bin/miser", "\"/opt/app/lib/libheir.so\" needs the library \"libbeside.so\""},
        {"/usr/bin/lost", "\"/usr/bin/lost\" needs the loader \"/lib64/ld-none.so\", which is"},
        {"/usr/bin/nobody1", "the script \"/usr/bin/nobody1\" needs the program \"nobody\""},
        {"/usr/bin/round", "is the interpreter of too many others"},
        {"/usr/bin/relative", "\"/usr/bin/relative\" names no absolute interpreter"},
        {"/usr/bin/gone", "interpreter of the script \"/usr/bin/gone\": cannot read \"/gone\""},
        {"/usr/bin/empty", "\"/usr/bin/empty\" is not an ELF file"},
        {"/usr/bin/absent", "cannot read \"/usr/bin/absent\""},
        {"/usr/bin", "cannot read \"/usr/bin\""},
    };
    make_system();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error;
        auto_arena arena = arena_new();
        assert_null(closure_of(arena, "/x", cases[i].source, &error));
        assert_contains(error.text, cases[i].text);
    }
}

/* The loader of this system as a witness. */
static void test_real_programs(void **state)
{
    (void)state;
    need_tool("ldd");
    static const char *const programs[] = {"/usr/bin/ls", "/usr/bin/cpio", "/usr/bin/gcc"};
    auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
        struct error error;
        const struct needed_file *files = NULL;
        size_t count = 0;
        auto_arena arena = arena_new();
        assert_int_equal(
            closure_find(arena, root, programs[i], programs[i], &files, &count, &error), 0);
        auto_file output = fopen("ours", "w");
        for (size_t j = 0; j < count; j++)
            fprintf(output, "%s\n", files[j].path);
        assert_int_equal(fflush(output), 0);
        must_run(
            "unset LD_PRELOAD; ldd %s | sed -n 's/.* => //; s/^[ \\t]*\\(\\/[^ ]*\\) (.*/\\1/p' |"
            "sort >theirs; sort ours | diff - theirs",
            programs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_failures, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_real_programs, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
