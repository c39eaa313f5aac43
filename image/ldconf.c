#include "image/ldconf.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"

enum { DEEPEST_INCLUDE = 8 };

struct ldconf {
    struct arena *arena;
    int root;
    const char **folders;
    size_t count;
};

static void read_file(struct ldconf *conf, const char *path, int depth);

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* A pattern stands in the last part only, in every distribution's file. */
static void include(struct ldconf *conf, const char *from, const char *pattern, int depth)
{
    if (pattern[0] != '/')
        pattern =
            arena_printf(conf->arena, "%.*s/%s", (int)(strrchr(from, '/') - from), from, pattern);
    const char *last = strrchr(pattern, '/') + 1;
    const char *parent = arena_copy(conf->arena, pattern, (size_t)(last - pattern));
    auto_fd folder = path_open_in_root(conf->root, parent, O_RDONLY | O_DIRECTORY);
    if (folder < 0)
        return;
    struct dirent **names = NULL;
    int count = scandirat(folder, ".", &names, visible, alphasort);
    for (int i = 0; i < count; i++) {
        if (fnmatch(last, names[i]->d_name, 0) == 0)
            read_file(conf, arena_printf(conf->arena, "%s%s", parent, names[i]->d_name), depth + 1);
        free(names[i]);
    }
    free(names);
}

static void read_line(struct ldconf *conf, const char *path, char *line, int depth)
{
    static const char blanks[] = " \t\r,:";
    line[strcspn(line, "#")] = '\0';
    char *rest = NULL, *word = strtok_r(line, blanks, &rest);
    if (word && strcmp(word, "hwcap") == 0) /* of the loaders of old, and no folder */
        return;
    int is_include = word && strcmp(word, "include") == 0;
    for (word = is_include ? strtok_r(NULL, blanks, &rest) : word; word;
         word = strtok_r(NULL, blanks, &rest)) {
        if (is_include)
            include(conf, path, word, depth);
        else if (word[0] == '/')
            *ARENA_PUSH(conf->arena, conf->folders, conf->count) = arena_string(conf->arena, word);
    }
}

static void read_file(struct ldconf *conf, const char *path, int depth)
{
    auto_fd fd = depth > DEEPEST_INCLUDE ? -1 : path_open_in_root(conf->root, path, O_RDONLY);
    auto_file file = fd < 0 ? NULL : fdopen(fd, "re");
    if (!file)
        return;
    (void)TAKE_FD(fd); /* the stream has it now */
    auto_string line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        read_line(conf, path, line, depth);
    }
}

void ldconf_read(struct arena *arena, int root, const char ***folders, size_t *count)
{
    struct ldconf conf = {.arena = arena, .root = root};
    read_file(&conf, "/etc/ld.so.conf", 0);
    *folders = conf.folders;
    *count = conf.count;
}
