#include "base/testdata/scratch.h"

#include <glob.h>
#include <sys/utsname.h>

#include "kconfig/fragments.h"

#define DISK "volume a LABEL=a { fs ext4 }\n"
#define EVERYTHING                                                                                 \
    "volume a LABEL=a { fs btrfs; luks; raid }\nvolume b LABEL=b { fs vfat; lvm }\n"               \
    "volume c LABEL=c { fs ext4 damaged=memory }\nvolume d LABEL=d { fs xfs }\n"                   \
    "volume e LABEL=e { fs f2fs }\nroot subvolume a:/@root\nboot b:/\nkeymap de\n"                 \
    "generations c:/g trees=erofs,squashfs\n"                                                      \
    "persist c:/p { file /etc/shadow method=copy; }\n"                                             \
    "secrets c:/s.yaml { key c:/key; secret wifi; }\n"

static struct config *load(struct report *report, const char *text)
{
    put("ebb.conf", text);
    struct config *config = config_load("ebb.conf", NULL, report);
    for (size_t i = 0; i < report->count; i++)
        if (!strstr(report->problems[i].text, "no generations"))
            fail_msg("%s", report->problems[i].text);
    return config;
}

/* Their names, without the two that every declaration asks for. */
static const char *wanted(struct arena *arena, const struct config *config)
{
    size_t count, prefix = strlen("kconfig/");
    const struct options *fragments = fragments_wanted(arena, config, &count);
    assert_true(count >= 2);
    assert_string_equal(fragments[0].path, "kconfig/spine.config");
    assert_string_equal(fragments[1].path, "kconfig/drivers.config");
    char *text = arena_string(arena, "");
    for (size_t i = 2; i < count; i++)
        text = arena_printf(arena, "%s%.*s ", text, (int)strcspn(fragments[i].path + prefix, "."),
                            fragments[i].path + prefix);
    return text;
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"root tmpfs\n", ""},
        {DISK, "ext4 "},
        {"volume a LABEL=a { fs ext3 }\n", "ext4 "},
        {"volume a LABEL=a { fs ext5 }\n", ""},
        {"volume a LABEL=a { fs xfs }\n", "xfs "},
        {"volume a LABEL=a { fs f2fs }\nvolume b LABEL=b { fs vfat }\n", "f2fs vfat "},
        {"volume a LABEL=a { luks }\n", "dm luks "},
        {"volume a LABEL=a { lvm; fs ext4 }\n", "dm lvm ext4 "},
        {"volume a LABEL=a { raid; fs ext4 }\n", "raid ext4 "},
        {"volume a LABEL=a { fs xfs damaged=ask }\n", "xfs overlay "},
        {"volume a LABEL=a { fs xfs damaged=memory }\n", "xfs overlay "},
        {DISK "root overlay\n", "ext4 overlay "},
        {"volume a LABEL=a { fs btrfs }\n", "btrfs "},
        {"volume a LABEL=a { fs btrfs }\nroot subvolume a:/@root\n", "btrfs efi "},
        {DISK "generations a:/g\n", "ext4 guard "},
        {DISK "generations a:/g trees=erofs\n", "ext4 guard loop erofs "},
        {DISK "generations a:/g trees=squashfs\n", "ext4 guard loop squashfs "},
        {DISK "volume esp LABEL=E { fs vfat }\ngenerations a:/g\nboot esp:/\n",
         "ext4 vfat guard efi kexec "},
        {DISK "generations a:/p kind=nix\n", "ext4 guard efi kexec "},
        {DISK "secrets a:/s.yaml { key a:/key; secret wifi; }\n", "ext4 secrets "},
        {DISK "persist a:/p { file /etc/shadow method=copy; }\n", "ext4 copies "},
        {DISK "persist a:/p { file /etc/shadow; }\n", "ext4 "},
        {"keymap de\n", "keymap "},
        {"keymap none\n", ""},
        {EVERYTHING, "raid dm lvm luks ext4 xfs btrfs f2fs vfat overlay guard loop erofs squashfs "
                     "efi kexec secrets copies keymap "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct report report = {.arena = arena_new()};
        struct config *config = load(&report, cases[i].text);
        assert_string_equal(wanted(report.arena, config), cases[i].wanted);
        config_free(config);
        arena_free(report.arena);
    }
}

/* "OPTION?;" for what is advised, "OPTION;" for what is a must; or the error. */
static const char *check(struct arena *arena, const struct config *config, const char *kernel)
{
    struct option_gap *gaps;
    size_t count;
    struct error error;
    if (fragments_check(arena, config, kernel, &gaps, &count, &error) < 0)
        return arena_string(arena, error.text);
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%s%s;", text, gaps[i].option, gaps[i].advised ? "?" : "");
    return text;
}

/* A kernel that has all the declaration asks for, but what is named. */
static void put_kernel(struct arena *arena, const struct config *config, const char *path,
                       const char *const *without)
{
    size_t count;
    const struct options *fragments = fragments_wanted(arena, config, &count);
    char *text = arena_string(arena, "");
    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%.*s\n", text, (int)fragments[i].length, fragments[i].text);
    for (char *at = text; (at = strchr(at, '#'));) /* the reasons, and headings */
        memset(at, ' ', strcspn(at, "\n"));
    for (size_t i = 0; without[i]; i++) {
        char *option = strstr(text, arena_printf(arena, "%s=", without[i]));
        assert_non_null(option);
        *option = '#';
    }
    put(path, text);
}

