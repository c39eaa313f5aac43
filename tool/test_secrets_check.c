/* `ebb secrets check`: what it finds wrong, with and without private keys. */
#include "tool/secrets_testing.h"

/* The recipient of secrets/testdata/sops/key.txt. */
#define SOPS_OURS "age1fqwxkud50xgypl8s6tj8mrqc79hq3m2d7gvt5e3thjj0wclraysq26rrmk"
#define AGE(file, key) HEAD "secrets state:/" file " {\n    key state:/keys/" key "\n"

struct scenario {
    const char *name, *configuration, *scene; /* made in the volume */
    const char *recipient, *key;              /* of the command line */
    int status;
    const char *logged, *output;
};

#define UNUSED_OF_TYPES                                                                            \
    "ebb.conf:3:1: note: the machine can read, and does not use: negative, octal, large, float, "  \
    "whole, huge, tiny, yes, no, word, date, time and "
#define NO_KEY "rm keys/key.txt"
#define LEFT "; what it need not know belongs in another file\n"

static const struct scenario checked[] = {
    {"a private key proves it", YAML "    secret int\n}\n", "", NULL, NULL, EXIT_DONE,
     UNUSED_OF_TYPES "10 more" LEFT, "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"a recipient is enough", YAML "    secret int\n}\n", NO_KEY, SOPS_OURS, NULL, EXIT_DONE,
     UNUSED_OF_TYPES
     "10 more" LEFT
     "ebb.conf:4:9: warning: cannot open \"state:/keys/key.txt\": No such file or directory\n",
     "1 secret in 1 file: 0 errors, 1 warning\n"},
    {"another's recipient", YAML "    secret int\n}\n", "", OURS, NULL, EXIT_NO,
     "ebb.conf:3:1: \"state:/types.yaml\" is encrypted to 1 age recipient, none of which is ours; "
     "add \"" OURS "\" with `sops updatekeys`\n",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"another's private key", YAML "    secret int\n    secret word\n}\n",
     "cp keys/ours.key keys/key.txt", NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: \"state:/types.yaml\" is encrypted to 1 age recipient, none of which is ours; "
     "add \"" OURS "\" with `sops updatekeys`\n",
     "2 secrets in 1 file: 1 error, 0 warnings\n"},
    {"nobody knows a recipient", AGE("x25519.age", "none") "    whole x\n}\n", "", NULL, NULL,
     EXIT_DONE,
     "ebb.conf:3:1: warning: whether the machine can read \"state:/x25519.age\" is not known, for "
     "no key of it is; name one with --recipient or --key-pub\n"
     "ebb.conf:4:9: warning: cannot open \"state:/keys/none\": No such file or directory\n",
     "1 secret in 1 file: 0 errors, 2 warnings; not proved to be readable: 1 file\n"},
    {"age does not say", AGE("x25519.age", "ours.key") "    whole x\n}\n", "rm keys/ours.key", OURS,
     NULL, EXIT_DONE,
     "ebb.conf:3:1: warning: whether the machine can read \"state:/x25519.age\" cannot be told "
     "without the private key, for age does not say for whom a file is\n",
     "1 secret in 1 file: 0 errors, 2 warnings; not proved to be readable: 1 file\n"},
    {"but decrypting does", AGE("x25519.age", "ours.key") "    whole x\n}\n", "", OURS, NULL,
     EXIT_DONE, "", "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"a private key of age proves it", AGE("x25519.age", "ours.key") "    whole x\n}\n", "", NULL,
     NULL, EXIT_DONE, "", "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"and that it is not for it", AGE("x25519.age", "other.key") "    whole x\n}\n", "", NULL, NULL,
     EXIT_NO, "ebb.conf:5:5: \"state:/x25519.age\" is encrypted to 1 recipient, none of them ours",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"a public key beside the private one", AGE("ssh.age", "ssh") "    whole x\n}\n", "", NULL,
     NULL, EXIT_DONE, "", "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"and beside one with a passphrase", AGE("ssh.age", "locked.key") "    whole x\n}\n",
     "mv keys/ssh.pub keys/locked.key.pub", NULL, NULL, EXIT_DONE, "",
     "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"a public key of the command line", AGE("ssh.age", "ours.key") "    whole x\n}\n",
     "rm keys/ours.key", NULL, "root/persist/keys/ssh.pub", EXIT_DONE,
     "ebb.conf:4:9: warning: cannot open \"state:/keys/ours.key\": No such file or directory\n",
     "1 secret in 1 file: 0 errors, 1 warning\n"},
    {"another file than was pinned",
     HEAD "secrets state:/types.yaml "
          "sha256=0000000000000000000000000000000000000000000000000000000000000000 {\n    key "
          "state:/keys/key.txt\n    secret int\n}\n",
     "printf x > types.yaml", NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: \"state:/types.yaml\" is not the file that is declared; restore it, or declare "
     "this one: sha256=2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"templates",
     YAML "    secret int\n}\ntemplate a state:/a\ntemplate b state:/b\ntemplate c state:/c\n",
     "echo '<SECRET:int>' > a && echo '<SECRET:none>' > b", NULL, NULL, EXIT_NO,
     UNUSED_OF_TYPES
     "10 more" LEFT "ebb.conf:8:1: the template of \"rendered/b\": it has the placeholder "
     "\"<SECRET:none>\", and no "
     "secret of that name is declared\n"
     "ebb.conf:9:1: the template of \"rendered/c\": cannot open \"state:/c\": No such file or "
     "directory\n",
     "4 secrets in 1 file: 2 errors, 0 warnings\n"},
    {"changed without the key", YAML "    secret int\n    secret word\n}\n",
     "sed -i 's/^float: .*/float: \"\"/' types.yaml", NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: note: the machine can read, and does not use: negative, octal, large, whole, "
     "huge, tiny, yes, no, date, time, block, text and 8 more" LEFT
     "ebb.conf:5:5: \"state:/types.yaml\" was changed by somebody without the key: values were "
     "added, removed or put in another order; restore it\n",
     "2 secrets in 1 file: 1 error, 0 warnings\n"},
    {"no such value, an empty one, and what is none",
     YAML "    secret none\n    secret empty\n    secret list\n    secret int\n}\n", "", SOPS_OURS,
     NULL, EXIT_NO,
     UNUSED_OF_TYPES
     "10 more" LEFT
     "ebb.conf:5:5: \"state:/types.yaml\" has no value with the key \"none\"; add it with sops, or "
     "correct the key\n"
     "ebb.conf:6:5: \"empty\" is empty, which anybody could have made it; if it should be, write "
     "empty=yes\n"
     "ebb.conf:7:5: \"state:/types.yaml\" has no value with the key \"list\"; add it with sops, or "
     "correct the key\n",
     "4 secrets in 1 file: 3 errors, 0 warnings\n"},
    {"not encrypted",
     HEAD "secrets state:/default_suffix.yaml {\n    key state:/keys/key.txt\n"
          "    secret plain_unencrypted/text\n    secret plain_unencrypted/text name=b plain=yes\n"
          "}\n",
     "", NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: note: the machine can read, and does not use: password" LEFT
     "ebb.conf:5:5: \"plain_unencrypted/text\" is not encrypted, so that anybody could have "
     "written "
     "it; if it should not be, write plain=yes\n",
     "2 secrets in 1 file: 1 error, 0 warnings\n"},
    {"not all of it encrypted, and all of it wanted",
     HEAD "secrets state:/default_suffix.yaml {\n    key state:/keys/key.txt\n    whole x\n"
          "    whole y plain=yes\n}\n",
     "", NULL, NULL, EXIT_NO,
     "ebb.conf:5:5: the value \"plain_unencrypted/int\" is not encrypted, so that anybody could "
     "have "
     "written it; if it should not be, write plain=yes\n",
     "2 secrets in 1 file: 1 error, 0 warnings\n"},
    {"a key that is made",
     HEAD "secrets state:/ssh.age {\n    key state:/keys/new generate=yes\n    whole x\n}\n", "",
     NULL, "root/persist/keys/ssh.pub", EXIT_DONE, "",
     "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"a key that asks", AGE("ssh.age", "passphrase.txt") "    whole x\n}\n", "", NULL,
     "root/persist/keys/ssh.pub", EXIT_DONE, "", "1 secret in 1 file: 0 errors, 0 warnings\n"},
    {"a file that is not there, and one that is none",
     YAML
     "    secret int\n}\nsecrets state:/x.age {\n    key state:/keys/key.txt\n    whole x\n}\n",
     "rm types.yaml && echo x > x.age", NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: cannot open \"state:/types.yaml\": No such file or directory\n"
     "ebb.conf:7:1: \"state:/x.age\", line 1: ",
     "2 secrets in 2 files: 2 errors, 0 warnings\n"},
    {"twice the same key", YAML "    secret int\n}\n", "echo 'int: 1' >> types.yaml", NULL, NULL,
     EXIT_NO, "ebb.conf:3:1: \"state:/types.yaml\", line ",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"no MAC", YAML "    secret int\n}\n", "sed -i '/^    mac:/d' types.yaml", NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: \"state:/types.yaml\" has no \"mac\", so that anybody may have changed it; "
     "restore the file\n",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"a key of an age file", AGE("x25519", "ours.key") "    secret x\n}\n", "mv x25519.age x25519",
     NULL, NULL, EXIT_NO,
     "ebb.conf:5:5: an age file has no keys; write: whole NAME, and \"x\" may be the name\n",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"a key that others read", AGE("x25519.age", "ours.key") "    whole x\n}\n",
     "chmod 644 keys/ours.key", NULL, NULL, EXIT_NO,
     "ebb.conf:4:9: the key \"state:/keys/ours.key\" is not used, because it is not a file of "
     "root's alone: chown root, chmod 0600\n",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"owners and modes",
     AGE("x25519.age", "ours.key") "    whole x owner=web group=none mode=0444\n}\n", "", NULL,
     NULL, EXIT_DONE,
     "ebb.conf:5:5: warning: nobody knows the group \"none\", so that \"x\" would be root's alone; "
     "add it to the system\n"
     "ebb.conf:5:5: warning: the mode 0444 lets everybody read \"x\"; give it an owner or a "
     "group\n",
     "1 secret in 1 file: 0 errors, 2 warnings\n"},
    {"not the state volume", AGE("x25519.age", "ours.key") "    whole x\n}\n", "rm .ebb/store-id",
     NULL, NULL, EXIT_NO,
     "ebb.conf:3:1: \"/persist\" is not the state volume \"state\": it has no .ebb/store-id\n",
     "1 secret in 1 file: 1 error, 0 warnings\n"},
    {"nothing is declared", HEAD, "", NULL, NULL, EXIT_DONE, "",
     "0 secrets in 0 files: 0 errors, 0 warnings\n"},
};

