/* `ebb adopt` over folders: what is told, and what lies where then. */
#include "tool/testing.h"

#include <sys/xattr.h>

#include "base/testdata/cut.h"
#include "base/testdata/tree.h"
#include "tool/adopt.h"
#include "tool/verb.h"

static const char configuration[] = "volume state LABEL=state { fs ext4; mount /persist }\n"
                                    "generations state:/generations\n"
                                    "persist state:/persist {\n"
                                    "    dir  /home/alice mode=0700\n"
                                    "    dir  /srv\n"
                                    "    file /etc/machine-id\n"
                                    "    file /etc/passwd method=copy\n"
                                    "    file /etc/ssh/key mode=0600\n"
                                    "    dir  /var/other seed=none\n"
                                    "}\n";

/* As small as a system can be, with all that is treated in its own way. */
static void make_system(void)
{
    need_namespace();
    need_tool("busybox");
    put("my.conf", configuration);
    must_run("umask 022 && mkdir -p state root/sbin root/etc/ssh root/home/alice root/var/other "
             "root/var/cache/apt/archives root/var/lib/dpkg root/tmp root/run root/mnt/disk && "
             "cd root && cp $(command -v busybox) sbin/init && chmod 1777 tmp && "
             "echo root:x:0:0::/: > etc/passwd && "
             "echo 0123456789abcdef0123456789abcdef > etc/machine-id && chmod 444 etc/machine-id &&"
             "echo secret > etc/ssh/key && chmod 600 etc/ssh/key && echo note > home/alice/note && "
             "chmod 700 home/alice && echo deb > var/cache/apt/archives/x.deb && "
             "echo x > tmp/x && echo x > run/x && echo kept > var/other/x && "
             "truncate -s 8192 swapfile && : > var/lib/dpkg/lock && echo one > etc/one && "
             "ln etc/one etc/two && mkfifo etc/pipe && truncate -s 5M etc/hole && "
             "printf '/dev/sda1 / ext4 errors=remount-ro 0 1\\n/swapfile none swap sw 0 0\\n"
             "/dev/sdb1 /mnt/disk ext4 noauto 0 2\\n' > etc/fstab");
    assert_int_equal(setxattr("root/etc/one", "trusted.one", "1", 1, 0) == 0 || errno == EPERM, 1);
    assert_int_equal(mount("disk", "root/mnt/disk", "tmpfs", 0, NULL), 0);
    must_run("echo x > root/mnt/disk/x");
}

static int run(const struct adopt_wish *wish, const char *volume, FILE *in, FILE *out)
{
    const char *volumes[] = {volume};
    struct adopt_wish whole = *wish;
    auto_fd root = open_folder("root");
    whole.config = "my.conf";
    whole.volumes = volumes;
    whole.volume_count = 1;
    return adopt_system((struct target){root, "root"}, &whole, in, out);
}

static char *adopt(const struct adopt_wish *wish, const char *volume, const char *answer, int code,
                   const char *logged)
{
    char *text = NULL;
    auto_file in = answer ? fmemopen((void *)answer, strlen(answer), "r") : NULL;
    log_begin();
    FILE *out = output_begin(&text);
    int status = run(wish, volume, in, out);
    fclose(out);
    auto_string log = log_end();
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
    return text;
}

static void assert_refused(const struct adopt_wish *wish, const char *volume, const char *answer,
                           const char *logged)
{
    auto_string before = output_of("find root state | LC_ALL=C sort");
    auto_string text = adopt(wish, volume, answer, EXIT_NO, logged);
    auto_string after = output_of("find root state | LC_ALL=C sort");
    assert_string_equal(before, after);
}

#define IN_TREE "cd state/generations/1/tree && "