static void test_gaps(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = load(&report, EVERYTHING);
    put_kernel(arena, config, "all", (const char *const[]){NULL});
    assert_string_equal(check(arena, config, "./all"), "");
    put_kernel(arena, config, "some",
               (const char *const[]){"CONFIG_TMPFS", "CONFIG_BLK_DEV_NVME", "CONFIG_DM_CRYPT",
                                     "CONFIG_MD_RAID1", "CONFIG_SECCOMP_FILTER", NULL});
    assert_string_equal(check(arena, config, "./some"),
                        "CONFIG_TMPFS;CONFIG_BLK_DEV_NVME?;CONFIG_MD_RAID1?;CONFIG_DM_CRYPT;"
                        "CONFIG_SECCOMP_FILTER;");
    auto_config small = load(&report, DISK);
    assert_string_equal(check(arena, small, "./some"), "CONFIG_TMPFS;CONFIG_BLK_DEV_NVME?;");
    assert_non_null(strstr(check(arena, small, "./none"), "\"./none\""));
    put("junk", "hello\n");
    assert_non_null(strstr(check(arena, small, "./junk"), "not a kernel configuration"));
}

/* The file in /boot, and what the kernel says of itself above all. */
static void test_running(void **state)
{
    (void)state;
    need_namespace();
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = load(&report, DISK);
    struct utsname running;
    assert_int_equal(uname(&running), 0);
    assert_int_equal(mkdir("boot", 0755), 0);
    put_kernel(arena, config, arena_printf(arena, "boot/config-%s", running.release),
               (const char *const[]){"CONFIG_BLOCK", NULL});
    assert_int_equal(mount("boot", "/boot", NULL, MS_BIND, NULL), 0);
    assert_string_equal(check(arena, config, running.release), "CONFIG_BLOCK;");
    assert_non_null(strstr(check(arena, config, "6.1.0-none"), "\"running\""));
    if (access("/proc/config.gz", F_OK) == 0) {
        put_kernel(arena, config, "own", (const char *const[]){"CONFIG_NET", NULL});
        assert_int_equal(mount("own", "/proc/config.gz", NULL, MS_BIND, NULL), 0);
        assert_string_equal(check(arena, config, "running"), "CONFIG_NET;");
        assert_int_equal(umount("/proc/config.gz"), 0);
    } else {
        assert_string_equal(check(arena, config, "running"), "CONFIG_BLOCK;");
    }
    assert_int_equal(umount("/boot"), 0);
}

/* Whether a kernel's configuration knows the option, set or not. */
static bool knows(const char *kernel, const char *option)
{
    size_t length = strlen(option);
    for (const char *at = kernel; (at = strstr(at, option)); at += length)
        if (at[length] == '=' || at[length] == ' ')
            return true;
    return false;
}

/* Each line gives a reason, and no option stands in two fragments. Debian's kernel has them all. */
static void test_lines(void **state)
{
    (void)state;
    static const char debian[] = "/boot/config-6.1.0-56-amd64";
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = load(&report, EVERYTHING);
    put("empty", "CONFIG_NOTHING=y\n");
    struct option_gap *gaps = NULL;
    size_t count = 0;
    struct error error;
    assert_int_equal(fragments_check(arena, config, "./empty", &gaps, &count, &error), 0);
    assert_true(count > 80);
    for (size_t i = 0; i < count; i++) {
        if (!*gaps[i].reason)
            fail_msg("%s has no reason", gaps[i].option);
        for (size_t j = 0; j < i; j++)
            if (strcmp(gaps[i].option, gaps[j].option) == 0)
                fail_msg("%s stands in two fragments", gaps[i].option);
    }
    if (access(debian, R_OK) == 0)
        assert_string_equal(check(arena, config, debian), "");
}

static void test_files(void **state)
{
    (void)state;
    auto_arena arena = arena_new();
    struct options none = {.path = "none", .text = "CONFIG_NOTHING=y", .length = 16}, fragment;
    struct options debian = {.text = ""};
    struct error error;
    glob_t files;
    bool known = options_read(arena, "/boot/config-6.1.0-56-amd64", &debian, &error) == 0;
    if (glob("kconfig/*.config", 0, NULL, &files) != 0)
        fail_msg("run the tests in the root of the repository");
    /* all but vm.config can be asked for by a declaration */
    assert_int_equal(files.gl_pathc, 22);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct option_gap *gaps = NULL;
        size_t count = 0;
        assert_int_equal(options_read(arena, files.gl_pathv[i], &fragment, &error), 0);
        assert_int_equal(options_check(arena, &fragment, &none, &gaps, &count, &error), 0);
        const char *text = arena_copy(arena, debian.text, debian.length);
        for (size_t j = 0; j < count; j++)
            if (!*gaps[j].reason || (known && !knows(text, gaps[j].option)))
                fail_msg("%s:%u: %s has no reason, or is no option", files.gl_pathv[i],
                         gaps[j].line, gaps[j].option);
    }
    globfree(&files);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files), /* first: the others leave the repository */
        TEST(test_choice),
        TEST(test_gaps),
        TEST(test_running),
        TEST(test_lines),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
