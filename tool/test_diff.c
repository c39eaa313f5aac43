/* `ebb diff` over a scratch root whose volume is a folder. */
#include "tool/testing.h"

#include "tool/diff.h"
#include "tool/verb.h"

#define HOST                                                                                       \
    "volume state LABEL=state { fs ext4; mount /persist }\ngenerations state:/generations\n"

static void make_root(void)
{
    setenv("TZ", "UTC", 1);
    put("ebb.conf", HOST);
    must_run(
        "rm -rf root && mkdir -p root/persist/.ebb root/run/ebb && cd root/persist &&"
        "echo id > .ebb/store-id && mkdir -p generations/1/tree/lib/modules/6.1.0-9"
        " generations/1/tree/lib/modules/6.1.0-18 && cd generations &&"
        "echo '{\"format\":1,\"label\":\"fi\\u0007rst\",\"created\":\"2026-02-03T04:05:06Z\"}'"
        " > 1/generation.json && echo text > 1/tree/text && echo gone > 1/tree/gone && "
        "mkdir 1/tree/etc && touch -d 2001-01-01 1/tree/etc/same 1/tree/etc/mode &&"
        "cp -al 1 2 && echo new > 2/tree/new && mkdir -p 2/tree/opt/x && touch 2/tree/opt/x/a "
        "2/tree/opt/x/b && rm 2/generation.json 2/tree/gone 2/tree/text && echo TEXT > 2/tree/text "
        "&& echo '{\"format\":1}' > 2/generation.json && cp -p 1/tree/etc/mode x && "
        "mv x 2/tree/etc/mode && chmod 600 2/tree/etc/mode && mkdir -p 3/tree &&"
        "cp 2/generation.json 3 && echo third > 3.label && cp -p 1/tree/etc/same x &&"
        "touch x && mv x 2/tree/etc/same");
}

static void assert_diff(const struct diff_wish *wish, int code, const char *expected,
                        const char *logged)
{
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = diff_tell((struct target){root, ""}, wish, out);
    fclose(out);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
}

static const struct place_wish declared = {.config = "ebb.conf"};

#define FIRST "- generation 1  2026-02-03 04:05  6.1.0-18  \"fi\\007rst\"\n"
#define SECOND "+ generation 2  ?  6.1.0-18\n"

static void test_files(void **state)
{
    (void)state; /* the scratch folder is the current one */
    const struct diff_wish wish = {.place = declared, .old = "1", .new = "2"},
                           back = {.place = declared, .old = "2", .new = "1"},
                           self = {.place = declared, .old = "third", .new = "latest"};
    make_root();
    assert_diff(&wish, DIFF_DIFFERENT,
                FIRST SECOND
                "\nfiles:\n~ /etc/mode mode=0644 -> mode=0600\n- /gone\n+ /new\n+ /opt/ (2 files)\n"
                "~ /text\n2 added, 1 removed, 2 changed\n",
                "");
    assert_diff(&back, DIFF_DIFFERENT,
                "- generation 2  ?  6.1.0-18\n+ generation 1  2026-02-03 04:05  6.1.0-18  "
                "\"fi\\007rst\"\n\nfiles:\n~ /etc/mode "
                "mode=0600 -> mode=0644\n+ /gone\n- /new\n- /opt/ (2 files)\n"
                "~ /text\n1 added, 2 removed, 2 changed\n",
                "");
    assert_diff(&self, DIFF_SAME,
                "- generation 3  ?  \"third\"\n+ generation 3  ?  \"third\"\n"
                "no difference in declarations, files\n",
                "");
}

#define DPKG(name, version, more)                                                                  \
    "Package: " name "\nStatus: install ok installed\nVersion: " version "\n" more "\n"

static void put_status(unsigned number, const char *text)
{
    char path[100];
    must_run("mkdir -p root/persist/generations/%u/tree/var/lib/dpkg", number);
    snprintf(path, sizeof(path), "root/persist/generations/%u/tree/var/lib/dpkg/status", number);
    put(path, text);
}

