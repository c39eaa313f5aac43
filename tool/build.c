#include "image/build.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tool/options.h"
#include "tool/verb.h"
#include "vm/kernel.h"
#include "vm/program.h"

/* Options that mean something only together. */
static bool check_unified(bool unified, const struct uki *uki)
{
    const char *wrong = NULL;
    if (!unified && (uki->cmdline || uki->stub || uki->key || uki->certificate))
        wrong = "--cmdline, --stub, --sign-key and --sign-cert are for unified kernel images; add "
                "--uki";
    else if (!uki->key != !uki->certificate)
        wrong = "--sign-key and --sign-cert belong together; give both";
    if (wrong)
        fprintf(stderr, "ebb: %s\n", wrong);
    return !wrong;
}

/* The kernel that goes into the image is the one whose modules do. */
static int find_kernel(struct arena *arena, const char *version, struct uki *uki,
                       struct error *error)
{
    struct kernel kernel;
    if (kernel_find(arena, version, &kernel, error) < 0)
        return -error->code;
    uki->kernel = kernel.path;
    uki->version = kernel.version;
    return 0;
}

int verb_build(int argc, char **argv)
{
    const char *output = NULL, *kernel = NULL, *root = NULL;
    bool universal = false, unified = false;
    struct uki uki = {0};
    char init_program[4096];
    const struct option_row options[] = {
        OPTION_TEXT("output", "IMAGE", "where to write it (also -o IMAGE)", &output),
        OPTION_TEXT("kernel", "VERSION", "for this kernel instead of the running one", &kernel),
        OPTION_TEXT("root", "DIR", "with modules and programs of the system in this folder", &root),
        OPTION_FLAG("universal", "with the drivers of disks and keyboards of all machines",
                    &universal),
        OPTION_FLAG("uki", "a unified kernel image, which firmware starts by itself", &unified),
        OPTION_TEXT("cmdline", "TEXT", "the kernel parameters in it", &uki.cmdline),
        OPTION_TEXT("stub", "FILE", "the EFI program it is made of, instead of systemd's",
                    &uki.stub),
        OPTION_TEXT("sign-key", "FILE", "sign it with this RSA key, in PEM", &uki.key),
        OPTION_TEXT("sign-cert", "FILE", "the certificate of the key, in PEM", &uki.certificate),
    };
    const struct usage usage = {
        .synopsis = "build [--root DIR] [--kernel VERSION] [--universal] [--uki] -o IMAGE [CONF]",
        .about = "Makes the initramfs of a configuration, alone or in a unified kernel image. The "
                 "same input gives the same bytes.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    if (!output) {
        fputs("ebb: where should the image go? name it with -o IMAGE\n", stderr);
        return EXIT_USAGE;
    }
    if (!check_unified(unified, &uki))
        return EXIT_USAGE;
    auto_arena arena = arena_new();
    if (root && !(root = verb_path(arena, root)))
        return EXIT_USAGE;
    auto_config config = verb_config(words ? argv[1] : NULL, NULL);
    if (!config)
        return EXIT_USAGE;
    struct error error;
    struct build_request request = {.config = config,
                                    .root = root,
                                    .init_program = init_program,
                                    .output = output,
                                    .uki = unified ? &uki : NULL,
                                    .universal = universal,
                                    .progress = isatty(STDERR_FILENO)};
    int code = program_find("ebb-init", init_program, sizeof(init_program), &error);
    if (code == 0)
        code = build_kernel(arena, root, kernel, &request.kernel, &error);
    if (code == 0 && unified)
        code = find_kernel(arena, request.kernel, &uki, &error);
    if (code == 0)
        code = build_image(&request, &error);
    if (code < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    struct stat made;
    if (isatty(STDOUT_FILENO) && stat(output, &made) == 0)
        printf("%s: %.2f MiB for kernel %s\n", output, (double)made.st_size / (1024 * 1024),
               request.kernel);
    return EXIT_DONE;
}
