#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/copy.h"
#include "base/log.h"
#include "base/path.h"
#include "tool/options.h"
#include "tool/verb.h"
#include "vm/state.h"

struct init {
    const char *place, *tree, *size;
    struct disk disk;
    struct store_request store;
};

static int make_in_folder(const struct init *init, unsigned *number, struct error *error)
{
    auto_fd volume = open(init->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC), tree = -1;
    if (volume < 0)
        return error_system(error, errno, "cannot open \"%s\"", init->place);
    if (init->tree)
        tree = open(init->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (init->tree && tree < 0)
        return error_system(error, errno, "cannot open the tree \"%s\"", init->tree);
    struct store_request store = init->store;
    store.tree = tree;
    /* before anything is made, which would be in the way of the next attempt */
    int code = tree < 0 ? 0 : copy_check(tree, volume, error);
    if (code == 0)
        code = store_make(volume, &store, number, error);
    return code < 0 ? error_prefix(error, "\"%s\"", init->place) : 0;
}

static int make(struct init *init, unsigned *number, struct error *error)
{
    struct stat status;
    bool exists = stat(init->place, &status) == 0;
    if (init->tree && access(init->tree, R_OK | X_OK) < 0)
        return error_system(error, errno, "cannot open the tree \"%s\"", init->tree);
    bool folder = exists && S_ISDIR(status.st_mode);
    if (folder && (init->size || init->disk.fs_type || init->disk.uuid || init->disk.label))
        return error_set(
            error, EINVAL,
            "\"%s\" is a folder, whose file system is there already; leave out --size, "
            "--type, --uuid and --label",
            init->place);
    if (exists && init->size && S_ISBLK(status.st_mode))
        return error_set(error, EINVAL,
                         "\"%s\" is a device, which is taken as a whole; leave out --size",
                         init->place);
    if (folder)
        return make_in_folder(init, number, error);
    if (exists && !S_ISBLK(status.st_mode))
        return error_set(error, EEXIST,
                         "\"%s\" exists already, and is left as it is; remove it first, or name "
                         "another file",
                         init->place);
    return state_make(&init->disk, &init->store, init->tree, error);
}

int verb_init(int argc, char **argv)
{
    const char *generations = NULL;
    struct init init = {.store = {.tree = -1}};
    const struct option_row options[] = {
        OPTION_TEXT("tree", "DIR", "the system that becomes its generation", &init.tree),
        OPTION_TEXT("init", "PATH", "its init, if that is not /sbin/init", &init.store.facts.init),
        OPTION_TEXT("name", "TEXT", "what that generation is called in lists",
                    &init.store.facts.label),
        OPTION_TEXT("generations", "/PATH", "the folder of the generations (/generations)",
                    &generations),
        OPTION_TEXT("identity", "ID", "the identity of the volume (a new one)",
                    &init.store.identity),
        OPTION_TEXT("size", "SIZE", "of an image file, such as 4G (what the tree needs and some)",
                    &init.size),
        OPTION_TEXT("type", "TYPE", "the file system of an image file or device (ext4)",
                    &init.disk.fs_type),
        OPTION_TEXT("uuid", "UUID", "of that file system", &init.disk.uuid),
        OPTION_TEXT("label", "LABEL", "of that file system", &init.disk.label),
    };
    const struct usage usage = {
        .synopsis = "init [OPTION]... FOLDER|IMAGE|DEVICE",
        .about = "Makes a state volume: in a folder (a mounted file system), in a new "
                 "image file, or on an empty block device.",
        .options = options,
        .option_count = ARRAY_LENGTH(options),
        .most_words = 1};
    int words, status = usage_read(&usage, argc, argv, &words);
    if (status >= 0)
        return status;
    init.store.generations = generations ? generations : "/generations";
    const char *objection = path_objection(init.store.generations);
    if (words != 1 || objection) {
        if (objection)
            fprintf(stderr, "ebb: the folder \"%s\" %s\n", init.store.generations, objection);
        fprintf(stderr, "usage: ebb %s\n", usage.synopsis);
        return EXIT_USAGE;
    }
    if (init.size && options_size(init.size, &init.disk.size) < 0) {
        fprintf(stderr, "ebb: \"%s\" is not a size; write for example 4G\n", init.size);
        return EXIT_USAGE;
    }
    init.place = init.disk.path = argv[1];
    unsigned number = 1; /* of a new file system; a folder may have generations from before */
    struct error error;
    if (make(&init, &number, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_NO;
    }
    if (isatty(STDOUT_FILENO))
        printf(init.tree ? "%s is a state volume now, with generation %u\n"
                         : "%s is a state volume now; its generation %u is empty\n",
               init.place, number);
    return EXIT_DONE;
}
