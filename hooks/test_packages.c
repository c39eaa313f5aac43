/* What package managers run (hooks/packages), by the real kernel-install, dpkg and pacman, on a
 * machine of which this one is the lower layer. */
#include "base/testdata/kernel.h"

#define CONFIG                                                                                     \
    "volume state LABEL=state { fs ext4; mount /persist }\n"                                       \
    "generations state:/generations\n"

static char *repository;

/* Glue of others would only take time. */
static void make_machine(void)
{
    if (!has_namespace)
        skip_because("a root of one's own over that of the machine is for root");
    must_run("mkdir upper work root && mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work "
             "machine root && cd root && for i in dev proc sys; do mount --rbind /$i $i; done &&"
             "rm -rf etc/ebb etc/kernel etc/initramfs boot/ebb-* run/ebb && mkdir etc/ebb &&"
             "env -u MAKEFLAGS make -s -C %s -o all install DESTDIR=$PWD",
             repository);
    put("root/etc/ebb/ebb.conf", CONFIG);
}

/* What the command says on that machine; it fails if `fails`. */
static void assert_said(const char *command, bool fails, const char *expected)
{
    auto_string said = output_of("%schroot root sh -c '%s' 2>&1", fails ? "! " : "", command);
    if (!strstr(said, expected) || (!*expected && *said))
        fail_msg("%s:\n%s\nand not\n%s", command, said, expected);
}

static void assert_image(const char *path, const char *version)
{
    must_run("test \"$(%s/build/ebb image ls root/%s | grep '^lib/modules/[^/]*$')\" = "
             "lib/modules/%s",
             repository, path, version);
}

static void kernel_install(const char *words, bool fails, const char *expected)
{
    char command[400];
    snprintf(command, sizeof(command), "kernel-install %s", words);
    assert_said(command, fails, expected);
}

static void test_kernel_install(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("kernel-install");
    make_machine();
    const char *version = any_kernel();
    char add[300], drop[300], message[600];
    snprintf(add, sizeof(add), "add %s /boot/vmlinuz-%s", version, version);
    snprintf(drop, sizeof(drop), "-v remove %s", version);
    must_run("mkdir -p root/etc/kernel/install.d root/efi/loader/entries && touch "
             "root/boot/initrd.img-%s root/usr/lib/kernel/install.d/85-initrd.install &&"
             "echo tide > root/etc/kernel/entry-token &&"
             "chmod 755 root/usr/lib/kernel/install.d/85-initrd.install",
             version);
    /* Without the word of the owner, another one makes the initrd. */
    put("root/etc/kernel/install.conf", "layout=other\nBOOT_ROOT=/efi\n");
    kernel_install(add, false, "");
    must_run("test ! -e root/efi/ebb-%s.img", version);

    put("root/etc/kernel/install.conf", "layout=bls\nBOOT_ROOT=/efi\ninitrd_generator=ebb\n");
    snprintf(message, sizeof(message),
             "ebb: 85-initrd.install would add /boot/initrd.img-%s, too; run: ln -s /dev/null "
             "/etc/kernel/install.d/85-initrd.install",
             version);
    kernel_install(add, true, message);
    must_run("ln -s /dev/null root/etc/kernel/install.d/85-initrd.install");
    kernel_install(add, false, "ebb: making /");
    must_run("cd root/efi && test \"$(sed -n 's/^initrd *//p' loader/entries/tide-%s.conf)\" = "
             "/efi/tide/%s/initrd",
             version, version);
    snprintf(message, sizeof(message), "efi/tide/%s/initrd", version);
    assert_image(message, version);
    kernel_install(drop, false, "/efi/tide/");
    must_run("test ! -e root/efi/tide/%s", version);
    put("root/etc/ebb/ebb.conf", "nonsense\n");
    snprintf(message, sizeof(message), "is removed, run: kernel-install %s", add);
    kernel_install(add, true, message);
    put("root/etc/ebb/ebb.conf", CONFIG);

    put("root/etc/kernel/install.conf", "layout=other\nBOOT_ROOT=/efi\ninitrd_generator=ebb\n");
    kernel_install(add, false, "ebb: making /efi/ebb-");
    snprintf(message, sizeof(message), "efi/ebb-%s.img", version);
    assert_image(message, version);
    snprintf(message, sizeof(message), "ebb: remove /efi/ebb-%s.img", version);
    kernel_install(drop, false, message);
    must_run("test ! -e root/efi/ebb-%s.img", version);
}

