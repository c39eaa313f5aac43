#include "mounts/unlock.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/path.h"

/* Of device mapper, by the kernel's list of devices. */
enum { CONTROL_MAJOR = 10, CONTROL_MINOR = 236 };

const char *unlock_name(const struct volume *volume)
{
    return volume->luks->name ? volume->luks->name : volume->name;
}

static void free_container(struct crypt_device **container)
{
    crypt_free(*container);
}
#define auto_container AUTO(free_container) struct crypt_device *

/* The library's own words: of use to whoever looks for the reason. */
static void log_words(int level, const char *words, void *unused)
{
    (void)unused;                           /* there is nothing to hand over */
    int length = (int)strcspn(words, "\n"); /* ours ends the line itself */
    if (level == CRYPT_LOG_ERROR || level == CRYPT_LOG_NORMAL)
        log_info("LUKS: %.*s", length, words);
    else
        log_debug("LUKS: %.*s", length, words);
}

/* Shows a volume of keys in a folder that nobody but this child ever sees. */
static int show_keys(const struct volume *keys, const char *device, const char *place,
                     struct error *error)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_system(error, errno, "cannot look at the volume \"%s\"", keys->name);
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        return error_system(error, errno, "cannot make \"%s\"", place);
    if (mount(device, place, keys->fs.type, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return error_system(error, errno, "cannot mount %s, the volume \"%s\", as %s", device,
                            keys->name, keys->fs.type);
    return 0;
}

/* Opens a key or a header; *name is what messages call it. */
static int open_file(const struct luks_file *file, const char *device, const char *place,
                     char name[300], struct error *error)
{
    if (file->path) {
        snprintf(name, 300, "%s", file->path);
    } else {
        snprintf(name, 300, "%s:%s", file->place.volume_name, file->place.path);
        int code = show_keys(file->place.volume, device, place, error);
        if (code < 0)
            return code;
    }
    auto_fd folder = open(file->path ? "/" : place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -errno
                        : path_open(folder, file->path ? file->path : file->place.path, O_RDONLY);
    return fd < 0 ? error_system(error, -fd, "cannot open \"%s\"", name) : fd;
}

struct key {
    const char *bytes;
    size_t length;
};

static int read_key(const struct unlock_request *request, struct key *key, struct error *error)
{
    const struct luks *luks = request->volume->luks;
    char name[300];
    if (request->passphrase) {
        *key = (struct key){request->passphrase, request->length};
        return 0;
    }
    auto_fd fd = open_file(&luks->key, request->key_device, "/run/ebb/keys", name, error);
    if (fd < 0)
        return fd;
    size_t size = luks->key_size ? luks->key_size : UNLOCK_KEY_MAX, length = 0;
    char *bytes = malloc(size);
    if (!bytes)
        memory_exhausted();
    ssize_t got = 1;
    while (got > 0 && length < size) {
        got = pread(fd, bytes + length, size - length, (off_t)(luks->key_offset + length));
        if (got < 0)
            return error_system(error, errno, "cannot read the key \"%s\"", name);
        length += (size_t)got;
    }
    if (!length && !luks->key_offset)
        return error_set(error, ENODATA, "the key \"%s\" is empty; put the key there again", name);
    if (!length || (luks->key_size && length < size))
        return error_set(error, ENODATA,
                         "the key \"%s\" ends before byte %llu; correct keyfile-offset= and "
                         "keyfile-size=",
                         name, (unsigned long long)luks->key_offset + (length ? size : 1));
    *key = (struct key){bytes, length}; /* goes with this child */
    return 0;
}

/* Reads what the container says of itself, from the device or from its header elsewhere. */
static int load(const struct unlock_request *request, struct crypt_device **container,
                struct error *error)
{
    const struct luks_file *header = &request->volume->luks->header;
    char name[300] = "", path[64];
    int fd = -1, code;
    if (header->path || header->place.volume_name) {
        fd = open_file(header, request->header_device, "/run/ebb/headers", name, error);
        if (fd < 0)
            return fd;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* open until this child ends */
        code = crypt_init_data_device(container, path, request->device);
    } else {
        code = crypt_init(container, request->device);
    }
    if (code == 0)
        code = crypt_load(*container, CRYPT_LUKS, NULL);
    if (code == 0)
        return 0;
    const char *before = fd < 0 ? "" : "the header \"", *behind = fd < 0 ? "" : "\" of ";
    if (code == -EINVAL)
        return error_set(error, EINVAL,
                         "%s%s%s%s, the volume \"%s\", holds no LUKS header that can be read; see "
                         "the lines above",
                         before, name, behind, request->device, request->volume->name);
    return error_system(error, -code, "%s%s%s%s, the volume \"%s\", cannot be read as LUKS", before,
                        name, behind, request->device, request->volume->name);
}

static int explain(const struct unlock_request *request, int code, struct error *error)
{
    const struct volume *volume = request->volume;
    if (code == -ENOMEM)
        return error_set(error, ENOMEM,
                         "the volume \"%s\" on %s cannot be unlocked: its key derivation needs "
                         "more memory than there is",
                         volume->name, request->device);
    if (code == -EPERM || code == -ENOENT)
        return error_set(error, EPERM, "that is not the %s of the volume \"%s\" on %s",
                         request->passphrase ? "passphrase" : "key", volume->name, request->device);
    if (code == -EEXIST)
        return error_set(error, EEXIST,
                         "the volume \"%s\" cannot be unlocked as /dev/mapper/%s, which is there "
                         "already; give it another name=",
                         volume->name, unlock_name(volume));
    if (code == -ENOTSUP)
        return error_set(error, ENOTSUP,
                         "the volume \"%s\" on %s cannot be unlocked: the kernel cannot do what it "
                         "needs; see the lines above, and `ebb check --kernel`",
                         volume->name, request->device);
    return error_system(error, -code,
                        "the volume \"%s\" on %s cannot be unlocked; see the lines above",
                        volume->name, request->device);
}

static int unlock(const struct unlock_request *request, struct error *error)
{
    const struct luks *luks = request->volume->luks;
    const uint32_t flags = (luks->discard ? CRYPT_ACTIVATE_ALLOW_DISCARDS : 0U) |
                           (luks->no_read_workqueue ? CRYPT_ACTIVATE_NO_READ_WORKQUEUE : 0U) |
                           (luks->no_write_workqueue ? CRYPT_ACTIVATE_NO_WRITE_WORKQUEUE : 0U);
    struct key key = {0};
    auto_container container = NULL;
    int code = read_key(request, &key, error);
    if (code == 0)
        code = load(request, &container, error);
    if (code < 0)
        return code;
    code = crypt_activate_by_passphrase(container, unlock_name(request->volume), CRYPT_ANY_SLOT,
                                        key.bytes, key.length, flags);
    return code < 0 ? explain(request, code, error) : 0;
}

_Noreturn static void serve(const struct unlock_request *request, int report)
{
    struct error error = {0};
    child_forget_signals();
    (void)prctl(PR_SET_NAME, "ebb-unlock");   /* only for people who look at ps */
    (void)prctl(PR_SET_DUMPABLE, 0);          /* a core would hold the key */
    (void)mlockall(MCL_CURRENT | MCL_FUTURE); /* there is no swap before the switch */
    auto_file score = fopen("/proc/self/oom_score_adj", "we");
    if (score)
        fputs("1000\n", score); /* if memory runs out, it should be this one that ends */
    if (score)
        fflush(score);
    crypt_set_log_callback(NULL, log_words, NULL);
    (void)unlock(request, &error); /* the error says what became of it */
    _exit(path_write_all(report, &error, sizeof(error)) < 0);
}

/* libdevmapper makes this node if it misses it, and opening it loads the module. Two children that
 * do so at once get in each other's way: one of them finds the node there, and gives up. */
static void make_control(void)
{
    (void)mkdir("/dev/mapper", 0755); /* is there already, mostly */
    (void)mknod("/dev/mapper/control", S_IFCHR | 0600,
                makedev(CONTROL_MAJOR, CONTROL_MINOR)); /* the same; else the child tells */
}

int unlock_start(const struct unlock_request *request, pid_t *child, int *report,
                 struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_system(error, errno, "cannot unlock the volume \"%s\"", request->volume->name);
    auto_fd reading = ends[0], writing = ends[1];
    make_control();
    pid_t started = fork();
    if (started < 0)
        return error_system(error, errno, "cannot unlock the volume \"%s\"", request->volume->name);
    if (started == 0)
        serve(request, writing);
    *child = started;
    *report = TAKE_FD(reading);
    return 0;
}

int unlock_result(pid_t child, int report, struct error *error)
{
    struct error told;
    ssize_t got = read(report, &told, sizeof(told)); /* a pipe gives so little at once */
    int status = 0;
    close(report);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (got == sizeof(told) && told.code == 0)
        return 0;
    if (got == sizeof(told)) {
        *error = told;
        return -error->code;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return error_set(error, ENOMEM,
                         "there is too little memory to derive a key, or the child that did was "
                         "killed");
    return error_set(error, EIO, "the child that unlocks has ended, with status 0x%x",
                     (unsigned)status);
}