static void test_packages(void **state)
{
    (void)state; /* as above */
    struct diff_wish wish = {.place = declared, .old = "1", .new = "2"};
    make_root();
    put_status(1, DPKG("bash", "5.2-1", "Description: a\n b: Version: 7\n")
                      DPKG("libc6", "2.36-9", "Architecture: i386\nMulti-Arch: same\n")
                          DPKG("zsh", "5.9-4", "") "Package: half\nVersion: 1\n"
                                                   "Status: install ok half-installed\n");
    put_status(2, DPKG("tar", "1.34", "")
                      DPKG("bash", "5.2-2",
                           "") "Package: zsh\nStatus: deinstall ok config-files\nVersion: "
                               "5.9-4\n\n" DPKG("libc6", "2.36-9",
                                                "Multi-Arch: same\nArchitecture: amd64\n"));
    assert_diff(&wish, DIFF_DIFFERENT,
                FIRST SECOND "\npackages:\n~ bash 5.2-1 -> 5.2-2\n- half 1\n+ libc6:amd64 2.36-9\n"
                             "- libc6:i386 2.36-9\n+ tar 1.34\n- zsh 5.9-4\n"
                             "2 added, 3 removed, 1 changed\n",
                "");
    /* Where one of them has none, files tell. */
    must_run("rm -r root/persist/generations/2/tree/var");
    wish.old = "2";
    wish.new = "3";
    must_run("rm -r root/persist/generations/2/tree/* && "
             "mkdir -p root/persist/generations/3/tree/var/lib/dpkg &&"
             "echo > root/persist/generations/3/tree/var/lib/dpkg/status");
    assert_diff(&wish, DIFF_DIFFERENT,
                "- generation 2  ?\n+ generation 3  ?  \"third\"\n\nfiles:\n+ /var/ (1 file)\n"
                "1 added, 0 removed, 0 changed\n",
                "");
}

static void test_pacman(void **state)
{
    (void)state; /* as above */
    const struct diff_wish wish = {.place = declared, .old = "1", .new = "2", .files = true};
    make_root();
    must_run("cd root/persist/generations && rm -r 1/tree/* 2/tree/* &&"
             "mkdir -p 1/tree/var/lib/pacman/local && mkdir -p 2/tree/var/lib/pacman/local/b &&"
             "echo 9 | tee 1/tree/var/lib/pacman/local/ALPM_DB_VERSION "
             "> 2/tree/var/lib/pacman/local/ALPM_DB_VERSION &&"
             "for i in 1 2; do at=$i/tree/var/lib/pacman/local/a-1-$i && mkdir $at &&"
             "printf '%%%%NAME%%%%\\na\\n\\n%%%%VERSION%%%%\\n1-%%d\\n' $i > $at/desc; done &&"
             "printf '%%%%DESC%%%%\\n%%%%NAME%%%%x\\n\\n%%%%NAME%%%%\\nb\\n' "
             "> 2/tree/var/lib/pacman/local/b/desc");
    assert_diff(&wish, DIFF_DIFFERENT,
                "- generation 1  2026-02-03 04:05  \"fi\\007rst\"\n+ generation 2  ?\n"
                "\npackages:\n~ a 1-1 -> 1-2\n+ b ?\n1 added, 0 removed, 1 changed\n"
                "\nfiles:\n- /var/lib/pacman/local/a-1-1/ (1 file)\n"
                "+ /var/lib/pacman/local/a-1-2/ (1 file)\n"
                "+ /var/lib/pacman/local/b/ (1 file)\n2 added, 1 removed, 0 changed\n",
                "");
}

static void test_hostile_tree(void **state)
{
    (void)state; /* as above */
    const struct diff_wish wish = {.place = declared, .old = "1", .new = "2"};
    make_root();
    must_run("mkdir -p root/persist/generations/1/tree/var/lib/dpkg &&"
             "ln -s /etc/passwd root/persist/generations/1/tree/var/lib/dpkg/status");
    assert_diff(&wish, DIFF_TROUBLE, "",
                "ebb: generation 1: cannot read \"var/lib/dpkg/status\" in the tree: Too many "
                "levels of symbolic links\n");
    must_run("cd root/persist/generations/1/tree/var/lib/dpkg && rm status && mkfifo status");
    put_status(2, "");
    assert_diff(&wish, DIFF_SAME, FIRST SECOND "no difference in declarations, packages\n", "");
}

