/* Which keymap is compiled, and from what: programs of our own stand for loadkeys and ckbcomp and
 * tell what they were given. What the real ones make of it comes last. */

#include "base/testdata/scratch.h"

#include "image/keymap.h"

/* Both files of a machine, NULL for none; `made` is NULL where the kernel's own keymap will do. */
struct machine {
    const char *declared, *vconsole, *keyboard, *made;
};

#define LOADKEYS(file) "bkeymap [-q] [-b] [-u] [--] [" file "]:"
#define CKBCOMP(words) LOADKEYS("-") "ckbcomp " words
#define DEBIAN "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"de\"\nXKBVARIANT=\"\"\nXKBOPTIONS=\"\"\n"

static const struct machine machines[] = {
    {NULL, NULL, NULL, NULL},
    /* A machine with systemd's file. */
    {NULL, "KEYMAP=de-latin1\nFONT=x\n", NULL, LOADKEYS("de-latin1")},
    {NULL, "# KEYMAP=a\n  KEYMAP=\"fr\"\n#KEYMAP=b\nXKEYMAP=c\nKEYMAP_TOGGLE=d", NULL,
     LOADKEYS("fr")},
    {NULL, "KEYMAP=fr\r\nKEYMAP='cz' # no\n", NULL, LOADKEYS("cz")},
    {NULL, "KEYMAP=/usr/share/my.map", DEBIAN, LOADKEYS("/usr/share/my.map")},
    {NULL, "KEYMAP=us\n", DEBIAN, NULL},
    {NULL, "KEYMAP=@kernel\n", DEBIAN, NULL},
    {NULL, "FONT=x\n", NULL, NULL},
    {NULL, "KEYMAP=\n", DEBIAN, CKBCOMP("[-backspace] [del] [-model] [pc105] [de] [] []")},
    /* Debian's. */
    {NULL, NULL, DEBIAN, CKBCOMP("[-backspace] [del] [-model] [pc105] [de] [] []")},
    {NULL, NULL,
     "XKBLAYOUT=\"de,us\"\nXKBVARIANT=nodeadkeys,\nXKBOPTIONS=\"grp:toggle,caps:escape\"\n"
     "BACKSPACE=bs\nXKBMODEL=\n",
     CKBCOMP("[-backspace] [bs] [-model] [pc105] [de,us] [nodeadkeys,] [grp:toggle,caps:escape]")},
    {NULL, NULL, "XKBLAYOUT=us\nXKBVARIANT=dvorak\n",
     CKBCOMP("[-backspace] [del] [-model] [pc105] [us] [dvorak] []")},
    {NULL, NULL, "XKBOPTIONS=caps:escape\nXKBMODEL=macbook78",
     CKBCOMP("[-backspace] [del] [-model] [macbook78] [us] [] [caps:escape]")},
    {NULL, NULL, "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"us\"\nXKBVARIANT=\"\"\nXKBOPTIONS=\"\"\n", NULL},
    {NULL, NULL, "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"\"\n", NULL},
    {NULL, NULL, "", NULL},
    /* What is declared wins. */
    {"cz-qwertz", "KEYMAP=fr\n", DEBIAN, LOADKEYS("cz-qwertz")},
    {"/etc/my.map", NULL, DEBIAN, LOADKEYS("/etc/my.map")},
    {"none", "KEYMAP=fr\n", DEBIAN, NULL},
    {"us", "KEYMAP=fr\n", DEBIAN, NULL},
};

/* The bytes have a NUL behind them. */
static int make(struct arena *arena, const char *declared, const char **made, size_t *length,
                struct error *error)
{
    const struct keymap keymap = {{"a.conf", 3, 1}, declared};
    return keymap_make(arena, &keymap, "root", made, length, error);
}

/* Programs that tell their words, loadkeys also its input. "nosuch" is what it does not know. */
static void place_programs(void)
{
    must_run("mkdir -p bin root/etc/default root/etc/console-setup");
    put("bin/ckbcomp", "#!/bin/sh\necho warning >&2\nprintf ckbcomp\nprintf ' [%s]' \"$@\"\n");
    put("bin/loadkeys",
        "#!/bin/sh\ncase $* in *nosuch) echo 'loadkeys: no file nosuch' >&2; exit 1;; "
        "*nothing) exit 0; esac\n"
        "printf bkeymap; printf ' [%s]' \"$@\"; printf :; cat\n");
    must_run("chmod +x bin/*");
    auto_string here = getcwd(NULL, 0);
    char path[4096];
    snprintf(path, sizeof(path), "%s/bin:/usr/bin:/bin", here);
    setenv("PATH", path, 1);
}

