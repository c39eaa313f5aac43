#include "base/testdata/scratch.h"

#include <elf.h>

#include "mounts/prove.h"

#define OTHERS "; boot another generation with ebb.generation=, or name another init with init="

/* Before the point of no return: `scene` is the new root. */
static const struct {
    const char *scene, *init, *message;
} proofs[] = {
    {"printf '#!/bin/sh\\n' > init && chmod 755 init && mkdir bin && echo > bin/sh && chmod 1 "
     "bin/sh",
     "/init", NULL},
    {"printf '#! \\t/bin/sh -e\\n' > init && chmod 500 init && mkdir bin && echo > bin/sh &&"
     "chmod 755 bin/sh",
     "/init", NULL},
    /* links are followed as the init itself will follow them */
    {"mkdir -p sbin usr/lib bin && ln -s /usr/lib/systemd sbin/init && printf '#!/bin/sh' > "
     "usr/lib/systemd && chmod 755 usr/lib/systemd && ln -s ../../busybox bin/sh && echo > "
     "busybox &&chmod 755 busybox",
     "/sbin/init", NULL},
    {"true", "/sbin/init", "generation 3 has no init \"/sbin/init\"" OTHERS},
    {"mkdir sbin && ln -s $OLDPWD/outside/program sbin/init", "/sbin/init",
     "generation 3 has no init \"/sbin/init\"" OTHERS},
    {"mkdir sbin && ln -s ../../outside/program sbin/init", "/sbin/init",
     "generation 3 has no init \"/sbin/init\"" OTHERS},
    {"ln -s init init", "/init",
     "the init \"/init\" of generation 3 cannot be opened in the new root (Too many levels of "
     "symbolic links)" OTHERS},
    {"echo > sbin", "/sbin/init",
     "the init \"/sbin/init\" of generation 3 cannot be opened in the new root (Not a "
     "directory)" OTHERS},
    {"printf '#!/init' > init", "/init",
     "the init \"/init\" of generation 3 is not an executable file" OTHERS},
    {"mkdir init", "/init", "the init \"/init\" of generation 3 is not an executable file" OTHERS},
    {"mkfifo -m 755 init", "/init",
     "the init \"/init\" of generation 3 is not an executable file" OTHERS},
    {": > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"printf '#' > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"printf '#!' > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"printf '#!  \\necho' > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"printf '\\177ELF' > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"echo echo > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"head -c 5000 /dev/zero > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 is neither a program nor a script that begins with "
     "\"#!\"" OTHERS},
    {"printf '#!/bin/sh\\n' > init && chmod 755 init", "/init",
     "the init \"/init\" of generation 3 needs \"/bin/sh\", which cannot be opened in the new "
     "root (No such file or directory)" OTHERS},
    {"printf '#!/bin/sh\\r\\n' > init && chmod 755 init && mkdir bin && echo > bin/sh &&"
     "chmod 755 bin/sh",
     "/init",
     "the init \"/init\" of generation 3 needs \"/bin/sh\r\", which cannot be opened in the "
     "new root (No such file or directory)" OTHERS},
    {"printf '#!/bin/sh\\n' > init && chmod 755 init && mkdir -p bin/sh", "/init",
     "the init \"/init\" of generation 3 needs \"/bin/sh\", which cannot be opened in the new "
     "root (Permission denied)" OTHERS},
    {"printf '#!/bin/sh\\n' > init && chmod 755 init && mkdir bin && echo > bin/sh", "/init",
     "the init \"/init\" of generation 3 needs \"/bin/sh\", which cannot be opened in the new "
     "root (Permission denied)" OTHERS},
    {"printf '#!/bin/sh\\n' > init && chmod 755 init && mkdir bin &&"
     "ln -s $OLDPWD/outside/program bin/sh",
     "/init",
     "the init \"/init\" of generation 3 needs \"/bin/sh\", which cannot be opened in the new "
     "root (No such file or directory)" OTHERS},
};

