/* The manifest of sops-nix, included: what it becomes, what is told, what is refused. */
#include "plan/testing.h"

#include "plan/sops_nix.h"

#define CONF                                                                                       \
    STORE "    file /etc/ssh/ssh_host_ed25519_key\n    dir /var/lib/sops\n}\n"                     \
          "include manifest.json\n"

static const char manifest[] =
    "{\"secrets\":[\n"
    "{\"name\":\"wifi/psk\",\"key\":\"wifi/psk\",\"path\":\"/run/secrets/wifi/"
    "psk\",\"mode\":\"0440\","
    "\"owner\":\"alice\",\"uid\":0,\"group\":null,\"gid\":22,\"sopsFile\":\"/nix/store/a-s.yaml\","
    "\"format\":\"yaml\",\"restartUnits\":[\"wpa.service\"],\"reloadUnits\":[]},\n"
    "{\"name\":\"env\",\"key\":\"env\",\"path\":\"/etc/app/env\",\"mode\":\"0400\",\"owner\":null,"
    "\"uid\":0,\"group\":null,\"gid\":0,\"sopsFile\":\"/nix/store/b.env\",\"format\":\"dotenv\"},\n"
    "{\"name\":\"all \\\"of\\\" "
    "it\",\"key\":\"\",\"sopsFile\":\"/nix/store/a-s.yaml\",\"format\":\"yaml\"},\n"
    "{\"name\":\"hash\",\"key\":\"hash\",\"path\":\"/run/secrets-for-users/hash\",\"sopsFile\":\"/"
    "nix/store/"
    "a-s.yaml\",\"neededForUsers\":true,"
    "\"owner\":\"root\",\"format\":\"yaml\"}],\n"
    "\"templates\":[{\"name\":\"conf\",\"content\":\"x\",\"file\":\"/nix/store/"
    "c-conf\",\"mode\":\"0400\","
    "\"path\":\"/run/secrets/rendered/conf\",\"owner\":null,\"uid\":33}],\n"
    "\"placeholderBySecretName\":{\"hash\":\"<SOPS:1:PLACEHOLDER>\"},\"secretsMountPoint\":"
    "\"/run/secrets.d\",\"symlinkPath\":\"/run/secrets\",\"keepGenerations\":1,\"gnupgHome\":null,"
    "\"sshKeyPaths\":[\"/etc/ssh/ssh_host_rsa_key\"],\"ageKeyFile\":\"/var/lib/sops/keys/age\","
    "\"ageSshKeyPaths\":[\"/etc/ssh/ssh_host_ed25519_key\",\"/persist/k\"],\"useTmpfs\":false,"
    "\"userMode\":false,\"logging\":{\"keyImport\":true},\"novelty\":1}\n";

static const char expected[] =
    "secrets \"/nix/store/a-s.yaml\" {\n"
    "    key \"/var/lib/sops/keys/age\"\n"
    "    key \"/etc/ssh/ssh_host_ed25519_key\"\n"
    "    key \"/persist/k\"\n"
    "    secret \"wifi/psk\" name=wifi/psk mode=0440 owner=alice group=22\n"
    "    whole \"all \\\"of\\\" it\" plain=yes\n"
    "    secret \"hash\" name=hash early=yes\n"
    "}\n"
    "secrets \"/nix/store/b.env\" {\n"
    "    key \"/var/lib/sops/keys/age\"\n"
    "    key \"/etc/ssh/ssh_host_ed25519_key\"\n"
    "    key \"/persist/k\"\n"
    "    whole \"env\" plain=yes mode=0400 path=/etc/app/env\n"
    "}\n"
    "template \"conf\" \"/nix/store/c-conf\" mode=0400 owner=33\n";

static void write_both(const char *json)
{
    begin();
    write_file("ebb.conf", CONF, strlen(CONF));
    write_file("manifest.json", json, strlen(json));
}

static void assert_keys(const struct secrets *secrets)
{
    static const char *const keys[] = {"state:/persist/var/lib/sops/keys/age",
                                       "state:/persist/etc/ssh/ssh_host_ed25519_key", "state:/k"};
    auto_arena arena = arena_new();
    assert_int_equal(secrets->key_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(place_text(arena, &secrets->keys[i]->place), keys[i]);
        assert_non_null(secrets->keys[i]->place.volume);
    }
}

static void test_included(void **state)
{
    (void)state; /* a scratch folder */
    write_both(manifest);
    auto_string said = report_of(NULL);
    assert_string_equal(
        said,
        "manifest.json: warning: ignoring \"novelty\": it is not known\n"
        "manifest.json: warning: ignoring \"restartUnits\": `ebb secrets apply` tells what "
        "changed, "
        "and restarts nothing\n"
        "manifest.json: warning: ignoring \"sshKeyPaths\": Ebb knows no PGP, for which these keys "
        "are\n");
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_int_equal(config->secrets_count, 2);
    assert_int_equal(config->secret_entry_count, 5);
    assert_keys(config->secrets[0]);
    assert_keys(config->secrets[1]);
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    config_print(config, out);
    fclose(out);
    assert_non_null(strstr(text, expected));
    /* What an image holds of it reads the same, and so does the merged form. */
    write_file("manifest.json", config->files[1].text, config->files[1].length);
    auto_config again = config_load("ebb.conf", NULL, &report);
    assert_int_equal(again->secret_entry_count, 5);
    write_file("ebb.conf", text, length);
    auto_config merged = config_load("ebb.conf", NULL, &report);
    assert_int_equal(merged->secret_entry_count, 5);
    assert_int_equal(merged->file_count, 1);
    free(text);
}

