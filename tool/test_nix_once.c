/* What the boot loader is asked for when a system of a Nix profile is tried, and when nobody could
 * start its kernel, over a scratch root. */
#include "tool/testing.h"

#include "tool/nix_once.h"

#define VENDOR "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define VARIABLES "root/sys/firmware/efi/efivars/"
#define ENTRY "nixos-generation-41.conf"
#define WAY_OUT                                                                                    \
    ", and the boot loader cannot be asked for \"" ENTRY "\"; choose this entry in its menu"

static void assert_once(const char *entry, bool by_loader, const char *message)
{
    struct error error;
    const struct boot_entries none = {0};
    bool asked = !by_loader;
    auto_fd root = open_folder("root");
    int code = nix_once((struct target){root, ""}, &none, entry, &asked, &error);
    assert_outcome("once", code, &error, message);
    assert_int_equal(asked, by_loader);
}

static void test_obstacles(void **state)
{
    (void)state; /* the scratch folder is the current one */
    static const struct {
        const char *make, *message;
    } cases[] = {
        {"mkdir -p root", "that kernel cannot start another one" WAY_OUT},
        {"mkdir -p root/sys/kernel/security && echo 0 > root/sys/kernel/kexec_loaded", NULL},
        {"mkdir root/proc && echo quiet sysctl.kernel.kexec_load_disabled=1 > root/proc/cmdline",
         "that kernel was told by its parameters to start no other one" WAY_OUT},
        {"echo quiet > root/proc/cmdline", NULL},
        {"echo '[none] integrity' > root/sys/kernel/security/lockdown", NULL},
        {"echo 'none [integrity]' > root/sys/kernel/security/lockdown",
         "that kernel is locked down, and starts no other one" WAY_OUT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("%s", cases[i].make);
        assert_once(ENTRY, false, cases[i].message);
    }
}

/* The loader comes first, as long as it has the entry. */
static void test_loader(void **state)
{
    (void)state; /* as above */
    must_run("mkdir -p " VARIABLES " && cd " VARIABLES " &&"
             "printf '\\7\\0\\0\\0\\10\\0\\0\\0\\0\\0\\0\\0' > LoaderFeatures" VENDOR
             " && { printf '\\7\\0\\0\\0'; printf 'auto-windows\\0nixos-generation-42.conf\\0' |"
             "iconv -t utf-16le; } > LoaderEntries" VENDOR);
    assert_once(ENTRY, false, "that kernel cannot start another one" WAY_OUT);
    must_run("printf '" ENTRY "\\0' | iconv -t utf-16le >> " VARIABLES "LoaderEntries" VENDOR);
    assert_once(ENTRY, true, NULL);
    must_run("test \"$(tail -c +5 " VARIABLES "LoaderEntryOneShot" VENDOR
             " | tr -d '\\0')\" = " ENTRY);
    assert_once(NULL, true, NULL);
    must_run("test ! -e " VARIABLES "LoaderEntryOneShot" VENDOR);
    must_run("rm " VARIABLES "*");
    assert_once(NULL, false, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_obstacles), TEST(test_loader)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
