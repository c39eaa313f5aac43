/* The part of `make bench` that tells what a generation costs the boot partition: the bytes that
 * `ebb boot sync` has its disk write, where entries share kernels and images, and where each has a
 * unified image. */
#include "base/testdata/kernel.h"

#include "tool/boot.h"

#define STATE                                                                                      \
    "volume state LABEL=state { fs ext4; mount /persist; }\nvolume esp LABEL=esp { fs vfat; }\n"   \
    "generations state:/generations\nboot esp:/ options=quiet"

static unsigned long sectors_written(void)
{
    auto_string text = output_of("sync -f esp && awk '{ print $7 }' "
                                 "/sys/block/$(basename $(findmnt -no SOURCE esp))/stat");
    return strtoul(text, NULL, 10);
}

/* A tree with the kernel and the modules of this machine; `more` makes it another kernel. */
static void add_generation(unsigned number, const char *more)
{
    must_run("mkdir -p root/persist/generations/%u/tree/boot && cd root/persist/generations/%u &&"
             "echo '{\"format\": 1}' > generation.json && mkdir -p tree/lib/modules &&"
             "ln -s /lib/modules/%s tree/lib/modules && cp /boot/vmlinuz-%s tree/boot &&"
             "printf '%s' >> tree/boot/vmlinuz-%s",
             number, number, any_kernel(), any_kernel(), more, any_kernel());
}

static void write_out(const char *what, const char *init)
{
    auto_fd root = open_folder("root");
    auto_file told = fopen("told", "we");
    const struct boot_wish wish = {.config = "ebb.conf", .esp = "esp", .init_program = init};
    unsigned long before = sectors_written();
    assert_int_equal(boot_sync((struct target){root, ""}, &wish, told), 0);
    printf("  %-40s %8.1f KiB\n", what, (double)(sectors_written() - before) / 2);
}

static void measure(const char *shape, const char *options, const char *init)
{
    auto_arena arena = arena_new();
    printf("bytes written to the boot partition, %s:\n", shape);
    put("ebb.conf", arena_printf(arena, STATE "%s\n", options));
    must_run("rm -rf root esp image && mkdir -p root/persist/.ebb root/run/ebb esp &&"
             "echo 0a34-5678-9abcdef > root/persist/.ebb/store-id && truncate -s 400M image &&"
             "PATH=$PATH:/sbin mkfs.ext4 -qO ^has_journal image && mount -o loop image esp");
    add_generation(1, "");
    write_out("the first generation", init);
    add_generation(2, "");
    write_out("one more, with the same kernel", init);
    add_generation(3, "another");
    must_run("{ cat ebb.conf; echo module efivarfs; } > root/persist/generations/3/ebb.conf");
    write_out("one more, with another kernel and image", init);
    must_run("umount esp");
}

int main(void)
{
    auto_string init = realpath("build/ebb-init", NULL);
    static void *scratch; /* until the end */
    if (!init || enter_mounts(NULL) < 0 || !has_namespace) {
        puts("bytes written to the boot partition: skipped, for it needs root");
        return 0;
    }
    if (enter_scratch(&scratch) < 0)
        return 1;
    measure("entries", "", init);
    measure("unified images", " uki=yes", init);
    return leave_scratch(&scratch) < 0;
}