/* The kernel's package as it is when its maintainer script is still to run. */
static void unconfigure(const char *version)
{
    must_run("sed -i '/^Package: linux-image-%s$/,/^$/s/^Status: .*/Status: install ok "
             "half-configured/' root/var/lib/dpkg/status",
             version);
}

static void test_dpkg(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("dpkg");
    make_machine();
    const char *version = any_kernel();
    char image[300], drop[300];
    snprintf(image, sizeof(image), "boot/ebb-%s.img", version);
    snprintf(drop, sizeof(drop),
             "DEBIAN_FRONTEND=noninteractive dpkg --force-depends --remove linux-image-%s",
             version);
    put("root/etc/kernel/postinst.d/zz-loader", "#!/bin/sh\ntest -e /boot/ebb-$1.img > /reached\n");
    must_run("chmod 755 root/etc/kernel/postinst.d/zz-loader");
    /* No loader hears of a kernel whose image could not be made. */
    unconfigure(version);
    put("root/etc/ebb/ebb.conf",
        "volume state LABEL=state { fs ext4; mount /persist }\nnonsense\n");
    assert_said("dpkg --force-unsafe-io --configure -a", true,
                "; when the reason above is removed, run: dpkg --configure -a\n");
    must_run("test ! -e root/reached && test ! -e root/%s && chroot root dpkg-query -W -f "
             "'${db:Status-Status}' linux-image-%s | grep -qx half-configured",
             image, version);
    put("root/etc/ebb/ebb.conf", CONFIG);
    assert_said("dpkg --force-unsafe-io --configure -a", false, "ebb: making /boot/ebb-");
    assert_image(image, version);
    must_run("test -e root/reached && test $(stat -c %%a root/%s) = 600", image);
    assert_said(drop, false, "Removing linux-image-");
    must_run("test ! -e root/%s && test ! -e root/boot/vmlinuz-%s", image, version);
}

/* Whatever has the same as its environment: as update-initramfs runs them, and those of packages
 * that configure no kernel. */
static void test_run_parts(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("run-parts");
    make_machine();
    const char *version = any_kernel();
    char update[300], image[300];
    snprintf(update, sizeof(update),
             "run-parts --arg=%s --arg=/boot/initrd.img-%s /etc/initramfs/post-update.d", version,
             version);
    snprintf(image, sizeof(image), "boot/ebb-%s.img", version);
    assert_said("INITRD=No /etc/kernel/postinst.d/ebb 1", false, "");
    assert_said("DEB_MAINT_PARAMS=\"abort-upgrade 1\" /etc/kernel/postinst.d/ebb 1", false, "");
    assert_said("DPKG_MAINTSCRIPT_PACKAGE=linux-tide /etc/kernel/postinst.d/ebb", true,
                "ebb: linux-tide has passed no version; nothing is made");
    assert_said("DEB_MAINT_PARAMS=configure /etc/initramfs/post-update.d/ebb 1", false, "");
    assert_said(update, false, "ebb: making /boot/ebb-");
    assert_image(image, version);
    assert_said("DEB_MAINT_PARAMS=\"upgrade 2\" /etc/kernel/postrm.d/ebb $(ls /lib/modules)", false,
                "");
    assert_image(image, version);

    /* After a change of the configuration. */
    put("root/etc/ebb/ebb.conf", CONFIG "# new\n");
    assert_said("/usr/lib/ebb/ebb-kernel configured", false, "ebb: making /boot/ebb-");
    must_run("%s/build/ebb image cat root/%s etc/ebb/ebb.conf | grep -qx '# new'", repository,
             image);
    /* The entries of generations have images of their own. */
    put("root/etc/ebb/ebb.conf", CONFIG "volume esp LABEL=esp { fs vfat }\nboot esp:/\n");
    assert_said(update, false, "");
    assert_said("/usr/lib/ebb/ebb-kernel configured", true, "ebb: cannot open ");
    must_run("mkdir -p root/run/ebb && touch root/run/ebb/status.json");
    assert_said(update, false,
                "ebb: this root goes at the next boot, and what is installed with "
                "it; see \"ebb new\" in ebb(8)");
    must_run("%s/build/ebb image cat root/%s etc/ebb/ebb.conf | grep -qx '# new'", repository,
             image);
    must_run("rm root/etc/ebb/ebb.conf root/%s", image);
    assert_said(update, false, "");
    assert_said("/usr/lib/ebb/ebb-kernel add", true, "ebb: usage: ebb-kernel ");
    must_run("env -u MAKEFLAGS make -s -C %s uninstall DESTDIR=$PWD/root 2>&1 &&"
             "test -z \"$(find root/usr/lib/ebb root/usr/lib/kernel root/usr/share/libalpm "
             "root/etc/kernel root/etc/initramfs -name '*ebb*' 2>/dev/null)\"",
             repository);
}