static void test_made(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_system();
    const struct adopt_wish wish = {.label = "Debian"};
    auto_string text = adopt(&wish, "state=state", "y\n", EXIT_DONE, "");
    assert_contains(text, "Go on? [y/N] generation 1 is made; what remains to be done:\n");
    auto_string sizes = output_of("cd state/generations/1/tree && find . ! -type d | wc -l");
    char line[100];
    snprintf(line, sizeof(line), "becomes a generation in state:/generations: %s files, ", sizes);
    assert_contains(text, line);
    must_run("grep -q '\"label\": *\"Debian\"' state/generations/1/generation.json && "
             "grep -q '/home/alice' state/generations/1/ebb.conf && test -s state/.ebb/store-id && "
             "test ! -e state/generations/.new");
    must_run(IN_TREE "test -x sbin/init && test etc/one -ef etc/two && test -p etc/pipe && "
                     "test $(stat -c %%b etc/hole) = 0 && cmp var/other/x ../../../../root/var/"
                     "other/x && cmp etc/passwd ../../../../root/etc/passwd");
    must_run(IN_TREE "test ! -e etc/machine-id && test ! -e etc/ssh/key && test ! -e swapfile && "
                     "test \"$(find home tmp run mnt var/cache | LC_ALL=C sort | tr '\\n' ' ')\" = "
                     "'home home/alice mnt mnt/disk run tmp var/cache var/cache/apt "
                     "var/cache/apt/archives ' && "
                     "test $(stat -c %%a tmp) = 1777 && test $(stat -c %%a home/alice) = 700");
    assert_content("state/generations/1/tree/etc/fstab",
                   "# before ebb adopt: /dev/sda1 / ext4 errors=remount-ro 0 1\n"
                   "# before ebb adopt: /swapfile none swap sw 0 0\n"
                   "/dev/sdb1 /mnt/disk ext4 noauto 0 2\n");
    must_run(
        "cd state/persist && diff -r home/alice ../../root/home/alice && "
        "test $(stat -c %%a home/alice etc/machine-id etc/ssh/key | tr '\\n' ' ' | tr -d ' ') = "
        "700444600 && cmp etc/machine-id ../../root/etc/machine-id && cmp etc/passwd "
        "../../root/etc/passwd && test ! -e srv && test ! -e var");
    text = (free(text), adopt(&wish, "state=state", "y\n", EXIT_DONE, ""));
    assert_contains(text, "  /home/alice is not taken, for there is another on the volume, as "
                          "state:/persist/home/alice; --replace moves that to the trash\n");
    must_run("test \"$(ls -A state/generations | tr '\\n' ' ')\" = '1 2 '");
}

static void test_told(void **state)
{
    (void)state; /* as above */
    make_system();
    const struct adopt_wish wish = {.dry_run = true};
    auto_string before = output_of("find root state | LC_ALL=C sort");
    auto_string text = adopt(&wish, "state=state", NULL, EXIT_DONE, "");
    auto_string after = output_of("find root state | LC_ALL=C sort");
    assert_string_equal(before, after);
    const char *rest = strstr(text, "left out of it:\n");
    assert_non_null(rest);
    char *room = strstr(text, "room on \"state\": ");
    assert_non_null(room);
    *room = '\0';
    assert_text(
        "output", rest,
        "left out of it:\n"
        "  /run: made anew at every boot, 1 file, 2 B\n"
        "  /swapfile: swap, 1 file, 8.0 KiB\n"
        "  /tmp: made anew at every boot, 1 file, 2 B\n"
        "  /var/cache/apt/archives: packages that can be fetched again, 1 file, 4 B\n"
        "  /mnt/disk: tmpfs is mounted there, from disk\n"
        "kept on state volumes:\n"
        "  /home/alice goes to state:/persist/home/alice: 1 file, 5 B\n"
        "  /srv is not there; the first boot makes it\n"
        "  /etc/machine-id goes to state:/persist/etc/machine-id: 1 file, 33 B\n"
        "  /etc/passwd goes to state:/persist/etc/passwd: 1 file, 15 B; the generation has "
        "it, too\n"
        "  /etc/ssh/key goes to state:/persist/etc/ssh/key: 1 file, 7 B\n"
        "  /var/other is left to the first boot\n"
        "lines of /etc/fstab that become comments:\n"
        "  /dev/sda1 / ext4 errors=remount-ro 0 1\n"
        "  /swapfile none swap sw 0 0\n"
        "without /etc/ebb/ebb.conf in it: copy \"my.conf\" there first, so that `ebb` finds "
        "it in the new system\n");
}

