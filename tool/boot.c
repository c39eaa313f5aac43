/* ebb boot: its verbs. */
#include "tool/boot.h"

#include <fcntl.h>
#include <unistd.h>

#include "generations/loader.h"
#include "tool/subverb.h"
#include "tool/verb.h"

#define PARTITION_OPTION(wish)                                                                     \
    OPTION_TEXT("esp", "DIR", "the mounted boot partition, if not the declared one", &(wish).esp)
#define BUILD_OPTIONS(wish)                                                                        \
    OPTION_FLAG("rebuild", "make all entries anew, those that are whole too", &(wish).rebuild),    \
        OPTION_FLAG("universal", "with the drivers of disks and keyboards of all machines",        \
                    &(wish).universal)

static int run(const struct usage *usage, int argc, char **argv, struct boot_wish *wish,
               int (*verb)(struct target root, const struct boot_wish *wish, FILE *out))
{
    int words, status = usage_read(usage, argc, argv, &words);
    if (status >= 0)
        return status;
    wish->config = words ? argv[1] : NULL;
    /* Another partition is perhaps not that of this machine's loader. */
    wish->efivars = wish->esp ? NULL : LOADER_FOLDER;
    auto_fd fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return verb_flush(verb((struct target){fd, ""}, wish, stdout));
}

int verb_boot_install(int argc, char **argv)
{
    struct boot_wish wish = {.install = true};
    const struct option_row options[] = {
        PARTITION_OPTION(wish),
        BUILD_OPTIONS(wish),
        OPTION_FLAG("no-loader", "without systemd-boot, even if there is no loader",
                    &wish.no_loader),
    };
    const struct usage usage = {
        .synopsis = "boot install [--esp DIR] [--rebuild] [--universal] [--no-loader] [CONF]",
        .about = "Makes a boot partition that boots the generations: the entries, the default of "
                 "the boot loader, and systemd-boot where there is no loader yet.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    return run(&usage, argc, argv, &wish, boot_sync);
}

int verb_boot_sync(int argc, char **argv)
{
    struct boot_wish wish = {0};
    const struct option_row options[] = {
        PARTITION_OPTION(wish),
        BUILD_OPTIONS(wish),
    };
    const struct usage usage = {
        .synopsis = "boot sync [--esp DIR] [--rebuild] [--universal] [CONF]",
        .about = "Gives each generation its boot entry, and removes those of generations that are "
                 "no more.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    return run(&usage, argc, argv, &wish, boot_sync);
}

int verb_boot_status(int argc, char **argv)
{
    struct boot_wish wish = {0};
    const struct option_row options[] = {
        PARTITION_OPTION(wish),
        OPTION_FLAG("json", "write JSON", &wish.json),
    };
    const struct usage usage = {
        .synopsis = "boot status [--esp DIR] [--json] [CONF]",
        .about = "Tells which boot entries there are, and whether all they name is whole. Exit "
                 "status: 0 all is as it should be, 1 it is not.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    return run(&usage, argc, argv, &wish, boot_status);
}

int verb_boot(int argc, char **argv)
{
    static const struct subverb verbs[] = {
        {"install", "make a boot partition that boots the generations", verb_boot_install},
        {"status", "tell whether the boot entries are whole", verb_boot_status},
        {"sync", "give each generation its boot entry", verb_boot_sync},
    };
    return subverb_run(verbs, ARRAY_LENGTH(verbs), argc, argv);
}
