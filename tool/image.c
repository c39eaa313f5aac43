/* ebb image: what is inside an initramfs, any initramfs, alone or in a unified kernel image. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"
#include "image/archive.h"
#include "tool/name.h"
#include "tool/sections.h"
#include "tool/verb.h"

#define LARGEST_IMAGE ((size_t)1 << 30)

static const char usage[] =
    "usage: ebb image ls [--json] [-l] IMAGE\n"
    "       ebb image cat IMAGE PATH...\n"
    "       ebb image sections [--json] IMAGE\n"
    "\n"
    "Looks into an initramfs of any maker, alone or in a unified kernel image. IMAGE may be\n"
    "\"-\" for standard input.\n"
    "\n"
    "  ls        the names in it; -l with mode, links, owner, size, time, and the number and\n"
    "            compression of the archive that has it\n"
    "  cat       the content of files in it; links inside the image are followed\n"
    "  sections  what a unified kernel image is made of\n";

struct options {
    int json, details;
    const char *image;
    char **paths;
};

static int wrong_usage(const char *reason, const char *word)
{
    log_error("image: %s \"%s\": see \"ebb image --help\"", reason, word);
    return EXIT_USAGE;
}

static const struct type {
    mode_t type;
    char letter;
    const char *name;
} types[] = {
    {S_IFREG, '-', "file"},         {S_IFDIR, 'd', "folder"},
    {S_IFLNK, 'l', "link"},         {S_IFCHR, 'c', "character device"},
    {S_IFBLK, 'b', "block device"}, {S_IFIFO, 'p', "pipe"},
    {S_IFSOCK, 's', "socket"},      {0, '?', "unknown"},
};

static const struct type *type_of(mode_t mode)
{
    const struct type *type = types;
    while (type->type && type->type != (mode & S_IFMT))
        type++;
    return type;
}

static void mode_text(mode_t mode, char text[11])
{
    text[0] = type_of(mode)->letter;
    for (int i = 0; i < 9; i++)
        text[1 + i] = mode & (mode_t)(0400 >> i) ? "rwx"[i % 3] : '-';
    if (mode & S_ISUID)
        text[3] = text[3] == 'x' ? 's' : 'S';
    if (mode & S_ISGID)
        text[6] = text[6] == 'x' ? 's' : 'S';
    if (mode & S_ISVTX)
        text[9] = text[9] == 'x' ? 't' : 'T';
    text[10] = '\0';
}

static void print_details(const struct archive_entry *entry)
{
    char mode[11], when[32] = "?", size[32];
    time_t seconds = (time_t)entry->mtime;
    struct tm time;
    mode_text(entry->mode, mode);
    if (gmtime_r(&seconds, &time))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &time);
    if (S_ISCHR(entry->mode) || S_ISBLK(entry->mode))
        snprintf(size, sizeof(size), "%u, %u", entry->major, entry->minor);
    else
        snprintf(size, sizeof(size), "%zu", entry->size);
    printf("%s %2u %u %u %9s %s %u %-5s ", mode, entry->links, entry->uid, entry->gid, size, when,
           entry->segment, entry->compression);
}

static void print_entry(const struct archive_entry *entry, int details, int terminal)
{
    if (details)
        print_details(entry);
    name_print(entry->path, terminal, stdout);
    if (details && entry->target) {
        fputs(" -> ", stdout);
        name_print(entry->target, terminal, stdout);
    }
    putchar('\n');
}

static struct json_object *json_entry(struct arena *arena, const struct archive_entry *entry)
{
    char mode[16];
    snprintf(mode, sizeof(mode), "%04o", entry->mode & 07777);
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "path", name_json(arena, entry->path));
    json_object_object_add(object, "type", json_object_new_string(type_of(entry->mode)->name));
    json_object_object_add(object, "mode", json_object_new_string(mode));
    json_object_object_add(object, "links", json_object_new_int64(entry->links));
    json_object_object_add(object, "uid", json_object_new_int64(entry->uid));
    json_object_object_add(object, "gid", json_object_new_int64(entry->gid));
    json_object_object_add(object, "size", json_object_new_int64((int64_t)entry->size));
    json_object_object_add(object, "mtime", json_object_new_int64(entry->mtime));
    if (S_ISCHR(entry->mode) || S_ISBLK(entry->mode)) {
        json_object_object_add(object, "major", json_object_new_int64(entry->major));
        json_object_object_add(object, "minor", json_object_new_int64(entry->minor));
    }
    if (entry->target)
        json_object_object_add(object, "target", name_json(arena, entry->target));
    json_object_object_add(object, "segment", json_object_new_int64(entry->segment));
    json_object_object_add(object, "compression", json_object_new_string(entry->compression));
    return object;
}

static void list_json(const struct archive *archive)
{
    auto_arena arena = arena_new();
    for (size_t i = 0; i < archive->count; i++) {
        struct json_object *object = json_entry(arena, &archive->entries[i]);
        printf("%s%s", i ? ",\n " : "[",
               json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
    }
    puts(archive->count ? "]" : "[]");
}

static int list(const struct archive *archive, const struct options *options)
{
    if (options->json) {
        list_json(archive);
        return 0;
    }
    int terminal = isatty(STDOUT_FILENO);
    for (size_t i = 0; i < archive->count; i++)
        print_entry(&archive->entries[i], options->details, terminal);
    return 0;
}

static int print_files(const struct archive *archive, const struct options *options)
{
    int result = 0;
    for (char **path = options->paths; *path; path++) {
        const struct archive_entry *entry = archive_find(archive, *path);
        if (entry && S_ISREG(entry->mode)) {
            fwrite(entry->data, 1, entry->size, stdout);
            continue;
        }
        if (!entry)
            log_error("\"%s\" has no \"%s\": \"ebb image ls\" shows what it has", options->image,
                      *path);
        else
            log_error("\"%s\" in \"%s\" is no file: it cannot be printed", *path, options->image);
        result = 1;
    }
    return result;
}

struct verb {
    const char *name, *options; /* as getopt_long(3) returns them */
    int (*run)(const struct archive *archive, const struct options *options); /* NULL: sections */
};

