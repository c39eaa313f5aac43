/* What needs no nixpkgs, evaluated by Nix: what config.nix makes of nixos/testdata is a
 * configuration without errors, and what cannot be said in one is refused; what file-systems.nix
 * tells NixOS. UPDATE=1 writes the golden files anew. */

#include "plan/testing.h"

#include <json-c/json.h>

static const char *sources;

static const char *const names[] = {"machine", "least"};

/* Nix wants no store of its own to evaluate text. */
static bool evaluates(const char *file, const char *values, const char *outputs)
{
    return succeeds("HOME=$PWD NIX_CONFIG='build-users-group =' nix-instantiate --eval --strict "
                    "--json --store dummy:// -E "
                    "'import %s/nixos/%s (%s)' %s",
                    sources, file, values, outputs);
}

/* The text as ebb.conf, whose parser is what judges it. */
static void write_evaluated(const char *name)
{
    char values[256];
    snprintf(values, sizeof(values), "import %s/nixos/testdata/%s.nix", sources, name);
    if (!evaluates("config.nix", values, "> evaluated.json"))
        fail_msg("%s.nix cannot be evaluated", name);
    struct json_object *text = json_object_from_file("evaluated.json");
    assert_true(json_object_is_type(text, json_type_string));
    const char *content = json_object_get_string(text);
    write_file("ebb.conf", content, strlen(content));
    json_object_put(text);
}

static void test_golden(void **state)
{
    (void)state;
    need_tool("nix-instantiate");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char golden[256], *printed = NULL;
        size_t length = 0;
        begin();
        write_evaluated(names[i]);
        auto_arena arena = arena_new();
        struct report report = {.arena = arena};
        auto_config config = config_load("ebb.conf", NULL, &report);
        config_check(config, &report);
        report_print(&report, stderr);
        assert_int_equal(report.errors, 0);
        FILE *stream = open_memstream(&printed, &length);
        assert_non_null(stream);
        config_print(config, stream);
        fclose(stream);
        snprintf(golden, sizeof(golden), "%s/nixos/testdata/%s.conf", sources, names[i]);
        if (getenv("UPDATE"))
            make_file(golden, printed, length);
        else
            assert_text(golden, printed);
        free(printed);
    }
}

#define MACHINE(more)                                                                              \
    "{ volumes.nix = { device = \"LABEL=nix\"; fs.type = \"ext4\"; mount = \"/nix\"; }; "          \
    "generations.place = \"nix:/a\"; " more " }"

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *values, *message;
    } cases[] = {
        {MACHINE("persistence.\"/persist\" = { };"),
         "ebb: \"/persist\" lies on none of ebb.volumes; give one of them a mount above it"},
        {MACHINE("persistence.\"/nixos\" = { };"),
         "ebb: \"/nixos\" lies on none of ebb.volumes; give one of them a mount above it"},
        {MACHINE("persistence.\"/nix\".directories = [ { directory = \"/a\"; mode = \"u+x\"; } "
                 "];"),
         "ebb: the mode \"u+x\" is not known here; write it in octal digits, such as 0750"},
        {MACHINE("persistence.\"/nix\".directories = [ \"/a\\nb\" ];"),
         "has control characters, which ebb.conf cannot have; remove them"},
        {MACHINE("sops.secrets.a.sopsFile = \"/nix/a.yaml\"; sops.age.keyFile = "
                 "\"${builtins.storeDir}/key\";"),
         "lies in the store, where everybody can read it; keep it elsewhere"},
        {"{ volumes.nix = { device = \"LABEL=nix\"; mont = \"/nix\"; }; generations.place = "
         "\"nix:/a\"; }",
         "ebb: the volume \"nix\" has an unknown word, \"mont\"; see ebb.conf(5)"},
        {MACHINE("sops.secrets.token = { };"), "ebb: the secret \"token\" has no sopsFile"},
        {MACHINE("sops.secrets.token = { }; secrets.token = { };"),
         "ebb: ebb.secrets and sops.secrets both declare \"token\"; declare it in one of them"},
        {MACHINE("persistence.\"/nix\" = { }; persist.\"/nix\" = { };"),
         "ebb: ebb.persist and environment.persistence both declare \"/nix\"; declare it in one of "
         "them"},
    };
    need_tool("nix-instantiate");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        assert_false(evaluates("config.nix", cases[i].values, "> /dev/null 2> said"));
        auto_string said = content_of("said", NULL);
        assert_contains(said, cases[i].message);
    }
}

static void test_file_systems(void **state)
{
    (void)state;
    static const struct {
        const char *volume, *told;
    } cases[] = {
        {"device = \"LABEL=a\"; luks = true;", "{}"},
        {"device = \"/dev/vg/a\"; lvm = true; luks = false; fs.type = \"xfs\"; mount = \"/a\";",
         "{\"/a\":{\"device\":\"/dev/vg/a\",\"fsType\":\"xfs\",\"neededForBoot\":true,"
         "\"noCheck\":true,\"options\":[\"defaults\"]}}"},
        {"device = \"LABEL=a\"; luks = true; fs = { type = \"ext4\"; options = \"noatime\"; }; "
         "mount = \"/a\";",
         "{\"/a\":{\"device\":\"/dev/mapper/v\",\"fsType\":\"ext4\",\"neededForBoot\":true,"
         "\"noCheck\":true,\"options\":[\"noatime\"]}}"},
        {"device = \"LABEL=a\"; luks.name = \"crypt\"; fs = { type = \"btrfs\"; options = [ "
         "\"subvol=@a\" \"noatime\" ]; }; mount = \"/a\";",
         "{\"/a\":{\"device\":\"/dev/mapper/crypt\",\"fsType\":\"btrfs\",\"neededForBoot\":true,"
         "\"noCheck\":true,\"options\":[\"subvol=@a\",\"noatime\"]}}"},
    };
    need_tool("nix-instantiate");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char volumes[256];
        begin();
        snprintf(volumes, sizeof(volumes), "{ v = { %s }; }", cases[i].volume);
        assert_true(evaluates("file-systems.nix", volumes, "> told"));
        auto_string told = content_of("told", NULL);
        told[strcspn(told, "\n")] = '\0';
        assert_string_equal(told, cases[i].told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_file_systems),
    };
    auto_string folder = get_current_dir_name();
    sources = folder;
    return folder ? cmocka_run_group_tests(tests, enter_cases, leave_scratch) : 1;
}
