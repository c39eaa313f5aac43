/* `ebb diff` of two systems in a Nix store, whose packages Nix itself tells. */
#include "tool/testing.h"

#include "tool/diff.h"

/* Store paths whose digest is a number: `path 1 bash-5.2`. */
#define STORE "path() { mkdir -p store/$(printf %%032d $1)-$2; }; "

static void make_systems(void)
{
    put("ebb.conf", "volume nix LABEL=nix { fs ext4; mount /nix }\n"
                    "generations nix:/profiles kind=nix\n");
    must_run("mkdir -p root/nix/store root/nix/.ebb root/nix/profiles root/run/ebb &&"
             "echo id > root/nix/.ebb/store-id && mkdir -p /nix && mount --bind root/nix /nix");
    must_run("cd /nix; " STORE "path 1 bash-5.2; path 2 bash-5.3; path 3 glibc-2.39-66;"
             "path 4 glibc-2.39-66-bin; path 5 unit-tide.service; path 6 unit-tide.service;"
             "path 7 nixos-system-a-24.05; path 8 nixos-system-a-24.05; path 9 etc/etc/ebb;"
             "for i in 7 8; do cd /nix/store/*$i-nixos*; echo 24.05 > nixos-version; touch init;"
             "ln -s /nix/store/x-linux-6.6.30/bzImage kernel;"
             "ln -s $PWD /nix/profiles/system-$((i - 6))-link; done;"
             "ln -s /nix/store/*-etc/etc etc; cd /nix/profiles; touch -h -d @0 *;"
             "ln -s system-2-link system");
}

/* As a build writes down what it refers to. */
static void register_paths(void)
{
    must_run("cd /nix/store; export NIX_CONFIG='build-users-group =' HOME=/nix;"
             "say() { printf '%%s\\n' /nix/store/*0$1-* '' $(($# - 1)); shift;"
             "for i; do echo /nix/store/*0$i-*; done; };"
             "{ say 1; say 2; say 3; say 4; say 5; say 6; say 7 1 3 5; say 8 2 3 4 6; } |"
             "nix-store --register-validity");
}

static void assert_diff(int code, const char *expected)
{
    const struct diff_wish wish = {.place.config = "ebb.conf", .old = "1", .new = "2"};
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    FILE *out = output_begin(&text);
    int status = diff_tell((struct target){root, ""}, &wish, out);
    fclose(out);
    assert_text("output", text, expected);
    assert_int_equal(status, code);
}

#define SYSTEMS                                                                                    \
    "- generation 1  1970-01-01 00:00  6.6.30  \"NixOS 24.05\"\n"                                  \
    "+ generation 2  1970-01-01 00:00  6.6.30  \"NixOS 24.05\"\n"
#define PACKAGES                                                                                   \
    "\npackages:\n~ bash 5.2 -> 5.3\n~ glibc 2.39-66 -> 2.39-66, 2.39-66-bin\n"                    \
    "0 added, 0 removed, 2 changed\n"

static void test_closure(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_tool("nix-store");
    setenv("TZ", "UTC", 1);
    make_systems();
    register_paths();
    assert_diff(DIFF_DIFFERENT, SYSTEMS PACKAGES);
    /* The configuration that a system has in its /etc, by links of the store alone. */
    must_run("echo 'volume nix LABEL=nix { fs ext4; mount /nix }\ngenerations nix:/profiles "
             "kind=nix\npersist nix:/persist { dir /srv }' > /nix/store/a.conf &&"
             "cd /nix/store/*-etc/etc/ebb && ln -s /nix/store/a.conf ebb.conf");
    assert_diff(DIFF_DIFFERENT, SYSTEMS "\ndeclarations:\n+ dir /srv\n" PACKAGES);
    assert_int_equal(umount2("/nix", MNT_DETACH), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_closure, enter_scratch, leave_scratch)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