static void test_choice(void **state)
{
    (void)state;
    place_programs();
    for (size_t i = 0; i < ARRAY_LENGTH(machines); i++) {
        const struct machine *machine = &machines[i];
        struct error error = {0};
        auto_arena arena = arena_new();
        const char *made = NULL;
        size_t length = 1;
        must_run("rm -f root/etc/vconsole.conf root/etc/default/keyboard");
        if (machine->vconsole)
            put("root/etc/vconsole.conf", machine->vconsole);
        if (machine->keyboard)
            put("root/etc/default/keyboard", machine->keyboard);
        int code = make(arena, machine->declared, &made, &length, &error);
        const char *wanted = machine->made ? machine->made : "";
        if (code < 0 || strcmp(made, wanted) != 0)
            fail_msg("machine %zu: \"%s\", not \"%s\"", i, code < 0 ? error.text : made, wanted);
        assert_int_equal(length, strlen(wanted));
    }
}

/* Debian's own result is as good, as long as it was made from these settings. */
static void test_cache(void **state)
{
    (void)state;
    place_programs();
#define CACHED(name) "root/etc/console-setup/cached_" name ".kmap.gz"
    static const struct {
        const char *scene, *made;
    } cases[] = {
        {"touch -d 2020-01-02 " CACHED("UTF-8_del"), LOADKEYS(CACHED("UTF-8_del"))},
        {"touch -d 2020-01-01 " CACHED("UTF-8_del"),
         CKBCOMP("[-backspace] [del] [-model] [pc105] [de] [] []")},
        {"touch -d '2020-01-01 0:0:0.5' " CACHED("UTF-8_del"), LOADKEYS(CACHED("UTF-8_del"))},
        {"touch -d 2020-01-02 " CACHED("ISO-8859-15_del"),
         CKBCOMP("[-backspace] [del] [-model] [pc105] [de] [] []")},
        {"echo BACKSPACE=bs >> root/etc/default/keyboard; touch " CACHED("UTF-8_del") " " CACHED(
             "UTF-8_bs") "; touch -d 2020-01-01 root/etc/default/keyboard",
         LOADKEYS(CACHED("UTF-8_bs"))},
        {"sed -i s/de/us/ root/etc/default/keyboard; touch " CACHED("UTF-8_del"), ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        auto_arena arena = arena_new();
        const char *made = NULL;
        size_t length = 0;
        must_run("rm -f root/etc/console-setup/*");
        put("root/etc/default/keyboard", DEBIAN);
        must_run("touch -d 2020-01-01 root/etc/default/keyboard; %s", cases[i].scene);
        assert_outcome(cases[i].scene, make(arena, NULL, &made, &length, &error), &error, NULL);
        assert_string_equal(made, cases[i].made);
    }
}

static void test_wrong(void **state)
{
    (void)state;
    place_programs();
    struct error error;
    auto_arena arena = arena_new();
    const char *made = NULL;
    size_t length;
    assert_outcome("name", make(arena, "nosuch", &made, &length, &error), &error,
                   "the keymap \"nosuch\" at a.conf:3 cannot be compiled (\"loadkeys\" failed with "
                   "status 1: loadkeys: no file nosuch); name another one, install the package "
                   "\"console-data\", or write \"keymap none\"");
    assert_outcome(
        "path", make(arena, "/nosuch", &made, &length, &error), &error,
        "the keymap \"/nosuch\" at a.conf:3 cannot be compiled (\"loadkeys\" failed "
        "with status 1: loadkeys: no file nosuch); correct it, or write \"keymap none\"");
    assert_outcome("output", make(arena, "nothing", &made, &length, &error), &error,
                   "the keymap \"nothing\" at a.conf:3 cannot be compiled (\"loadkeys\" wrote no "
                   "\"bkeymap\"); use the one of the package \"kbd\", or write \"keymap none\"");
    put("root/etc/vconsole.conf", "KEYMAP=nosuch\n");
    assert_outcome("machine", make(arena, NULL, &made, &length, &error), &error,
                   "the keymap \"nosuch\" of \"root/etc/vconsole.conf\" cannot be compiled "
                   "(\"loadkeys\" failed with status 1: loadkeys: no file nosuch); name another "
                   "one, install the package \"console-data\", or write \"keymap none\"");
    must_run("rm root/etc/vconsole.conf && mkdir root/etc/vconsole.conf");
    assert_outcome("folder", make(arena, NULL, &made, &length, &error), &error,
                   "cannot read \"root/etc/vconsole.conf\": Is a directory");
    put("bin/ckbcomp", "#!/bin/sh\necho \"no layout $5\" >&2; exit 2\n");
    must_run("rmdir root/etc/vconsole.conf");
    put("root/etc/default/keyboard", DEBIAN);
    assert_outcome("layout", make(arena, NULL, &made, &length, &error), &error,
                   "the layout \"de\" of \"root/etc/default/keyboard\" cannot be compiled "
                   "(\"ckbcomp\" failed with status 2: no layout de); correct it, or write "
                   "\"keymap none\"");
}

/* Programs that are installed are hidden, for they are looked for outside of PATH too. */
static void hide(const char *name)
{
    setenv("PATH", "/usr/bin:/bin", 1);
    must_run("PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; while p=$(command -v %s); do "
             "mount --bind /dev/null \"$(realpath $p)\" || exit 1; hash -r; "
             "test -f \"$p\" || break; done",
             name);
}

static void test_missing(void **state)
{
    (void)state;
    need_namespace();
    struct error error;
    auto_arena arena = arena_new();
    const char *made = NULL;
    size_t length;
    place_programs();
    put("root/etc/default/keyboard", DEBIAN);
    hide("ckbcomp");
    assert_outcome("ckbcomp", make(arena, NULL, &made, &length, &error), &error,
                   "the layout \"de\" of \"root/etc/default/keyboard\" cannot be compiled without "
                   "\"ckbcomp\"; install the package \"console-setup\", or write \"keymap none\"");
    hide("loadkeys");
    assert_outcome("loadkeys", make(arena, "de", &made, &length, &error), &error,
                   "the keymap \"de\" at a.conf:3 cannot be compiled without \"loadkeys\"; install "
                   "the package \"kbd\", or write \"keymap none\"");
    assert_outcome("none", make(arena, "none", &made, &length, &error), &error, NULL);
    assert_int_equal(length, 0);
}

/* The value of a key without modifiers. */
static unsigned plain(const char *keymap, size_t length, unsigned key)
{
    assert_true(length > 7 + 256 + 256);
    assert_memory_equal(keymap, "bkeymap\1", 8);
    const char *at = keymap + 7 + 256 + 2 * (size_t)key;
    return (unsigned)(unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
}

enum { LETTER = 0x0b00, KEY_Q = 16, KEY_Y = 21, KEY_APOSTROPHE = 40, A_UMLAUT = 0xe4 };

static void test_loadkeys(void **state)
{
    (void)state;
    need_tool("loadkeys");
    if (!succeeds("loadkeys -b -u de de-latin1 >/dev/null 2>&1"))
        skip_because("there are no keymaps \"de\" and \"de-latin1\"");
    struct error error;
    auto_arena arena = arena_new();
    const char *de = NULL;
    const char *latin = NULL;
    size_t length;
    assert_outcome("de", make(arena, "de", &de, &length, &error), &error, NULL);
    assert_int_equal((length - 7 - 256) % 256, 0);
    assert_int_equal(plain(de, length, KEY_Y), LETTER | 'z');
    assert_outcome("de-latin1", make(arena, "de-latin1", &latin, &length, &error), &error, NULL);
    assert_int_equal(plain(latin, length, KEY_APOSTROPHE), LETTER | A_UMLAUT);
}

/* By way of the text, and by way of the file that Debian keeps. */
static void test_ckbcomp(void **state)
{
    (void)state;
    need_tool("loadkeys");
    need_tool("ckbcomp");
    need_tool("gzip");
    struct error error;
    auto_arena arena = arena_new();
    const char *made = NULL;
    const char *kept = NULL;
    size_t length, kept_length;
    must_run("mkdir -p root/etc/default root/etc/console-setup");
    put("root/etc/default/keyboard", "XKBLAYOUT=fr\n");
    assert_outcome("text", make(arena, NULL, &made, &length, &error), &error, NULL);
    assert_int_equal(plain(made, length, KEY_Q), LETTER | 'a');
    must_run("touch -d 2020-01-01 root/etc/default/keyboard && ckbcomp be 2>/dev/null | "
             "gzip > root/etc/console-setup/cached_UTF-8_del.kmap.gz");
    assert_outcome("file", make(arena, NULL, &kept, &kept_length, &error), &error, NULL);
    assert_int_equal(plain(kept, kept_length, KEY_Q), LETTER | 'a');
    assert_true(kept_length != length || memcmp(made, kept, length) != 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loadkeys), TEST(test_ckbcomp), TEST(test_choice),
        TEST(test_cache),    TEST(test_wrong),   TEST(test_missing),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