static void test_refused(void **state)
{
    (void)state; /* as above */
    make_system();
    const struct adopt_wish wish = {0}, yes = {.yes = true};
    assert_refused(&wish, "state=state", NULL,
                   "ebb: nothing is made, for there is no terminal to ask at; give --yes\n");
    assert_refused(&wish, "state=state", "n\n", "ebb: nothing is made, as you wish\n");
    assert_refused(&wish, "state=state", "", "ebb: nothing is made, as you wish\n");
    assert_refused(&yes, "other=state", NULL,
                   "ebb: \"other=state\" is not VOLUME=FOLDER, with a declared volume\n");
    int held = open("root/var/lib/dpkg/lock", O_RDWR | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(held, F_OFD_SETLK, &lock), 0);
    assert_refused(&yes, "state=state", NULL,
                   "ebb: dpkg is at work in this system, as \"root/var/lib/dpkg/lock\" says; wait "
                   "until it is done, or end it\n");
    close(held);
    must_run("mkdir -p state/persist/home/alice");
    assert_refused(&yes, "state=state", NULL,
                   "ebb: \"state:/persist/home/alice\" is there already, though that is no state "
                   "volume yet, perhaps from an adoption that was cut off; have it moved to the "
                   "volume's trash with --replace\n");
    must_run("rm -r state/persist && mv root/sbin/init root/sbin/other");
    assert_refused(&yes, "state=state", NULL,
                   "ebb: \"root/sbin/init\" is no program, so this is no system that could boot; "
                   "name the root of one with --root\n");
    assert_int_equal(mount("root/sbin", "root/sbin", NULL, MS_BIND, NULL), 0);
    must_run("mv root/sbin/other root/sbin/init");
    assert_refused(&yes, "state=state", NULL,
                   "ebb: \"root/sbin/init\" lies on another file system than the root, which is "
                   "left out; copy both into one folder, and name that with --root\n");
    assert_int_equal(umount2("root/sbin", 0), 0);
    assert_int_equal(mount("state", "state", "tmpfs", 0, "size=64k"), 0);
    must_run("truncate -s 0 root/sbin/init && head -c 200000 /dev/urandom >> root/sbin/init");
    log_begin();
    FILE *out = fopen("/dev/null", "we");
    assert_int_equal(run(&yes, "state=state", NULL, out), EXIT_NO);
    fclose(out);
    auto_string log = log_end();
    assert_contains(log, "the volume \"state\" has 64.0 KiB free, and ");
    must_run("test -z \"$(ls -A state)\"");
}

/* The old system stays as it is, and is told how it could go. */
static void test_same_volume(void **state)
{
    (void)state; /* as above */
    make_system();
    must_run("rm -r state && mkdir state && mkdir root/boot && echo vmlinuz > root/boot/vmlinuz");
    const struct adopt_wish wish = {.yes = true};
    auto_string before = output_of("cd root && find . -type f -exec cksum {} + | LC_ALL=C sort");
    auto_string text = adopt(&wish, "state=root", NULL, EXIT_DONE, "");
    assert_contains(text, "cd /persist && rm -r --one-file-system ");
    const char *removal = strstr(text, "rm -r --one-file-system ");
    assert_null(strstr(removal, "boot"));
    assert_null(strstr(removal, "generations"));
    assert_null(strstr(removal, "persist"));
    assert_contains(removal, " etc");
    must_run("cd root && test ! -e generations/1/tree/generations && "
             "test ! -e generations/1/tree/persist && test ! -e generations/1/tree/.ebb && "
             "test -e generations/1/tree/boot/vmlinuz && test -e persist/home/alice/note && "
             "mv generations persist .ebb ../state");
    auto_string after = output_of("cd root && find . -type f -exec cksum {} + | LC_ALL=C sort");
    assert_string_equal(before, after);
    must_run("mv state/generations root");
    free(adopt(&wish, "state=root", NULL, EXIT_NO,
               "ebb: this system is adopted already, as generation 1 in \"/generations\"; to adopt "
               "it anew, remove that folder first\n"));
}

