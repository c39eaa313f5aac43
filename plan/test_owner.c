#include "base/testdata/scratch.h"

#include "plan/owner.h"

enum { UNTOUCHED = 77 };

static void look(const char *database, bool is_user, const char *name, long number,
                 const char *message)
{
    struct error error = {0};
    struct account account = {.number = UNTOUCHED};
    auto_fd root = open_folder("root");
    int code = is_user ? owner_user(root, name, &account, &error)
                       : owner_group(root, name, &account, &error);
    assert_outcome(database, code, &error, message);
    if (account.number != number)
        fail_msg("\"%s\" in \"%s\": %u", name, database, account.number);
}

static void test_databases(void **state)
{
    (void)state;
    enum { NONE = -1 };
    static const struct {
        const char *text, *name;
        long number;
    } cases[] = {
        {"root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/:\n", "alice", 1000},
        {"root:x:0:0::/root:/bin/sh\nalice:x:1000:100::/:\n", "root", 0},
        {"alice:x:1000:100", "alice", 1000}, /* no last newline */
        {"alice::7:", "alice", 7},
        {"alice:x:4294967294:", "alice", 4294967294},
        {"\n\n# comment\nalice:x:5:", "alice", 5},
        {"malice:x:1:\nalice2:x:2:\nali:x:3:\nalice:x:4:", "alice", 4},
        {"alice:x:1:\nalice:x:2:", "alice", 1},
        {"bob:x:9:\r\nalice:x:8:\r\n", "alice", 8},
        {"caf\xc3\xa9:x:3:", "caf\xc3\xa9", 3},
        /* What is no entry is passed over; a good one behind it counts. */
        {"alice\nalice:x:6:", "alice", 6},
        {"alice:\nalice:x:6:", "alice", 6},
        {"alice:x\nalice:x:6:", "alice", 6},
        {"alice:x:\n7:x:8:\nalice:x:6:", "alice", 6},
        {"alice:x::0:\nalice:x:6:", "alice", 6},
        {"alice:x:6\nalice:x:7:", "alice", 7},
        {"alice:x:-1:\nalice:x:6:", "alice", 6},
        {"alice:x:+5:\nalice:x:6:", "alice", 6},
        {"alice:x: 5:\nalice:x:6:", "alice", 6},
        {"alice:x:0x5:\nalice:x:6:", "alice", 6},
        {"alice:x:5a:\nalice:x:6:", "alice", 6},
        {"alice:x:4294967295:\nalice:x:6:", "alice", 6},
        {"alice:x:99999999999999999999:\nalice:x:6:", "alice", 6},
        {"alice:x:-18446744073709551615:\nalice:x:6:", "alice", 6},
        {"", "alice", NONE},
        {"\n", "alice", NONE},
        {"alice", "alice", NONE},
        {"alice:x:", "alice", NONE},
        {"alice:x:\n5:x:5:", "alice", NONE},
        {" alice:x:1:\nx:alice:2:\n#alice:x:3:", "alice", NONE},
        {"Alice:x:1:", "alice", NONE},
    };
    must_run("mkdir -p root/etc");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bool none = cases[i].number == NONE;
        long number = none ? UNTOUCHED : cases[i].number;
        put("root/etc/passwd", cases[i].text);
        must_run("rm -f root/etc/group");
        look(cases[i].text, true, cases[i].name, number,
             none
                 ? "the new root's /etc/passwd has no user \"alice\"; add it to the generation, or "
                   "declare a number"
                 : NULL);
        must_run("mv root/etc/passwd root/etc/group");
        look(cases[i].text, false, cases[i].name, number,
             none
                 ? "the new root's /etc/group has no group \"alice\"; add it to the generation, or "
                   "declare a number"
                 : NULL);
    }
}

/* What stands behind the user's number. */
static void test_rest(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool has_group;
        gid_t group;
        const char *home;
    } cases[] = {
        {"alice:x:5:100:Alice,,,:/home/alice:/bin/sh\n", true, 100, "/home/alice"},
        {"alice:x:5:100::/home/alice", true, 100, "/home/alice"},
        {"alice:x:5:100::/home/alice//:/bin/sh\n", true, 100, "/home/alice"},
        {"alice:x:5:100::/:/bin/sh\n", true, 100, "/"},
        {"alice:x:5:100::/a\r\n", true, 100, "/a"},
        {"alice:x:5:100:\nbob:x:6:6::/bob:\n", true, 100, ""},
        {"alice:x:5:100::\n", true, 100, ""},
        {"alice:x:5:\nbob:x:6:6::/bob:\n", false, 0, ""},
        {"alice:x:5:-1::/home/alice:\n", false, 0, ""},
        {"alice:x:5:4294967295::/home/alice:\n", false, 0, ""},
    };
    must_run("mkdir -p root/etc");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct account account;
        struct error error;
        put("root/etc/passwd", cases[i].line);
        auto_fd root = open_folder("root");
        assert_outcome(cases[i].line, owner_user(root, "alice", &account, &error), &error, NULL);
        assert_int_equal(account.number, 5);
        assert_int_equal(account.has_group, cases[i].has_group);
        assert_int_equal(account.group, cases[i].group);
        assert_string_equal(account.home, cases[i].home);
    }
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        const char *scene, *message; /* NULL: alice is found in it, as 5 */
    } cases[] = {
        {"true",
         "the user \"alice\" cannot be looked up in the new root's /etc/passwd: No such file or "
         "directory; declare a number instead"},
        {"mkdir root/etc",
         "the user \"alice\" cannot be looked up in the new root's /etc/passwd: No such file or "
         "directory; declare a number instead"},
        {"mkdir -p root/etc/passwd", "cannot read \"/etc/passwd\": Is a directory"},
        {"mkdir root/etc && ln -s passwd root/etc/passwd",
         "the user \"alice\" cannot be looked up in the new root's /etc/passwd: Too many levels of "
         "symbolic links; declare a number instead"},
        {"mkdir root/etc && mkfifo root/etc/passwd", /* which must not make anybody wait */
         "the new root's /etc/passwd has no user \"alice\"; add it to the generation, or declare a "
         "number"},
        /* Links are followed as the running system will follow them. */
        {"mkdir -p root/etc root/etcetera && ln -s /etcetera/users root/etc/passwd && "
         "echo alice:x:5: > root/etcetera/users",
         NULL},
        {"mkdir -p root/usr/etc && ln -s usr/etc root/etc && echo alice:x:5: > root/usr/etc/passwd",
         NULL},
        {"mkdir root/etc && echo alice:x:6: > passwd && ln -s ../../passwd root/etc/passwd && "
         "echo alice:x:5: > root/passwd",
         NULL},
        {"mkdir root/etc && head -c 17000000 /dev/zero > root/etc/passwd",
         "\"/etc/passwd\" is larger than 16777216 bytes"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        must_run("rm -rf root && mkdir root && %s", cases[i].scene);
        look(cases[i].scene, true, "alice", cases[i].message ? UNTOUCHED : 5, cases[i].message);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_databases),
        TEST(test_rest),
        TEST(test_files),
    };
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
