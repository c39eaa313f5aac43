/* `ebb secrets recipient` and `list`. */
#include "tool/secrets_testing.h"

static void assert_recipients(const char *configuration, char **files, int count, int status,
                              const char *output, const char *logged)
{
    auto_arena arena = arena_new();
    auto_string text = NULL;
    auto_config config = configuration ? load(arena, configuration) : NULL;
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int got = recipient_tell((struct target){root, ""}, config, files, count, out);
    fclose(out);
    auto_string log = log_end_of_secrets();
    assert_text("output", text, output);
    assert_text("errors", log, logged);
    assert_int_equal(got, status);
}

#define AS_SSH_TO_AGE ", as ssh-to-age has it, for age and sops:\n"
#define AS_SSH ", as age has keys of SSH, for age alone or sops from 3.10 on:\n"
#define AS_AGE ", a key of age:\n"

static void test_recipients_of_files(void **state)
{
    (void)state; /* the scratch folder is the current one */
    make_root();
    char *files[] = {"root/persist/keys/ssh.key", "root/persist/keys/ssh.pub",
                     "root/persist/keys/ours.key"};
    assert_recipients(NULL, files, 3, EXIT_DONE, SSH_TO_AGE "\n" SSH "\n" OURS "\n",
                      "ebb: \"root/persist/keys/ssh.key\"" AS_SSH_TO_AGE
                      "ebb: \"root/persist/keys/ssh.key\"" AS_SSH
                      "ebb: \"root/persist/keys/ours.key\"" AS_AGE);
    assert_recipients(NULL, files + 1, 1, EXIT_DONE, SSH_TO_AGE "\n" SSH "\n",
                      "ebb: \"root/persist/keys/ssh.pub\"" AS_SSH_TO_AGE
                      "ebb: \"root/persist/keys/ssh.pub\"" AS_SSH);
    char *wrong[] = {"none", "root/persist/keys/ours.key", "root/persist/keys/locked.key"};
    assert_recipients(NULL, wrong, 3, EXIT_NO, OURS "\n",
                      "ebb: cannot read \"none\": No such file or directory\n"
                      "ebb: \"root/persist/keys/ours.key\"" AS_AGE
                      "ebb: the SSH key \"root/persist/keys/locked.key\" has a passphrase, which "
                      "nobody could enter; remove it with ssh-keygen -p, or use a key of age\n");
}

/* Age's own tool is asked. */
static void test_recipients_are_ages(void **state)
{
    (void)state; /* as above */
    make_root();
    need_tool("age-keygen");
    need_tool("age");
    auto_string theirs = output_of("age-keygen -y root/persist/keys/ours.key");
    assert_string_equal(theirs, OURS);
    must_run("echo word | age -r '" SSH "' | age -d -i root/persist/keys/ssh.key | grep -q word");
}

static void test_recipients_declared(void **state)
{
    (void)state; /* as above */
    static const char configuration[] =
        HEAD "secrets state:/two.age {\n    key state:/keys/ours.key\n    key state:/keys/ssh\n"
             "    whole x\n}\n";
    make_root();
    assert_recipients(configuration, NULL, 0, EXIT_DONE, OURS "\n" SSH_TO_AGE "\n" SSH "\n",
                      "ebb: \"state:/keys/ours.key\"" AS_AGE
                      "ebb: \"state:/keys/ssh.pub\"" AS_SSH_TO_AGE
                      "ebb: \"state:/keys/ssh.pub\"" AS_SSH);
    must_run("cp root/persist/keys/ssh.pub root/etc/ssh/ssh_host_ed25519_key.pub");
    assert_recipients(NULL, NULL, 0, EXIT_DONE, SSH_TO_AGE "\n" SSH "\n",
                      "ebb: \"/etc/ssh/ssh_host_ed25519_key.pub\"" AS_SSH_TO_AGE
                      "ebb: \"/etc/ssh/ssh_host_ed25519_key.pub\"" AS_SSH);
    must_run("rm root/etc/ssh/* root/persist/keys/*");
    assert_recipients(configuration, NULL, 0, EXIT_NO, "",
                      "ebb: cannot open \"state:/keys/ours.key\": No such file or directory\n"
                      "ebb: cannot open \"state:/keys/ssh\": No such file or directory\n"
                      "ebb: there is no key that could be read; name the file of one, public or "
                      "private\n");
}