static void test_prove(void **state)
{
    (void)state;
    must_run("mkdir outside && printf '#!/bin/sh' > outside/program && chmod 755 outside/program");
    for (size_t i = 0; i < ARRAY_LENGTH(proofs); i++) {
        struct error error = {0};
        must_run("rm -rf root && mkdir root && cd root && %s", proofs[i].scene);
        auto_fd root = open_folder("root");
        struct generation generation = {.number = 3};
        struct context context = {.root = {root, "root"}};
        struct step step = {.kind = STEP_PROVE, .init = proofs[i].init, .generation = &generation};
        assert_outcome(proofs[i].scene, prove_apply(&step, &context, &error), &error,
                       proofs[i].message);
    }
}

/* A program whose loader the new root lacks, and one that needs none. */
static Elf64_Half machine_of_this_test(void)
{
    Elf64_Ehdr header;
    auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(self, &header, sizeof(header), 0), sizeof(header));
    return header.e_machine;
}

static void test_prove_loader(void **state)
{
    (void)state;
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr part;
        char loader[16];
    } program = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_machine = machine_of_this_test(),
                   .e_phoff = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 1},
        .part = {.p_type = PT_INTERP, .p_offset = 120, .p_filesz = 9},
        .loader = "/lib/ld.",
    };
    static const struct {
        const char *scene;
        Elf64_Word type;
        Elf64_Xword size;
        const char *message;
        bool foreign;
    } cases[] = {
        {"true", PT_LOAD, 9,
         "the init \"/init\" of generation 3 was built for another kind of processor" OTHERS, true},
        {"true", PT_INTERP, 9,
         "the init \"/init\" of generation 3 needs \"/lib/ld.\", which cannot be opened in the new "
         "root (No such file or directory)" OTHERS,
         false},
        {"mkdir root/lib && echo > root/lib/ld. && chmod 755 root/lib/ld.", PT_INTERP, 9, NULL,
         false},
        {"mkdir root/lib && echo > root/lib/ld. && chmod 755 root/lib/ld.", PT_INTERP, 5000, NULL,
         false},
        {"true", PT_LOAD, 9, NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        must_run("rm -rf root && mkdir root && %s", cases[i].scene);
        program.part.p_type = cases[i].type;
        program.header.e_machine =
            (Elf64_Half)(cases[i].foreign ? EM_S390 : machine_of_this_test());
        program.part.p_filesz = cases[i].size;
        assert_int_equal(path_write(AT_FDCWD, "root/init", &program, sizeof(program), 0755, &error),
                         0);
        auto_fd root = open_folder("root");
        struct generation generation = {.number = 3};
        struct context context = {.root = {root, "root"}};
        struct step step = {.kind = STEP_PROVE, .init = "/init", .generation = &generation};
        assert_outcome(cases[i].scene, prove_apply(&step, &context, &error), &error,
                       cases[i].message);
    }
}

static void test_prove_noexec(void **state)
{
    (void)state;
    need_namespace();
    struct error error = {0};
    must_run("mkdir -p root/sbin root/volume");
    assert_int_equal(mount("volume", "root/volume", "tmpfs", MS_NOEXEC, NULL), 0);
    must_run("ln -s ../volume/init root/sbin/init && printf '#!/init' > root/volume/init &&"
             "chmod 755 root/volume/init");
    auto_fd root = open_folder("root");
    struct generation generation = {.number = 3};
    struct context context = {.root = {root, "root"}};
    struct step step = {.kind = STEP_PROVE, .init = "/sbin/init", .generation = &generation};
    assert_outcome(
        "noexec", prove_apply(&step, &context, &error), &error,
        "the init \"/sbin/init\" lies on a volume mounted noexec; remove that from its options");
}

/* The command line's init before the generation's, and that before the usual one. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_prove),
        TEST(test_prove_loader),
        TEST(test_prove_noexec),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