/* The kernel of this machine as Arch would pack it, under another version. */
static void pack(const char *version)
{
    must_run("mkdir -p package/usr/lib/modules/%s && cd package && cp /lib/modules/%s/modules.* "
             "usr/lib/modules/%s && ln -s /lib/modules/%s/kernel usr/lib/modules/%s/kernel &&"
             "echo kernel %s > usr/lib/modules/%s/vmlinuz &&"
             "echo linux-tide > usr/lib/modules/%s/pkgbase &&"
             "printf 'pkgname = linux-tide\\npkgbase = linux-tide\\npkgver = %s\\npkgdesc = it\\n"
             "size = 1\\narch = any\\n' > .PKGINFO && tar -c --zstd -f ../root/%s.pkg.tar.zst "
             ".PKGINFO usr && cd .. && rm -r package",
             version, any_kernel(), version, any_kernel(), version, version, version, version,
             version, version);
}

#define PACMAN "pacman --config /pacman.conf --noconfirm "

static void test_pacman(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("pacman");
    make_machine();
    pack("9.1-1");
    pack("9.2-1");
    put("root/pacman.conf", "[options]\nArchitecture = auto\nSigLevel = Never\n");
    must_run("mkdir -p root/var/lib/pacman && touch root/boot/ebb-old.img");
    assert_said(PACMAN "-U /9.1-1.pkg.tar.zst", false, "ebb: making /boot/ebb-linux-tide.img");
    assert_image("boot/ebb-linux-tide.img", "9.1-1");
    assert_content("root/boot/vmlinuz-linux-tide", "kernel 9.1-1\n");
    /* Without a new image, there is no new kernel either. */
    must_run("mv root/etc/ebb/ebb.conf kept && echo nonsense > root/etc/ebb/ebb.conf");
    assert_said(
        PACMAN "-U /9.2-1.pkg.tar.zst", false,
        "when the reason above is removed, run: /usr/lib/ebb/ebb-kernel build 9.2-1 /boot/");
    assert_image("boot/ebb-linux-tide.img", "9.1-1");
    assert_content("root/boot/vmlinuz-linux-tide", "kernel 9.1-1\n");
    must_run("mv kept root/etc/ebb/ebb.conf && test ! -e root/usr/lib/modules/9.1-1");
    assert_said(PACMAN "-U /9.2-1.pkg.tar.zst", false, "ebb: making /boot/ebb-linux-tide.img");
    assert_image("boot/ebb-linux-tide.img", "9.2-1");
    assert_content("root/boot/vmlinuz-linux-tide", "kernel 9.2-1\n");
    assert_said("/usr/lib/ebb/ebb-kernel update", false, "ebb: making /boot/ebb-linux-tide.img");
    assert_said(PACMAN "-R linux-tide", false, "Removing the images of Ebb...");
    must_run("cd root/boot && test ! -e ebb-linux-tide.img && test ! -e vmlinuz-linux-tide &&"
             "test -e ebb-old.img && test ! -e ../usr/lib/modules/9.2-1");
}

static int leave_machine(void **state)
{
    (void)umount2("root", MNT_DETACH); /* there is none where the test was skipped */
    return leave_scratch(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_machine)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_kernel_install), TEST(test_dpkg),
                                       TEST(test_run_parts), TEST(test_pacman)};
    repository = getcwd(NULL, 0);
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
