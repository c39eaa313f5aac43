#include "generations/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"

enum { LIMIT = 1 << 20 };

static const char place[] = "/etc/resolv.conf", name[] = "resolv.conf",
                  aside[] = ".resolv.conf.ebb";

static void warn(void)
{
    log_warning("names of hosts are not resolved: the tree has no place for \"%s\"", place);
}

/* Whether the tree's own is a link to what a service makes there. */
static bool leads_to_run(int etc, struct resolver *resolver)
{
    static const char *const ways[] = {"/run/", "../run/"};
    char link[PATH_MAX];
    ssize_t length = readlinkat(etc, name, link, sizeof(link) - 1);
    link[length > 0 ? length : 0] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
        if (strncmp(link, ways[i], strlen(ways[i])) == 0)
            snprintf(resolver->in_run, sizeof(resolver->in_run), "%s", link + strlen(ways[i]));
    return *resolver->in_run;
}

static struct timespec time_of(int folder)
{
    struct stat status = {0};
    (void)fstat(folder, &status); /* what cannot be looked at cannot be written to */
    return status.st_mtim;
}

static bool exchange(int etc, const struct resolver *resolver)
{
    struct error ignored;
    if (renameat(etc, name, etc, aside) < 0 && errno != ENOENT)
        return false;
    if (path_write(etc, name, resolver->text, resolver->length, 0644, &ignored) == 0)
        return true;
    (void)renameat(etc, aside, etc, name); /* there may have been none */
    return false;
}

void resolver_lend(int tree, struct resolver *resolver)
{
    struct error ignored;
    *resolver = (struct resolver){.etc = -1};
    auto_fd host = open(place, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (host < 0 ||
        path_read_fd(host, place, LIMIT, &resolver->text, &resolver->length, &ignored) < 0)
        return;
    auto_fd etc = path_open_in_root(tree, "/etc", O_RDONLY | O_DIRECTORY);
    if (etc >= 0 && leads_to_run(etc, resolver))
        return;
    resolver->before = time_of(etc);
    if (etc < 0 || !exchange(etc, resolver)) {
        warn();
        return;
    }
    resolver->since = time_of(etc);
    resolver->etc = TAKE_FD(etc);
}

void resolver_show_in_run(const struct resolver *resolver)
{
    struct error ignored;
    const char *file;
    auto_fd folder = -1, run = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*resolver->in_run &&
        (path_make_parent(run, resolver->in_run, &folder, &file, &ignored) < 0 ||
         path_write(folder, file, resolver->text, resolver->length, 0644, &ignored) < 0))
        warn();
}

static bool is_as_lent(const struct resolver *resolver)
{
    struct error ignored;
    auto_string text = NULL;
    size_t length;
    auto_fd fd = path_open(resolver->etc, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && path_read_fd(fd, name, LIMIT, &text, &length, &ignored) == 0 &&
           length == resolver->length && memcmp(text, resolver->text, length) == 0;
}

/* Nor is the folder any newer, unless the command made or removed something in it. */
static void put_back(const struct resolver *resolver)
{
    int etc = resolver->etc;
    struct timespec now = time_of(etc);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, resolver->before};
    if (!is_as_lent(resolver))
        (void)unlinkat(etc, aside, 0); /* there may have been none */
    else if (renameat(etc, aside, etc, name) < 0)
        (void)unlinkat(etc, name, 0); /* a copy too many does no harm */
    if (now.tv_sec == resolver->since.tv_sec && now.tv_nsec == resolver->since.tv_nsec)
        (void)futimens(etc, times); /* a wrong time neither */
}

void resolver_take_back(struct resolver *resolver)
{
    if (resolver->etc >= 0)
        put_back(resolver);
    memory_close_fd(&resolver->etc);
    free(resolver->text);
}
