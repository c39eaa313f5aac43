/* `ebb new` over a scratch root, by root alone: what is told, and what the store has then. */
#include "tool/testing.h"

#include <pty.h>
#include <sys/utsname.h>

#include "base/testdata/kernel.h"
#include "tool/new.h"
#include "tool/verb.h"

static void make_root(void)
{
    if (!has_namespace)
        skip_because("overlays over trees are for root");
    need_tool("busybox");
    put("ebb.conf", "volume state LABEL=state { fs ext4; mount /persist }\n"
                    "generations state:/generations\n");
    must_run("mkdir -p root/persist/.ebb root/persist/generations root/run/ebb &&"
             "cd root/persist && echo id > .ebb/store-id && cd generations && mkdir 1 &&"
             "echo '{\"format\": 1, \"init\": \"/bin/busybox\"}' > 1/generation.json &&"
             "mkdir -p 1/tree/bin 1/tree/etc/ebb && cp $(command -v busybox) 1/tree/bin &&"
             "ln -s busybox 1/tree/bin/sh && ln -s busybox 1/tree/bin/rm && ln -s busybox "
             "1/tree/bin/sleep");
}

#define IN_STORE "cd root/persist/generations && "

static void assert_new(const char *from, const char *label, const char *script, bool dry_run,
                       int code, const char *expected, const char *logged)
{
    const char *const command[] = {"sh", "-ec", script, NULL};
    const struct new_wish wish = {.place.config = "ebb.conf",
                                  .from = from,
                                  .label = label,
                                  .dry_run = dry_run,
                                  .command = command,
                                  .boot = {.esp = "esp", .init_program = "/bin/true"}};
    auto_string text = NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = new_make((struct target){root, ""}, &wish, out);
    fclose(out);
    auto_string log = log_end();
    assert_text("output", text, expected);
    assert_text("errors", log, logged);
    assert_int_equal(status, code);
}

static void test_made(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    assert_new(NULL, NULL, "exit 1", true, EXIT_DONE,
               "a generation would be made from 1 by: sh -ec exit 1\n", "");
    must_run(IN_STORE "test \"$(ls -A)\" = 1");
    assert_new(NULL, "second", "echo new > /etc/marker", false, EXIT_DONE,
               "generation 2 is made from 1\n", "");
    must_run(IN_STORE "test \"$(cat 2/tree/etc/marker)\" = new && test ! -e 1/tree/etc/marker &&"
                      "grep -q '\"label\": *\"second\"' 2/generation.json &&"
                      "grep -q '\"init\": *\"/bin/busybox\"' 2/generation.json &&"
                      "grep -q '\"parent\": *1' 2/generation.json && test ! -e 2/ebb.conf");
    assert_new(NULL, NULL, "exit 3", false, EXIT_NO, "",
               "ebb: nothing is made: \"sh\" failed with the exit status 3\n");
    put_record(1, 0, 0);
    assert_new("1", NULL, "true", false, EXIT_DONE,
               "generation 3 is made from 1\nwhat `ebb rollback` has chosen is over\n", "");
    put("root/run/ebb/status.json",
        "{\"format\":1,\"result\":\"done\",\"generation\":2,\"root\":{\"type\":\"tmpfs\",\"tree\":"
        "\"/persist/generations/2/tree\"},\"volumes\":[],\"microseconds\":1,\"setbacks\":[],"
        "\"steps\":[]}");
    assert_new(NULL, NULL, "true", false, EXIT_DONE, "generation 4 is made from 2\n", "");
    assert_new("7", NULL, "true", false, EXIT_NO, "",
               "ebb: there is no generation \"7\"; write a number from 1 to 4, latest or "
               "previous\n");
    must_run(IN_STORE "test -e 4/tree/etc/marker && test ! -e 3/tree/etc/marker &&"
                      "test \"$(ls -A | tr '\\n' ' ')\" = '1 2 3 4 '");
}

/* It is that of the tree, whatever the host has. */
static void test_config(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run(IN_STORE "mkdir 1/tree/etc/more && echo 'volume v LABEL=v { fs ext4; mount /p }' > "
                      "1/tree/etc/more/v.conf");
    assert_new(NULL, NULL,
               "printf 'include /etc/more/*.conf\\ngenerations v:/g\\n' > /etc/ebb/ebb.conf", false,
               EXIT_DONE, "generation 2 is made from 1\n", "");
    must_run(IN_STORE "grep -q 'LABEL=v' 2/ebb.conf && grep -q 'generations v:/g' 2/ebb.conf &&"
                      "! grep -q include 2/ebb.conf");
    assert_new(
        NULL, NULL, "echo 'generations x:/g' > /etc/ebb/ebb.conf", false, EXIT_NO, "",
        "/etc/ebb/ebb.conf:1:13: no volume \"x\" is declared; add: volume x UUID=ID { ... }\n"
        "ebb: 1 error in the configuration\n"
        "ebb: nothing is made: the new generation's /etc/ebb/ebb.conf cannot be used; "
        "correct it in the command, or before\n");
    must_run(IN_STORE "test \"$(ls -A | tr '\\n' ' ')\" = '1 2 '");
}

