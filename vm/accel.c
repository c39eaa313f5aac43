#include "vm/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"

/* KVM that works boots this in about a second. */
enum { PROBE_TIMEOUT = 20000, AGENT_LIMIT = 16 << 20, LINE_LIMIT = 4096 };

/* One entry of a cpio archive, in the "newc" format of the kernel. */
static void add_entry(FILE *archive, const char *name, unsigned mode, const char *data,
                      size_t length)
{
    fprintf(archive, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", 1U, mode, 0U,
            0U, 1U, 0U, length, 0U, 0U, 0U, 0U, strlen(name) + 1, 0U, name);
    fputc('\0', archive);
    while (ftell(archive) % 4)
        fputc('\0', archive);
    if (length)
        fwrite(data, 1, length, archive);
    while (ftell(archive) % 4)
        fputc('\0', archive);
}

/* An initramfs in memory whose only program is the agent. Returns a descriptor or -errno. */
static int make_image(const char *agent, struct error *error)
{
    auto_string program = NULL;
    size_t length;
    if (path_read(AT_FDCWD, agent, AGENT_LIMIT, &program, &length, error) < 0)
        return -error->code;
    int fd = memfd_create("probe", MFD_CLOEXEC);
    auto_file archive = fd < 0 ? NULL : fdopen(dup(fd), "w");
    if (!archive)
        return error_system(error, errno, "cannot make a file in memory");
    add_entry(archive, "init", S_IFREG | 0755, program, length);
    add_entry(archive, "TRAILER!!!", 0, NULL, 0);
    if (fflush(archive) == 0)
        return fd;
    error_system(error, errno, "cannot fill a file in memory");
    close(fd);
    return -error->code;
}

int accel_probe(enum vm_accel accel, const char *kernel, const char *agent, unsigned timeout,
                struct error *error)
{
    auto_fd image = make_image(agent, error);
    if (image < 0)
        return image;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), image);
    struct vm_request request = {.kernel = kernel,
                                 .image = path,
                                 .append = "quiet",
                                 .memory = 256,
                                 .timeout = timeout,
                                 .accel = accel};
    auto_vm vm = NULL;
    if (vm_start(&request, &vm, error) < 0 || vm_wait_serial(vm, ACCEL_MARK, error) < 0)
        return -error->code;
    return vm_wait_end(vm, error);
}

static bool cpu_can(void)
{
#if defined(__x86_64__)
    struct error error;
    auto_string text = NULL;
    if (path_read(AT_FDCWD, "/proc/cpuinfo", 16 << 20, &text, NULL, &error) < 0)
        return false;
    return strstr(text, " vmx") || strstr(text, " svm");
#else
    return true; /* only x86 lists it */
#endif
}

/* A folder that nobody else can write into, or -1: what is read from it decides how QEMU runs. */
static int open_cache(void)
{
    char path[PATH_MAX];
    const char *cache = getenv("XDG_CACHE_HOME");
    if (cache && *cache == '/')
        snprintf(path, sizeof(path), "%s/ebb", cache);
    else if (geteuid() == 0)
        snprintf(path, sizeof(path), "/var/cache/ebb");
    else
        snprintf(path, sizeof(path), "/tmp/ebb-%u", geteuid());
    (void)mkdir(path, 0700); /* if it is not there then, the next line tells */
    auto_fd folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (folder < 0 || fstat(folder, &status) < 0 || status.st_uid != geteuid() ||
        (status.st_mode & 022))
        return -1;
    return TAKE_FD(folder);
}

/* "BOOT-ID yes": a new kernel or another host may know better. */
static bool recall(int cache, const char *boot, bool *works)
{
    struct error error;
    auto_string text = NULL;
    if (path_read(cache, "kvm", LINE_LIMIT, &text, NULL, &error) < 0 ||
        strncmp(text, boot, strlen(boot)) != 0)
        return false;
    const char *word = text + strlen(boot);
    *works = strcmp(word, " yes\n") == 0;
    return *works || strcmp(word, " no\n") == 0;
}

bool accel_kvm_works(const char *kernel, const char *agent)
{
    struct error error;
    if (access("/dev/kvm", R_OK | W_OK) < 0 || !cpu_can())
        return false;
    auto_string boot = NULL;
    auto_fd cache = open_cache();
    if (path_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", LINE_LIMIT, &boot, NULL, &error) < 0)
        return false;
    boot[strcspn(boot, "\n")] = '\0';
    bool works;
    if (cache >= 0 && recall(cache, boot, &works))
        return works;
    works = accel_probe(ACCEL_KVM, kernel, agent, PROBE_TIMEOUT, &error) == 0;
    char line[128];
    int length = snprintf(line, sizeof(line), "%.64s %s\n", boot, works ? "yes" : "no");
    if (cache >= 0 && path_write(cache, "kvm", line, (size_t)length, 0600, &error) < 0)
        log_debug("%s; ignoring", error.text); /* it will be probed again */
    return works;
}
