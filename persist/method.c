#include "persist/method.h"

#include <fnmatch.h>
#include <string.h>

#include "base/memory.h"
#include "base/path.h"
#include "persist/machine_id.h"

/* Files that are replaced by a rename, and by whom. A pattern that begins with "/" is a whole path;
 * another one is the end of a path in some home. Not here: what is rewritten in place, such as
 * /etc/adjtime by hwclock(8). */
static const struct {
    const char *pattern, *writer;
} renamed[] = {
    {"/etc/passwd", "useradd, usermod and chsh"},
    {"/etc/group", "groupadd and usermod"},
    {"/etc/shadow", "passwd and usermod"},
    {"/etc/gshadow", "groupadd and usermod"},
    {"/etc/subuid", "useradd and usermod"},
    {"/etc/subgid", "useradd and usermod"},
    {"/etc/resolv.conf", "dhclient"},
    {"/etc/hostname", "hostnamectl"},
    {"/etc/localtime", "timedatectl, as the symbolic link that it is"},
    {"/etc/locale.conf", "localectl"},
    {"/etc/vconsole.conf", "localectl"},
    {".ssh/known_hosts", "ssh-keygen -R"},
    {".bash_history", "bash, for `history -w` and when many lines are new"}, /* else appended */
    {".zsh_history", "zsh"}, /* unless HIST_SAVE_BY_COPY is unset */
    {".histfile", "zsh"},
    {".local/share/fish/fish_history", "fish"},
    {".local/share/recently-used.xbel", "GTK"},
    {".config/monitors.xml", "mutter"},
    {".config/mimeapps.list", "GIO"},
    {".config/user-dirs.dirs", "xdg-user-dirs-update"},
    {".config/dconf/user", "dconf"},
    {".config/k*rc", "KDE"},
    {".config/plasma*rc", "KDE"},
    {".config/*-appletsrc", "KDE"},
    {".config/dolphinrc", "KDE"},
    {".config/baloofilerc", "KDE"},
    {".config/powerdevilrc", "KDE"},
    {".config/spectaclerc", "KDE"},
};

/* The last parts of `path`, as many as the pattern has; NULL if it has no more than these. */
static const char *tail(const char *path, const char *pattern)
{
    size_t parts = 1;
    for (const char *slash = pattern; (slash = strchr(slash, '/')); slash++)
        parts++;
    for (const char *at = path + strlen(path); at > path; at--)
        if (at[-1] == '/' && --parts == 0)
            return at - 1 > path ? at : NULL;
    return NULL;
}

const char *method_writer(const char *target)
{
    for (size_t i = 0; i < ARRAY_LENGTH(renamed); i++) {
        const char *pattern = renamed[i].pattern;
        const char *part = *pattern == '/' ? target : tail(target, pattern);
        if (part && fnmatch(pattern, part, FNM_PATHNAME) == 0)
            return renamed[i].writer;
    }
    return NULL;
}

static void check_symlink(const struct persist_entry *entry, struct report *report)
{
    const struct volume *volume = entry->store->volume;
    if (machine_id_is(entry))
        report_error(report, entry->origin,
                     "\"%s\" is always copied, for systemd wants no link there; leave method= out",
                     entry->target);
    else if (volume && !volume->mount)
        report_error(report, entry->origin,
                     "\"%s\" would be a link to the volume \"%s\", which the running system does "
                     "not see; add to its block: mount /%s",
                     entry->target, volume->name, volume->name);
}

/* Options that another method would pass over in silence. */
static void check_options(const struct persist_entry *entry, struct report *report)
{
    if (entry->method != METHOD_BIND && entry->options)
        report_error(
            report, entry->origin,
            "\"%s\" is not mounted by its method, so that options= would do nothing; write "
            "method=bind, or leave options= out",
            entry->target);
    if (entry->method == METHOD_COPY && (entry->existing || entry->seed))
        report_error(
            report, entry->origin,
            "\"%s\" begins as the generation has it, and is copied with its owner and mode; "
            "leave existing= and seed= out, or write method=bind",
            entry->target);
}

void method_check(const struct persist_entry *entry, struct report *report)
{
    check_options(entry, report);
    if (entry->method == METHOD_SYMLINK)
        check_symlink(entry, report);
    if (entry->method == METHOD_COPY && entry->kind == PERSIST_DIR)
        report_error(report, entry->origin,
                     "\"%s\" is a folder, and only files are copied; write method=bind",
                     entry->target);
    const char *writer = entry->kind == PERSIST_FILE ? method_writer(entry->target) : NULL;
    if (writer && entry->method != METHOD_COPY)
        report_warning(report, entry->origin,
                       "\"%s\" is replaced by a rename (%s), %s; write method=copy", entry->target,
                       writer,
                       entry->method == METHOD_BIND ? "which fails on a file that is bound"
                                                    : "which ends the link, and the new file is "
                                                      "lost");
}
