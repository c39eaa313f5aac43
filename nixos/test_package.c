/* package.nix, evaluated by Nix with stand-ins for what nixpkgs gives: what it takes along as
 * source, and where `make install`, told what it tells it, puts things. */
#include "base/testdata/scratch.h"

static const char *sources;

/* Every argument is a package of the same name, and the derivation is the set that makes it. */
#define PACKAGE                                                                                    \
    "let package = import %s/nixos/package.nix; "                                                  \
    "stub = name: { outPath = \"/\" + name; src = \"/src/\" + name; static = \"/static\"; "        \
    "overrideAttrs = change: \"/changed/\" + name; }; "                                            \
    "in package (builtins.mapAttrs (name: _: stub name) (builtins.functionArgs package) // "       \
    "{ stdenv.mkDerivation = set: set; lib.licenses.mit = \"mit\"; })"

/* Without its quotes and brackets. The store, into which sources are copied, is below the current
 * folder. */
static char *evaluated(const char *attribute)
{
    return output_of("HOME=$PWD NIX_CONFIG='build-users-group =' nix-instantiate --eval --strict "
                     "--json --read-write-mode --store local?root=$PWD/nix -E '(" PACKAGE
                     ").%s' | tr -d '[]\"' | tr , ' '",
                     sources, attribute);
}

static void test_source(void **state)
{
    (void)state;
    need_tool("nix-instantiate");
    auto_string path = evaluated("src");
    must_run("cd nix%s && test -x deps/build && test -f Makefile && test -f nixos/package.nix && "
             "test ! -e build && test ! -e .git",
             path);
}

/* NixOS has no /usr, and looks for units in the package alone; they tell where the tool is. */
static void test_installed(void **state)
{
    (void)state;
    need_tool("nix-instantiate");
    auto_string flags = evaluated("makeFlags");
    put("flags", flags);
    must_run("env -u MAKEFLAGS out=/nix/store/ebb make -s -C %s -o all install DESTDIR=$PWD/root "
             "$(cat flags)",
             sources);
    must_run("test -z \"$(find root ! -type d ! -path 'root/nix/store/ebb/*')\"");
    must_run("cd root/nix/store/ebb && test -x bin/ebb && test -x lib/ebb/ebb-init && "
             "grep -q '^ExecStart=/nix/store/ebb/bin/ebb write-back' "
             "lib/systemd/system/ebb-write-back.service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_source, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(test_installed, enter_scratch, leave_scratch),
    };
    auto_string folder = get_current_dir_name();
    sources = folder;
    return folder ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
