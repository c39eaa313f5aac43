#include "image/craft.h"

#include <errno.h>

#include "image/closure.h"

/* A system below the scratch folder, with /lib -> usr/lib and a loader reached by links. */
static void make_system(void)
{
    static const struct {
        const char *path;
        struct craft craft;
    } objects[] = {
        {"usr/lib/x/ld-real.so",     {.soname = "ld.so"}                                                },
        {"usr/lib/x/libc.so",        {.soname = "libc.so", .needed = {"ld.so"}}                         },
        {"usr/lib/x/libdeep.so",     {.needed = {"libc.so", "libconf.so"}}                              },
        {"opt/conf/libconf.so",      {.needed = {"libc.so"}}                                            },
        {"opt/conf/libtwice.so",     {.soname = "libtwice.so"}                                          },
        {"opt/app/lib/libtwice.so",  {.soname = "libtwice.so"}                                          },
        {"opt/app/lib/libalien.so",  {.machine = EM_386}                                                },
        {"opt/app/lib/libnarrow.so", {.narrow = 1}                                                      },
        {"opt/app/lib/libown.so",    {.needed = {"libbeside.so"}, .runpath = "$ORIGIN"}                 },
        {"opt/app/lib/libbeside.so", {0}                                                                },
        {"opt/app/lib/libheir.so",   {.needed = {"libbeside.so"}}                                       },
        {"usr/lib/x/libalien.so",    {0}                                                                },
        {"usr/lib/x/libnarrow.so",   {0}                                                                },
        {"usr/lib/x/libbroken.so",   {.needed = {"libgone.so"}}                                         },
        {"usr/lib/libplain.so",      {0}                                                                },
        {"usr/bin/static",           {0}                                                                },
        {"usr/bin/one",              {.interpreter = "/lib64/ld.so", .needed = {"libc.so"}}             },
        {"usr/bin/deep",             {.interpreter = "/lib64/ld.so", .needed = {"libdeep.so"}}          },
        {"usr/bin/plain",            {.interpreter = "/lib64/ld.so", .needed = {"libplain.so"}}         },
        {"usr/bin/other",
         {.interpreter = "/lib64/ld.so",
          .needed = {"libalien.so", "libnarrow.so"},
          .runpath = "/opt/app/lib"}                                                                    },
        {"opt/app/bin/own",
         {.interpreter = "/lib64/ld.so",
          .needed = {"libown.so", "libtwice.so"},
          .runpath = "${ORIGIN}/../lib"}                                                                },
        {"opt/app/bin/heir",
         {.interpreter = "/lib64/ld.so", .needed = {"libheir.so"}, .rpath = "/none:/opt/app/lib"}       },
        {"opt/app/bin/miser",
         {.interpreter = "/lib64/ld.so", .needed = {"libheir.so"}, .runpath = "/opt/app/lib"}           },
        {"opt/app/bin/slash",        {.interpreter = "/lib64/ld.so", .needed = {"/opt/conf/libconf.so"}}},
        {"usr/bin/needy",            {.interpreter = "/lib64/ld.so", .needed = {"libgone.so"}}          },
        {"usr/bin/deepneedy",        {.interpreter = "/lib64/ld.so", .needed = {"libbroken.so"}}        },
        {"usr/bin/lost",             {.interpreter = "/lib64/ld-none.so"}                               },
    };
    must_run(
        "mkdir -p usr/lib/x usr/bin usr/lib64 opt/conf opt/app/lib opt/app/bin etc/ld.so.conf.d &&"
        "ln -s usr/lib lib && ln -s usr/lib64 lib64 && ln -s usr/bin bin &&"
        "ln -s /lib/x/ld-real.so usr/lib64/ld.so");
    must_run("printf '# x\\ninclude ld.so.conf.d/*.conf\\n' >etc/ld.so.conf &&"
             "printf '/none /opt/conf # last\\n' >etc/ld.so.conf.d/a.conf &&"
             "printf '/lib/x\\nhwcap 1 /hw\\ninclude /etc/ld.so.conf\\n' >etc/ld.so.conf.d/b.conf");
    for (size_t i = 0; i < ARRAY_LENGTH(objects); i++) {
        char file[CRAFT_SIZE];
        craft_file(&objects[i].craft, file);
        make_file(objects[i].path, file, sizeof(file));
    }
    must_run(
        "printf '#!/bin/one -x\\n' >usr/bin/script && printf '#! /bin/script' >usr/bin/nested &&"
        "printf '#!/usr/bin/env -S A=b deep -e\\n' >usr/bin/byname && cp usr/bin/static "
        "usr/bin/env &&"
        "printf '#!/bin/env nobody\\n' >usr/bin/nobody1 && printf '#!/bin/round\\n' >usr/bin/round "
        "&&"
        "printf '#!one\\n' >usr/bin/relative && printf '#!/gone\\n' >usr/bin/gone && : "
        ">usr/bin/empty");
}

