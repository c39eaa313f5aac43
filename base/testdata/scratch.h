/* Scratch for tests that touch real files: a user and mount namespace of the program's own, in
 * which every test gets a fresh tmpfs as its current folder; files, outcomes of functions, and what
 * was logged. Nothing outside /tmp is touched, nothing is left. */
#ifndef EBB_BASE_TESTDATA_SCRATCH_H
#define EBB_BASE_TESTDATA_SCRATCH_H

#include "base/testdata/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/path.h"

static bool has_users; /* users other than 0 exist in the namespace: the tests run as root */

UNUSED static void need_namespace(void)
{
    if (!has_namespace)
        skip_because("user and mount namespaces are forbidden here");
}

static bool write_line(const char *path, const char *line)
{
    auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && path_write_all(fd, line, strlen(line)) == 0;
}

/* Whoever is root may map all users, but only from outside the new namespace. */
static bool map_all(pid_t process)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/uid_map", process);
    if (!write_line(path, "0 0 65535"))
        return false;
    snprintf(path, sizeof(path), "/proc/%d/gid_map", process);
    return write_line(path, "0 0 65535");
}

static bool map_one(uid_t user, gid_t group)
{
    char line[64];
    snprintf(line, sizeof(line), "0 %u 1", user);
    if (!write_line("/proc/self/uid_map", line))
        return false;
    (void)write_line("/proc/self/setgroups", "deny"); /* where it is denied already */
    snprintf(line, sizeof(line), "0 %u 1", group);
    return write_line("/proc/self/gid_map", line);
}

static bool unshare_users(void)
{
    int ends[2];
    uid_t user = geteuid();
    gid_t group = getegid();
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    pid_t parent = getpid(), helper = fork();
    if (helper == 0) {
        char byte;
        close(ends[1]);
        bool go = read(ends[0], &byte, 1) == 1;
        _exit(go && user == 0 && map_all(parent) ? 0 : 1);
    }
    close(ends[0]);
    bool apart = helper > 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (apart)
        (void)!write(ends[1], "", 1); /* a helper that is gone has mapped nothing */
    close(ends[1]);
    int status = 1;
    if (helper > 0)
        waitpid(helper, &status, 0);
    has_users = apart && status == 0;
    return apart && (has_users || map_one(user, group));
}

/* The group setup of every program of tests that mounts. */
UNUSED static int enter_namespace(void **state)
{
    (void)state;
    has_namespace = unshare_users() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                    mount("tests", "/tmp", "tmpfs", 0, "mode=1777") == 0;
    return 0;
}

/* The same for what a name space of users does not allow even to its root: overlays with marks of
 * their own, and disks. Whoever is not root has none. */
UNUSED static int enter_mounts(void **state)
{
    (void)state;
    has_namespace = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                    mount("tests", "/tmp", "tmpfs", 0, "mode=1777") == 0;
    has_users = has_namespace;
    return 0;
}

/* What a shell command prints, without the last newline; for free(3). */
__attribute__((format(printf, 1, 2))) UNUSED static char *output_of(const char *format, ...)
{
    char command[8192], *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    FILE *stream = popen(command, "re");
    assert_non_null(stream);
    struct error error;
    assert_int_equal(path_read_fd(fileno(stream), command, SIZE_MAX, &text, NULL, &error), 0);
    assert_int_equal(pclose(stream), 0);
    size_t length = strlen(text);
    if (length && text[length - 1] == '\n')
        text[length - 1] = '\0';
    return text;
}

/* Written in place: path_write is what some of these tests are about. */
UNUSED static void put(const char *path, const char *text)
{
    auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(path_write_all(fd, text, strlen(text)), 0);
}

UNUSED static void assert_content(const char *path, const char *text)
{
    char found[4096];
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, found, sizeof(found) - 1);
    if (length < 0)
        fail_msg("cannot read \"%s\": %s", path, strerror(errno));
    found[length] = '\0';
    assert_string_equal(found, text);
}

UNUSED static int open_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("cannot open \"%s\": %s", path, strerror(errno));
    return fd;
}

/* `code` is what a function returned; `message` is NULL where it should have succeeded. */
UNUSED static void assert_outcome(const char *name, int code, const struct error *error,
                                  const char *message)
{
    if (!message && code != 0)
        fail_msg("%s: %d, \"%s\"", name, code, error->text);
    if (message && code == 0)
        fail_msg("%s: should have failed with \"%s\"", name, message);
    if (message && strcmp(error->text, message) != 0)
        fail_msg("%s:\n  \"%s\", not\n  \"%s\"", name, error->text, message);
    if (message)
        assert_int_equal(code, -error->code);
}

/* Standard error, which is where the log goes, between the two calls. */
static int log_real = -1, log_kept = -1;

UNUSED static void log_begin(void)
{
    log_kept = memfd_create("log", MFD_CLOEXEC);
    log_real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    assert_true(log_kept >= 0 && log_real >= 0 && dup2(log_kept, STDERR_FILENO) >= 0);
}

/* What was logged, for free(3). */
UNUSED static char *log_end(void)
{
    char *text = NULL;
    struct error error;
    dup2(log_real, STDERR_FILENO);
    close(log_real);
    assert_true(lseek(log_kept, 0, SEEK_SET) == 0);
    assert_int_equal(path_read_fd(log_kept, "log", SIZE_MAX, &text, NULL, &error), 0);
    close(log_kept);
    return text;
}

#endif