static int run(const struct verb *verb, const struct options *options)
{
    struct error error;
    auto_string text = NULL;
    size_t length = 0;
    int result = 0, is_input = strcmp(options->image, "-") == 0;
    const char *name = is_input ? "standard input" : options->image;
    int code = is_input ? path_read_fd(STDIN_FILENO, name, LARGEST_IMAGE, &text, &length, &error)
                        : path_read(AT_FDCWD, name, LARGEST_IMAGE, &text, &length, &error);
    const char *data = text;
    if (code == 0 && !verb->run)
        code =
            sections_list(name, data, length, options->json, isatty(STDOUT_FILENO), stdout, &error);
    else if (code == 0)
        code = sections_initramfs(name, &data, &length, &error);
    if (code == 0 && verb->run) {
        auto_archive archive = archive_new();
        code = archive_read(archive, name, data, length, &error);
        result = verb->run(archive, options);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("cannot write the output: %s", strerror(errno));
        return 1;
    }
    if (code < 0)
        log_error("%s", error.text);
    return code < 0 ? 1 : result;
}

int verb_image(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    static const struct verb verbs[] = {
        {"ls", "lhj", list}, {"cat", "h", print_files}, {"sections", "hj", NULL}, {"", "h", NULL}};
    const char *word = argc > 1 ? argv[1] : "";
    const struct verb *verb = verbs;
    while (*verb->name && strcmp(verb->name, word) != 0)
        verb++;
    if (!*verb->name && strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0)
        return wrong_usage(argc > 1 ? "unknown verb" : "missing verb",
                           argc > 1 ? word : "ls\", \"cat\" or \"sections");
    struct options options = {0};
    opterr = 0; /* its messages would not be ours */
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "lh", long_options, NULL)) != -1;) {
        if (option == 'h')
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
        if (option == '?' || !strchr(verb->options, option))
            return wrong_usage("unknown option", argv[optind - 1]);
        options.json |= option == 'j';
        options.details |= option == 'l';
    }
    int words = argc - optind - 1; /* getopt has put the verb first */
    if (words < 1)
        return wrong_usage("missing", "IMAGE");
    options.image = argv[optind + 1];
    options.paths = argv + optind + 2;
    if (verb->run != print_files && words > 1)
        return wrong_usage("one image at a time, not also", options.paths[0]);
    if (verb->run == print_files && words < 2)
        return wrong_usage("missing", "PATH");
    return run(verb, &options);
}