/* The closure as lines of "path" or "path=source". */
static char *closure_of(struct arena *arena, const char *path, const char *source,
                        struct error *error)
{
    const struct needed_file *files = NULL;
    size_t count = 0;
    auto_fd root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (closure_find(arena, root, path, source, &files, &count, error) < 0)
        return NULL;
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < count; i++)
        text = strcmp(files[i].path, files[i].source) == 0
                   ? arena_printf(arena, "%s%s\n", text, files[i].path)
                   : arena_printf(arena, "%s%s=%s\n", text, files[i].path, files[i].source);
    return text;
}

static void test_found(void **state)
{
    (void)state;
    static const struct {
        const char *path, *source, *files;
    } cases[] = {
        {"/x",               "/usr/bin/static",    ""                                                       },
        {"/x",               "/usr/bin/one",       "/lib64/ld.so\n/lib/x/libc.so\n"                         },
 /* what only ld.so.conf leads to is put beside the loader */
        {"/x",               "/usr/bin/deep",
         "/lib64/ld.so\n/lib/x/libdeep.so\n/lib/x/libc.so\n"
         "/usr/lib/x/libconf.so=/opt/conf/libconf.so\n"                                                     },
        {"/x",               "/usr/bin/plain",     "/lib64/ld.so\n/usr/lib/x/libplain.so=/lib/libplain.so\n"},
        {"/x",               "/usr/bin/other",     "/lib64/ld.so\n/lib/x/libalien.so\n/lib/x/libnarrow.so\n"},
        {"/opt/app/bin/own", "/opt/app/bin/own",
         "/lib64/ld.so\n/opt/app/bin/../lib/libown.so\n/opt/app/bin/../lib/libtwice.so\n"
         "/opt/app/bin/../lib/libbeside.so\n"                                                               },
        {"/bin/own",         "/opt/app/bin/own",
         "/lib64/ld.so\n/bin/../lib/libown.so=/opt/app/bin/../lib/libown.so\n"
         "/bin/../lib/libtwice.so=/opt/app/bin/../lib/libtwice.so\n"
         "/bin/../lib/libbeside.so=/opt/app/bin/../lib/libbeside.so\n"                                      },
        {"/x",               "/opt/app/bin/heir",
         "/lib64/ld.so\n/opt/app/lib/libheir.so\n/opt/app/lib/libbeside.so\n"                               },
        {"/x",               "/opt/app/bin/slash", "/lib64/ld.so\n/opt/conf/libconf.so\n/lib/x/libc.so\n"   },
        {"/x",               "/usr/bin/script",    "/bin/one\n/lib64/ld.so\n/lib/x/libc.so\n"               },
        {"/x",               "/usr/bin/nested",    "/bin/script\n/bin/one\n/lib64/ld.so\n/lib/x/libc.so\n"  },
        {"/x",               "/usr/bin/byname",
         "/usr/bin/env\n/usr/bin/deep\n/lib64/ld.so\n/lib/x/libdeep.so\n"
         "/lib/x/libc.so\n/usr/lib/x/libconf.so=/opt/conf/libconf.so\n"                                     },
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
        {"/usr/bin/needy", "\"/usr/bin/needy\" needs the library \"libgone.so\", which is nowhere "
         "on this system: install"},
        {"/usr/bin/deepneedy",
         "\"/usr/bin/deepneedy\": \"/lib/x/libbroken.so\" needs the library \"libgone.so\""},
        {"/opt/app/bin/miser", "\"/opt/app/lib/libheir.so\" needs the library \"libbeside.so\""},
        {"/usr/bin/lost",
         "\"/usr/bin/lost\" needs the loader \"/lib64/ld-none.so\", which is missing"},
        {"/usr/bin/nobody1",   "the script \"/usr/bin/nobody1\" needs the program \"nobody\""},
        {"/usr/bin/round",     "is the interpreter of too many others"},
        {"/usr/bin/relative",  "\"/usr/bin/relative\" names no absolute interpreter"},
        {"/usr/bin/gone",      "the interpreter of the script \"/usr/bin/gone\": cannot read \"/gone\""},
        {"/usr/bin/empty",     "\"/usr/bin/empty\" is not an ELF file"},
        {"/usr/bin/absent",    "cannot read \"/usr/bin/absent\""},
        {"/usr/bin",           "cannot read \"/usr/bin\""},
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
        must_run("unset LD_PRELOAD; ldd %s | sed -n 's/.* => //; s/^[ \\t]*\\(\\/[^ ]*\\) "
                 "(.*/\\1/p' | sort >theirs;"
                 "sort ours | diff - theirs",
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