static const char many[] =
    HEAD "secrets state:/types.yaml {\n    key state:/keys/key.txt\n"
         "    secret int name=wifi/psk mode=0440 group=netdev class=required path=/etc/psk\n"
         "    secret word name=users/\xc3\xa4 early=yes\n    secret nested/deep/er\n}\n"
         "secrets state:/x25519.age {\n    key state:/keys/ours.key\n    key state:/keys/ssh.key\n"
         "    whole token class=optional\n}\n";

static void assert_list(bool json, const char *output, const char *logged)
{
    auto_arena arena = arena_new();
    auto_string text = NULL;
    auto_config config = load(arena, many);
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    assert_int_equal(secrets_list_tell((struct target){root, ""}, config, json, out), EXIT_DONE);
    fclose(out);
    auto_string log = log_end_of_secrets();
    assert_text("output", text, output);
    assert_text("errors", log, logged);
}

/* clang-format off */
#define LIST(one, two, three, four)                                                                \
    "secret                           owner     mode  class     from"                              \
    "                              now\n"                                                          \
    "/run/secrets/wifi/psk, /etc/psk  0:netdev  0440  required  state:/types.yaml int"             \
    "             " one "\n"                                                                       \
    "/run/secrets-for-users/users/\xc3\xa4   0:0       0400  normal    state:/types.yaml word"     \
    "            " two "\n"                                                                        \
    "/run/secrets/nested/deep/er      0:0       0400  normal    state:/types.yaml nested/deep/er"  \
    "  " three "\n"                                                                                \
    "/run/secrets/token               0:0       0400  optional  state:/x25519.age"                 \
    "                 " four "\n"
/* clang-format on */

static void test_list(void **state)
{
    (void)state; /* as above */
    make_root();
    assert_list(false, LIST("unknown", "unknown", "unknown", "unknown"), "");
    must_run("mkdir -p root/run/secrets.d");
    put("root/run/secrets.d/.status.json",
        "{\"format\":1,\"set\":2,\"secrets\":[{\"name\":\"wifi/psk\",\"fault\":\"none\"},"
        "{\"name\":\"users/\xc3\xa4\",\"fault\":\"tampered\",\"early\":true},"
        "{\"name\":\"token\",\"fault\":\"\\u001b[31m\"}]}");
    assert_list(false, LIST("there", "tampered", "not decrypted", "\\033[31m"), "");
    put("root/run/secrets.d/.status.json", "{\"format\":1,\"secrets\":[]}");
    assert_list(false, LIST("unknown", "unknown", "unknown", "unknown"),
                "ebb: \"/run/secrets.d/.status.json\" is not as Ebb writes it; what became of the "
                "secrets is not known until the next boot\n");
}

static void test_list_json(void **state)
{
    (void)state; /* as above */
    make_root();
    must_run("mkdir -p root/run/secrets.d");
    put("root/run/secrets.d/.status.json",
        "{\"format\":1,\"set\":2,\"secrets\":[{\"name\":\"token\",\"fault\":\"no-match\"}]}");
    auto_arena arena = arena_new();
    auto_string text = NULL;
    auto_config config = load(arena, many);
    auto_fd root = open_folder("root");
    FILE *out = output_begin(&text);
    assert_int_equal(secrets_list_tell((struct target){root, ""}, config, true, out), EXIT_DONE);
    fclose(out);
    assert_contains(text, "{\"format\":1,\"set\":2,\"secrets\":[{\"name\":\"wifi/psk\",");
    assert_contains(text,
                    "{\"name\":\"token\",\"delivered\":\"/run/secrets/"
                    "token\",\"path\":null,\"credential\":null,"
                    "\"owner\":\"0\",\"group\":\"0\",\"mode\":\"0400\",\"class\":\"optional\","
                    "\"early\":false,\"file\":\"state:/x25519.age\",\"key\":null,"
                    "\"keys\":[\"state:/keys/ours.key\",\"state:/keys/ssh.key\"],"
                    "\"origin\":\"ebb.conf:12\",\"fault\":\"no-match\"}]}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recipients_of_files), TEST(test_recipients_are_ages),
        TEST(test_recipients_declared), TEST(test_list),
        TEST(test_list_json),
    };
    repository = getcwd(NULL, 0);
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    free(repository);
    return status;
}