static void assert_checked(const struct scenario *scenario, const struct check_wish *wish)
{
    auto_arena arena = arena_new();
    auto_string text = NULL;
    auto_config config = load(arena, scenario->configuration);
    auto_fd root = open_folder("root");
    log_begin();
    FILE *out = output_begin(&text);
    int status = check_tell((struct target){root, ""}, config, wish, out);
    fclose(out);
    auto_string log = log_end_of_secrets();
    if (strncmp(log, scenario->logged, strlen(scenario->logged)) != 0 ||
        (!*scenario->logged && *log))
        assert_text(scenario->name, log, scenario->logged);
    assert_text(scenario->name, text, scenario->output);
    assert_int_equal(status, scenario->status);
}

static void test_check(void **state)
{
    (void)state; /* the scratch folder is the current one */
    for (size_t i = 0; i < ARRAY_LENGTH(checked); i++) {
        const struct scenario *scenario = &checked[i];
        const char *recipient = scenario->recipient, *key = scenario->key;
        const struct check_wish wish = {.recipients = &recipient,
                                        .recipient_count = recipient != NULL,
                                        .keys = &key,
                                        .key_count = key != NULL,
                                        .owners = true};
        must_run("rm -rf root");
        make_root();
        put("root/etc/passwd", "web:x:33:44::/:\n");
        must_run("cd root/persist && %s", *scenario->scene ? scenario->scene : "true");
        assert_checked(scenario, &wish);
    }
}

