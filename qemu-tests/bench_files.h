/* What the measurements of many files share. The volume is ext4 on a loop device, and all that lies
 * below the device is memory, so no disk is measured. They need root, and leave nothing: all of it
 * happens in a mount name space of its own, and the loop device goes with its mount. */
#ifndef EBB_QEMU_TESTS_BENCH_FILES_H
#define EBB_QEMU_TESTS_BENCH_FILES_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/path.h"

static char folder[] = "/tmp/ebb-bench-XXXXXX";

static void must(int code, const char *what)
{
    if (code < 0) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static void must_run(const char *command)
{
    must(system(command) == 0 ? 0 : -1, command); /* NOLINT(cert-env33-c): the rivals, too */
}

__attribute__((unused)) static int open_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(fd, path);
    return fd;
}

static void enter(const char *size)
{
    char options[64];
    snprintf(options, sizeof(options), "mode=0755,nr_inodes=0,size=%s", size);
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount");
    must(mount("bench", folder, "tmpfs", 0, options), "mount");
    must(chdir(folder), "chdir");
    must_run("mkdir volume && truncate -s 3G image && mkfs.ext4 -q -N 500000 image &&"
             "mount -o loop image volume");
}

/* Each of up to 1 MiB. */
static void put(const char *path, size_t size)
{
    static char bytes[1 << 20];
    auto_fd fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    must(fd, path);
    memset(bytes, path[strlen(path) - 1], sizeof(bytes));
    must(path_write_all(fd, bytes, size), path);
}

static double seconds_since(unsigned long start)
{
    return (double)(clock_microseconds() - start) / 1e6;
}

static double least(double one, double other)
{
    return one < other ? one : other;
}

static double time_of(const char *command)
{
    unsigned long start = clock_microseconds();
    must_run(command);
    return seconds_since(start);
}

/* 50,000 files, of 1 GiB in all, most of them small. */
static void make_source(const char *top)
{
    char path[128];
    uint32_t random = 1;
    must(mkdir(top, 0755), "mkdir");
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "%s/folder-%d", top, i);
        must(mkdir(path, 0755), path);
        for (int j = 0; j < 100; j++) {
            random = random * 1664525 + 1013904223;
            uint32_t share = (random >> 16) & 0x3ff;
            snprintf(path, sizeof(path), "%s/folder-%d/file-%d", top, i, j);
            /* The cube of what is even from 0 to 1 has a mean of 1/4. */
            put(path, (size_t)((uint64_t)share * share * share * 4 * 21475 >> 30));
        }
    }
}

static void apart(void (*run)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run();
        exit(0);
    }
    must(child < 0 || waitpid(child, &status, 0) < 0 || status != 0 ? -1 : 0, "a measurement");
}

/* False, and why is told: there can be no measurement here. */
static bool begin(void)
{
    struct sysinfo memory;
    if (geteuid() != 0) {
        fputs("bench: trees are measured by root only\n", stderr);
        return false;
    }
    must(sysinfo(&memory), "sysinfo");
    if ((uint64_t)(memory.freeram + memory.bufferram) * memory.mem_unit < (uint64_t)6 << 30) {
        fputs("bench: trees are measured where 6 GiB of memory are free\n", stderr);
        return false;
    }
    must(mkdtemp(folder) ? 0 : -1, "mkdtemp");
    return true;
}

#endif