/* What worked before and would not boot any more is told, or refused. */
static void test_needs(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run(IN_STORE "mkdir -p 1/tree/lib/modules/$(uname -r)");
    assert_new(NULL, NULL, "rm /bin/busybox", false, EXIT_NO, "",
               "ebb: nothing is made: the new tree has no init \"/bin/busybox\"; install one in it "
               "by the command\n");
    must_run(IN_STORE "test \"$(ls -A)\" = 1");
    struct utsname kernel;
    auto_arena arena = arena_new();
    assert_int_equal(uname(&kernel), 0);
    assert_new(NULL, NULL, "busybox mkdir /lib/modules/none && busybox rmdir /lib/modules/[0-9]*",
               false, EXIT_DONE, "generation 2 is made from 1\n",
               arena_printf(arena,
                            "ebb: the new tree has no modules any more for the kernel that runs, "
                            "%s; and it has no kernel in its /boot, as vmlinuz-VERSION, nor beside "
                            "its modules; install one in it with `ebb new`\n",
                            kernel.release));
}

#define ENTRY "ebb-0a34-5678-9a-"

/* Where `ebb boot install` was run, the new one can be booted when it is made. */
static void test_entry(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    must_run("mkdir esp && printf 'volume esp LABEL=esp { fs vfat }\nboot esp:/\n' >> ebb.conf &&"
             "cd root/persist && echo 0A34-5678-9abcdef > .ebb/store-id && cd generations/1/tree &&"
             "mkdir -p boot lib/modules && ln -s /lib/modules/%s lib/modules &&"
             "echo old > boot/vmlinuz-%s",
             any_kernel(), any_kernel());
    assert_new(NULL, NULL, "true", false, EXIT_DONE, "generation 2 is made from 1\n", "");
    const struct boot_wish wish = {.config = "ebb.conf",
                                   .esp = "esp",
                                   .init_program = "/bin/true",
                                   .install = true,
                                   .no_loader = true};
    auto_fd root = open_folder("root");
    FILE *quiet = fopen("/dev/null", "w");
    assert_int_equal(boot_sync((struct target){root, ""}, &wish, quiet), EXIT_DONE);
    fclose(quiet);
    assert_new("1", NULL, "for i in /boot/*; do echo new > $i; done", false, EXIT_DONE,
               "generation 3 is made from 1\nwrote " ENTRY "default.conf\nwrote " ENTRY
               "g000003.conf\n6 boot entries\n",
               "");
    must_run("cd esp && grep -qx new $(sed -n 's,^linux /,,p' loader/entries/*g000003.conf)");
    assert_new("1", NULL, "true", true, EXIT_DONE,
               "a generation would be made from 1 by: sh -ec true\n", "");
    must_run("rm -r esp");
    assert_new("1", NULL, "true", false, EXIT_NO, "generation 4 is made from 1\n",
               "ebb: cannot open \"esp\": No such file or directory\n"
               "ebb: the boot entries are not as they should be; run `ebb boot sync` once they can "
               "be written\n");
}

/* C-c at a terminal, while the command runs. */
static void test_interrupt(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    int terminal, status;
    char said[1000] = "";
    size_t length = 0;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (pid == 0) {
        char *words[] = {"new",
                         "--store",
                         "root/persist/generations",
                         "--",
                         "sh",
                         "-c",
                         "echo begun; trap '' INT; sleep 1000",
                         NULL};
        int code = verb_new(7, words);
        fflush(stdout);
        _exit(code);
    }
    for (ssize_t done; (done = read(terminal, said + length, sizeof(said) - length - 1)) > 0;) {
        length += (size_t)done;
        said[length] = '\0';
        if (strcmp(said, "begun\r\n") == 0)
            assert_int_equal(write(terminal, "\003", 1), 1);
    }
    close(terminal);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), EXIT_NO);
    assert_contains(said, "ebb: nothing is made: it was interrupted\r\n");
    must_run(IN_STORE "test \"$(ls -A)\" = 1");
}

static void test_usage(void **state)
{
    (void)state; /* the scratch folder is the current one */
    char *none[] = {"new", "--store", ".", NULL},
         *label[] = {"new", "--store", ".", "--label", "12", "--", "true", NULL};
    log_begin();
    int first = verb_new(3, none), second = verb_new(7, label);
    auto_string log = log_end();
    assert_text("errors", log,
                "usage: ebb new [OPTION]... -- COMMAND...\nebb: the label \"12\" is a number\n");
    assert_int_equal(first, EXIT_USAGE);
    assert_int_equal(second, EXIT_USAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_usage), TEST(test_made),  TEST(test_config),
                                       TEST(test_needs), TEST(test_entry), TEST(test_interrupt)};
    return cmocka_run_group_tests(tests, enter_mounts, NULL);
}