/* Where it is prepared: no machine, no owners to know, and a folder instead of the volume. */
static void test_check_elsewhere(void **state)
{
    (void)state; /* as above */
    const char *folder = "state=there";
    struct check_wish wish = {.volumes = &folder, .volume_count = 1};
    make_root();
    must_run("mv root/persist there && rm -r there/.ebb");
    assert_checked(&(struct scenario){.name = "elsewhere",
                                      .configuration = AGE("x25519.age",
                                                           "ours.key") "    whole x owner=web\n}\n",
                                      .status = EXIT_DONE,
                                      .logged = "",
                                      .output = "1 secret in 1 file: 0 errors, 0 warnings\n"},
                   &wish);
    folder = "other=there";
    assert_checked(&(struct scenario){.name = "no volume",
                                      .configuration = HEAD,
                                      .status = EXIT_USAGE,
                                      .logged = "ebb: \"other=there\" is not VOLUME=FOLDER, with a "
                                                "declared volume\n",
                                      .output = ""},
                   &wish);
    const char *twice[] = {"state=there", "state=there"};
    wish = (struct check_wish){.volumes = twice, .volume_count = 2};
    assert_checked(&(struct scenario){.name = "twice",
                                      .configuration = HEAD,
                                      .status = EXIT_USAGE,
                                      .logged = "ebb: the volume \"state\" is given twice\n",
                                      .output = ""},
                   &wish);
    const char *recipient = "age1x";
    wish = (struct check_wish){.recipients = &recipient, .recipient_count = 1};
    assert_checked(&(struct scenario){.name = "no recipient",
                                      .configuration = HEAD,
                                      .status = EXIT_USAGE,
                                      .logged = "ebb: \"age1x\" is no recipient: write age1... or "
                                                "\"ssh-ed25519 ...\"\n",
                                      .output = ""},
                   &wish);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_check),
        TEST(test_check_elsewhere),
    };
    repository = getcwd(NULL, 0);
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    free(repository);
    return status;
}