static void test_declarations(void **state)
{
    (void)state; /* as above */
    struct diff_wish wish = {.place = declared, .old = "1", .new = "2"};
    make_root();
    must_run("rm -r root/persist/generations/1/tree/* root/persist/generations/2/tree/*");
    put("root/persist/generations/1/ebb.conf", HOST "persist state:/persist {\n"
                                                    "dir /var/log mode=0700\ndir /srv\n}\n");
    put("root/persist/generations/2/ebb.conf", "persist state:/persist {\nfile /srv\n"
                                               "dir /var/log # a comment\n}\n" HOST);
    assert_diff(&wish, DIFF_DIFFERENT,
                "- generation 1  2026-02-03 04:05  \"fi\\007rst\"\n+ generation 2  ?\n"
                "\ndeclarations:\n- dir /srv\n+ file /srv\n- dir /var/log mode=0700\n"
                "+ dir /var/log\n",
                "");
    wish.json = true;
    assert_diff(&wish, DIFF_DIFFERENT,
                "{\"format\":1,\"old\":{\"number\":1,\"label\":\"fi\\u0007rst\","
                "\"created\":\"2026-02-03T04:05:06Z\"},\"new\":{\"number\":2},"
                "\"declarations\":[{\"name\":\"dir /srv\",\"old\":\"\"},"
                "{\"name\":\"file /srv\",\"new\":\"\"},"
                "{\"name\":\"dir /var/log\",\"old\":\"mode=0700\",\"new\":\"\"}],\"files\":[]}\n",
                "");
    /* That of the host, where it has none. */
    wish = (struct diff_wish){.place = declared, .old = "3", .new = "2"};
    assert_diff(&wish, DIFF_DIFFERENT,
                "- generation 3  ?  \"third\"\n+ generation 2  ?\n\ndeclarations:\n"
                "+ file /srv\n+ dir /var/log\n",
                "");
    put("root/persist/generations/2/ebb.conf", "volum state\n");
    assert_diff(&wish, DIFF_TROUBLE, "",
                "ebb: the ebb.conf of generation 2 has errors, so what it declares is not known; "
                "the first, in line 1: unknown directive \"volum\"; did you mean \"volume\"?\n");
}

static void test_names(void **state)
{
    (void)state; /* as above */
    struct diff_wish wish = {.place = declared, .old = "booted", .new = "latest"};
    make_root();
    assert_diff(&wish, DIFF_TROUBLE, "",
                "ebb: this system was not booted from these generations; name one instead of "
                "\"booted\", as `ebb list` shows them\n");
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":3,\"root\":{\"type\":\"tmpfs\",\"tree\":"
        "\"/persist/generations/3/tree\"},\"volumes\":[],\"microseconds\":1,\"setbacks\":[],"
        "\"steps\":[]}");
    assert_diff(&wish, DIFF_SAME,
                "- generation 3  ?  \"third\"\n+ generation 3  ?  \"third\"\n"
                "no difference in declarations, files\n",
                "");
    must_run("echo third > root/persist/generations/2.label");
    wish.old = "third";
    assert_diff(&wish, DIFF_SAME,
                "- generation 3  ?  \"third\"\n+ generation 3  ?  \"third\"\n"
                "no difference in declarations, files\n",
                "ebb: generations 2 and 3 are both called \"third\": taking the newer one\n");
    wish.old = "nonesuch";
    assert_diff(&wish, DIFF_TROUBLE, "",
                "ebb: there is no generation \"nonesuch\"; write a number from 1 to 3, latest or "
                "previous\n");
}

/* By its command line, and where only the folder is known. */
static void test_verb(void **state)
{
    (void)state; /* as above */
    char *words[] = {"diff", "--store", "root/persist/generations", "3", "3", NULL},
         *both[] = {"diff", "--store=root/persist/generations", "--config=ebb.conf", "3", NULL},
         *again[] = {"diff", "--store=root/persist/generations", "--config=ebb.conf", "3", NULL},
         *more[] = {"diff", "1", "2", "3", NULL};
    make_root();
    log_begin();
    int status = verb_diff(5, words), wrong = verb_diff(4, more);
    auto_string log = log_end();
    assert_int_equal(status, DIFF_SAME);
    assert_int_equal(wrong, EXIT_USAGE);
    assert_non_null(strstr(log, "what is declared is not compared: not both generations carry an "
                                "ebb.conf; name the host's with --config\n"));
    log_begin();
    status = verb_diff(4, both);
    auto_string less = log_end();
    assert_int_equal(status, DIFF_SAME);
    assert_string_equal(less, "");
    put("ebb.conf", "volum");
    log_begin();
    status = verb_diff(4, again);
    auto_string broken = log_end();
    assert_int_equal(status, DIFF_TROUBLE);
    assert_non_null(strstr(broken, "ebb: the configuration \"ebb.conf\" cannot be used\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_files),        TEST(test_packages), TEST(test_pacman), TEST(test_hostile_tree),
        TEST(test_declarations), TEST(test_names),    TEST(test_verb)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
