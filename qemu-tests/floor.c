/* The floor that `make bench` measures PID 1 against: an init written by hand for one machine. It
 * loads a fixed list of modules, mounts a fixed device (in a container, if there is a key), makes a
 * tmpfs root with the generation's programs, and executes; nothing is looked for, checked, told or
 * cleaned up. */

#include <fcntl.h>
#include <libcryptsetup.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void load_modules(void)
{
    char path[512];
    FILE *list = fopen("/modules", "re");
    while (list && fgets(path, sizeof(path), list)) {
        path[strcspn(path, "\n")] = '\0';
        int module = open(path, O_RDONLY | O_CLOEXEC);
        /* As PID 1 does: without it, each module waits for all probing, such as that of SATA. */
        if (module < 0 || syscall(SYS_finit_module, module, "async_probe", 0) < 0)
            printf("floor: cannot load %s: %m\n", path);
        close(module);
    }
}

/* The device to be mounted. */
static const char *unlock(const char *device)
{
    char key[512];
    struct crypt_device *container = NULL;
    int file = open("/key", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return device;
    ssize_t length = read(file, key, sizeof(key));
    if (crypt_init(&container, device) < 0 || crypt_load(container, CRYPT_LUKS, NULL) < 0 ||
        crypt_activate_by_passphrase(container, "state", CRYPT_ANY_SLOT, key, (size_t)length, 0) <
            0)
        printf("floor: cannot unlock\n");
    crypt_free(container);
    close(file);
    return "/dev/mapper/state";
}

int main(void)
{
    long start = microseconds();
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("run", "/run", "tmpfs", 0, NULL);
    load_modules();
    int disk; /* the node is there before its driver has come to the end */
    while ((disk = open("/dev/vda", O_RDONLY | O_CLOEXEC)) < 0)
        usleep(1000);
    close(disk);
    if (mount(unlock("/dev/vda"), "/volume", "ext4", 0, NULL) < 0 ||
        mount("root", "/sysroot", "tmpfs", 0, "size=50%") < 0)
        printf("floor: cannot mount: %m\n");
    static const char *const folders[] = {"usr", "etc", "proc", "sys", "dev", "run", "persist"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/sysroot/%s", folders[i]);
        mkdir(path, 0755);
    }
    mount("/volume/generations/1/tree/usr", "/sysroot/usr", NULL, MS_BIND, NULL);
    mount("/volume", "/sysroot/persist", NULL, MS_MOVE, NULL);
    symlink("usr/bin", "/sysroot/sbin");
    symlink("usr/bin", "/sysroot/bin");
    mount("/proc", "/sysroot/proc", NULL, MS_MOVE, NULL);
    mount("/sys", "/sysroot/sys", NULL, MS_MOVE, NULL);
    mount("/dev", "/sysroot/dev", NULL, MS_MOVE, NULL);
    mount("/run", "/sysroot/run", NULL, MS_MOVE, NULL);
    chdir("/sysroot");
    mount(".", "/", NULL, MS_MOVE, NULL);
    chroot(".");
    int console = open("/dev/console", O_RDWR);
    dprintf(console, "floor: %ld\n", microseconds() - start);
    execl("/usr/bin/bench-init", "bench-init", NULL);
    printf("floor: cannot execute: %m\n");
    return 1;
}
