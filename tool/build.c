#include "image/build.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tool/options.h"
#include "tool/verb.h"
#include "vm/program.h"

int verb_build(int argc, char **argv)
{
    const char *output = NULL, *kernel = NULL, *root = NULL;
    bool universal = false;
    char init_program[4096];
    const struct option_row options[] = {
        OPTION_TEXT("output", "IMAGE", "where to write it (also -o IMAGE)", &output),
        OPTION_TEXT("kernel", "VERSION", "for this kernel instead of the running one", &kernel),
        OPTION_TEXT("root", "DIR", "with modules and programs of the system in this folder", &root),
        OPTION_FLAG("universal", "with the drivers of disks and keyboards of all machines",
                    &universal),
    };
    const struct usage usage = {
        .synopsis = "build [--root DIR] [--kernel VERSION] [--universal] -o IMAGE [CONF]",
        .about = "Makes the initramfs of a configuration. The same input gives the "
                 "same bytes.",
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
                                    .universal = universal,
                                    .progress = isatty(STDERR_FILENO)};
    int code = program_find("ebb-init", init_program, sizeof(init_program), &error);
    if (code == 0)
        code = build_kernel(arena, root, kernel, &request.kernel, &error);
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