/* Where the store is the top of the volume, what persists lies in its place. */
static void test_stays(void **state)
{
    (void)state; /* as above */
    make_system();
    put("my.conf", "volume state LABEL=state { fs ext4; mount /persist }\n"
                   "generations state:/generations\npersist state:/ { dir /home; }\n");
    const struct adopt_wish wish = {.yes = true};
    auto_string text = adopt(&wish, "state=root", NULL, EXIT_DONE, "");
    assert_contains(text, "  /home stays where it is\n");
    assert_null(strstr(strstr(text, "rm -r"), "home"));
    must_run("test -d root/generations/1/tree/home && test ! -e root/generations/1/tree/home/alice"
             " && test -e root/home/alice/note");
}

/* What fails in the middle leaves what was there. */
static void test_failed(void **state)
{
    (void)state; /* as above */
    make_system();
    const struct adopt_wish wish = {.yes = true};
    must_run("printf '#!/nonesuch\\n' > root/sbin/init");
    auto_string text = adopt(
        &wish, "state=state", NULL, EXIT_NO,
        "ebb: nothing is made: the init \"/sbin/init\" of generation 1 needs \"/nonesuch\", which "
        "cannot be opened in the new root (No such file or directory); boot another generation "
        "with ebb.generation=, or name another init with init=\n");
    must_run("test -z \"$(find state ! -type d)\" && test -z \"$(ls -A state/generations)\"");
    must_run("cp $(command -v busybox) root/sbin/init && rm -r state/generations");
    assert_int_equal(mount("state", "state", "tmpfs", 0, "nr_inodes=42"), 0);
    for (int inodes = 0; inodes < 24;
         inodes++) /* of the tree, so that an entry is the last straw */
        must_run("echo %d > root/etc/file%d", inodes, inodes);
    log_begin();
    FILE *out = fopen("/dev/null", "we");
    assert_int_equal(run(&wish, "state=state", NULL, out), EXIT_NO);
    fclose(out);
    auto_string log = log_end();
    assert_contains(log, "nothing is made: ");
    must_run("test -z \"$(find state ! -type d)\"");
}

static int yes(void *argument)
{
    (void)argument;
    const struct adopt_wish wish = {.yes = true, .replace = true};
    FILE *out = fopen("/dev/null", "we");
    int status = run(&wish, "state=state", NULL, out);
    fclose(out);
    return status;
}

/* What has a name is whole, and without a generation there is no state volume. */
static void test_cuts(void **state)
{
    (void)state; /* as above */
    make_system();
    bool over = false;
    unsigned calls = 0;
    for (unsigned cuts = 0; !over; calls += 1 + calls / 40, cuts++) {
        must_run("rm -rf state && mkdir state");
        over = cut_off(yes, NULL, calls);
        must_run("if test -e state/generations/1; then test -s state/generations/1/ebb.conf && "
                 "cmp state/generations/1/tree/sbin/init root/sbin/init && "
                 "cmp state/persist/etc/ssh/key root/etc/ssh/key && "
                 "diff -r state/persist/home/alice root/home/alice;"
                 "else test ! -e state/.ebb/store-id; fi");
        if (cuts % 8 == 0) /* and the next attempt makes it */
            assert_int_equal(yes(NULL), EXIT_DONE);
    }
    assert_true(calls > 500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_made),        TEST(test_told),  TEST(test_refused),
                                       TEST(test_same_volume), TEST(test_stays), TEST(test_failed),
                                       TEST(test_cuts)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