static void test_for_users(void **state)
{
    (void)state; /* as above */
    write_both("{\"secrets\":[{\"name\":\"p\",\"key\":\"p\",\"path\":\"/run/secrets-for-users/p\","
               "\"sopsFile\":\"/s.json\",\"uid\":7}],\"symlinkPath\":\"/run/secrets-for-users\","
               "\"secretsMountPoint\":\"/run/secrets-for-users.d\",\"ageKeyFile\":\"/persist/k\"}");
    auto_string said = report_of(NULL);
    assert_string_equal(said, "");
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_true(config->secret_entries[0]->early);
    assert_null(config->secret_entries[0]->path);
}

static void test_refused(void **state)
{
    (void)state; /* as above */
    static const char *const cases[][2] = {
        {"{\"secrets\":", "manifest.json: it is no manifest of sops-nix: at byte 11, "},
        {"{\"templates\":{},\"secrets\":{\"a\":1}}", "manifest.json: \"secrets\" is no list\n"},
        {"{\"secrets\":[{\"name\":\"a\"}]}", "manifest.json: a secret has no \"sopsFile\"\n"},
        {"{\"secrets\":[3]}", "manifest.json: a secret has no \"sopsFile\"\n"},
        {"{\"secrets\":[{\"sopsFile\":\"/s.json\"}]}", "manifest.json: a secret has no \"name\"\n"},
        {"{\"secrets\":[{\"name\":[],\"sopsFile\":\"/s.json\"}]}",
         "manifest.json: \"name\" is no string, but [ ]\n"},
        {"{\"secrets\":[{\"name\":\"a\",\"key\":\"a\",\"format\":\"yaml\",\"sopsFile\":\"/s\"}]}",
         "manifest.json: the secret \"a\" is yaml, and by its name the file \"/s\" is binary; give "
         "the file another name\n"},
        {"{\"secrets\":[{\"name\":\"a\",\"uid\":\"x\",\"sopsFile\":\"/s.json\"}]}",
         "manifest.json: \"uid\" is no number, but \"x\"\n"},
        {"{\"secrets\":[{\"name\":\"a\",\"neededForUsers\":\"no\",\"sopsFile\":\"/s.json\"}]}",
         "manifest.json: \"neededForUsers\" is \"no\", and no truth value\n"},
        {"{\"templates\":[{\"name\":\"t\",\"content\":\"x\"}]}",
         "manifest.json: the template t has no \"file\"; sops-nix writes it where a file is "
         "declared\n"},
        {"{\"secrets\":[{\"name\":\"a\",\"key\":\"a\",\"sopsFile\":\"/s.json\"}],\"ageKeyFile\":\"/"
         "k\"}",
         "manifest.json:2:9: the key \"/k\" is on no volume; declare it as persistent, or write "
         "VOLUME:/path\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        write_both(cases[i][0]);
        auto_string said = report_of(NULL);
        if (!strstr(said, cases[i][1]))
            fail_msg("%s\n%s\nand not\n%s", cases[i][0], said, cases[i][1]);
    }
}

/* Both manifests of a machine name the same file, which lies on a volume of its own, with a pin. */
static void test_two(void **state)
{
    (void)state; /* as above */
    static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char conf[] = VOLUME "volume nix LABEL=nix { fs ext4; mount /nix }\n"
                                      "generations state:/generations\ninclude *.json\n";
    static const char *const files[][2] = {
        {"a.json",
         "{\"secrets\":[{\"name\":\"a\",\"key\":\"a\",\"sopsFile\":\"/nix/s.yaml\","
         "\"sopsFileHash\":\"0123456789abcdef0123456789abcdef0123456789abcdef"
         "0123456789abcdef\",\"owner\":\"root\",\"novel\":1}],\"ageKeyFile\":\"/persist/k\"}"},
        {"b.json", "{\"secrets\":[{\"name\":\"b\",\"key\":\"b\",\"sopsFile\":\"/nix/s.yaml\"}],"
                   "\"symlinkPath\":\"/run/secrets-for-users\",\"ageKeyFile\":\"/persist/k\"}"}};
    begin();
    write_file("ebb.conf", conf, strlen(conf));
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        write_file(files[i][0], files[i][1], strlen(files[i][1]));
    auto_string said = report_of(NULL);
    assert_string_equal(said, "a.json: warning: ignoring \"novel\" of secrets: it is not known\n"
                              "b.json:1:1: warning: \"nix:/s.yaml\" has a block already, at "
                              "a.json:1:1, and is decrypted twice; join the two\n");
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    auto_config config = config_load("ebb.conf", NULL, &report);
    assert_string_equal(config->secrets[0]->sha256, digest);
    assert_string_equal(config->secret_entries[0]->owner, "0");
    assert_false(config_volume(config, "nix")->holds_state);
}

/* Whatever is cut off, nothing crashes, and something is said. */
static void test_cut(void **state)
{
    (void)state; /* as above */
    for (size_t length = 1; length < strlen(manifest) - 1; length += 7) {
        auto_arena arena = arena_new();
        struct report report = {.arena = arena};
        assert_null(
            sops_nix_text(arena, "m", arena_copy(arena, manifest, length), length, &report));
        assert_int_equal(report.errors, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_included), cmocka_unit_test(test_for_users),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_two),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
