/* tool/completion.bash, asked as bash asks it. */
#include "base/testdata/scratch.h"

static char *repository;

/* What is offered for the last of the words, a line each. */
static char *offered(const char *words, int last)
{
    return output_of("bash -c 'source \"%s/tool/completion.bash\" && _ebb_kernels() { printf "
                     "\"%%s\\n\" 6.1.0 6.12.0 other; } && COMP_WORDS=(%s) COMP_CWORD=%d && _ebb && "
                     "printf \"%%s\\n\" \"${COMPREPLY[@]}\"'",
                     repository, words, last);
}

static const struct {
    const char *words;
    int last;
    const char *offers;
} cases[] = {
    {"ebb ad", 1, "adopt"},
    {"ebb adopt --", 2, "--root\n--volume\n--label\n--replace\n--dry-run\n--yes\n--help"},
    {"ebb adopt --root fol", 3, "folder"},
    {"ebb adopt --label \"\"", 3, ""},
    {"ebb adopt \"\"", 2, "ebb.conf\nfolder"},
    {"ebb ch", 1, "check"},
    {"ebb try --", 2, "--for\n--no-snapshot\n--no-reboot\n--help"},
    {"ebb try --for \"\"", 3, ""},
    {"ebb ar", 1, "arm"},
    {"ebb check --", 2, "--print\n--kernel\n--options\n--help"},
    {"ebb check --kernel \"\"", 3, "6.1.0\n6.12.0\nother\nrunning"},
    {"ebb check --kernel 6.12", 3, "6.12.0"},
    {"ebb check --kernel = 6.12", 4, "6.12.0"}, /* as bash splits --kernel=6.12 */
    {"ebb check --kernel ./con", 3, "./config-6.1"},
    {"ebb vm --kernel ./con", 3, "./config-6.1"},
    {"ebb vm --pass", 2, "--passphrase"},
    {"ebb confirm --", 2, "--timeout\n--no-checks\n--help"},
    {"ebb health --", 2, "--timeout\n--json\n--help"},
    {"ebb health \"\"", 2, ""},
    {"ebb health --timeout \"\"", 3, ""},
    {"ebb wr", 1, "write-back"},
    {"ebb why --", 2, "--all\n--log\n--help"},
    {"ebb rollback --", 2, "--clear\n--with-state\n--help"},
    {"ebb rollback \"\"", 2, ""},
    {"ebb rollback --with-state = \"\"", 4, ""},
    {"ebb write-back \"\"", 2, ""},
    {"ebb write-back --", 2, "--watch\n--help"},
    {"ebb vm --passphrase \"\"", 3, ""}, /* nobody else knows it */
    {"ebb b", 1, "boot\nbuild"},
    {"ebb boot \"\"", 2, "install\nstatus\nsync\n--help"},
    {"ebb boot install --", 3, "--esp\n--rebuild\n--universal\n--no-loader\n--help"},
    {"ebb boot status --", 3, "--esp\n--json\n--help"},
    {"ebb boot sync --esp \"\"", 4, "folder"},
    {"ebb boot sync --esp = \"\"", 5, "folder"},
    {"ebb boot sync \"\"", 3, "ebb.conf\nfolder"},
    {"ebb build --root \"\"", 3, "folder"},
    {"ebb build --kernel 6.1", 3, "6.1.0\n6.12.0"},
    {"ebb build --", 2,
     "--output\n--root\n--kernel\n--universal\n--uki\n--cmdline\n--stub\n--sign-key\n--sign-cert\n-"
     "-help"},
    {"ebb build --sign-key ./con", 3, "./config-6.1"},
    {"ebb build --cmdline \"\"", 3, ""},
    {"ebb image \"\"", 2, "ls\ncat\nsections\n--help"},
    {"ebb image sections --", 3, "--json\n--help"},
    {"ebb check \"\"", 2, "ebb.conf\nfolder"},
    {"ebb i", 1, "image\nimport\ninit"},
    {"ebb import \"\"", 2, "impermanence\npreservation\nlive-boot"},
    {"ebb import --force pre", 3, "preservation"},
    {"ebb import live-boot con", 3, "config-6.1"},
    {"ebb import live-boot -o eb", 4, "ebb.conf"},
    {"ebb import --volume \"\"", 3, ""},
    {"ebb import --", 2, "--output\n--volume\n--force\n--help"},
    {"ebb keep --", 2, "--in\n--replace\n--dry-run\n--config\n--help"},
    {"ebb keep --config \"\"", 3, "ebb.conf\nfolder"},
    {"ebb keep --in \"\"", 3, ""},
    {"ebb keep ./con", 2, "./config-6.1"},
    {"ebb diff --", 2, "--files\n--json\n--store\n--config\n--help"},
    {"ebb diff \"\"", 2, "latest\nprevious\nbooted"},
    {"ebb drop --", 2, "--dry-run\n--config\n--help"},
    {"ebb gc --", 2, "--keep\n--dry-run\n--store\n--config\n--help"},
    {"ebb new --", 2, "--from\n--label\n--dry-run\n--store\n--config\n--help"},
    {"ebb new --from \"\"", 3, "latest\nprevious"},
    {"ebb label --", 2, "--store\n--config\n--help"},
    {"ebb list --", 2, "--json\n--store\n--config\n--help"},
    {"ebb list --config \"\"", 3, "ebb.conf\nfolder"},
    {"ebb pin --", 2, "--remove\n--store\n--config\n--help"},
    {"ebb pin \"\"", 2, ""},
    {"ebb lost --", 2, "--newest\n--all\n--watch\n--json\n--help"},
    {"ebb lost ./con", 2, "./config-6.1"},
    {"ebb orphans --", 2, "--trash\n--older\n--empty-trash\n--dry-run\n--json\n--help"},
    {"ebb orphans --older \"\"", 3, ""},
    {"ebb orphans \"\"", 2, "ebb.conf\nfolder"},
    {"ebb sec", 1, "secrets"},
    {"ebb secrets \"\"", 2, "apply\ncheck\nlist\nrecipient\n--help"},
    {"ebb secrets apply --", 3, "--dry-run\n--help"},
    {"ebb secrets check --", 3, "--root\n--volume\n--recipient\n--key-pub\n--help"},
    {"ebb secrets check --root \"\"", 4, "folder"},
    {"ebb secrets check --key-pub = ./con", 5, "./config-6.1"},
    {"ebb secrets check --volume state = \"\"", 6, "folder"},
    {"ebb secrets check --volume \"\"", 4, ""},
    {"ebb secrets check --key-pub ./con", 4, "./config-6.1"},
    {"ebb secrets list --", 3, "--json\n--help"},
    {"ebb secrets list \"\"", 3, "ebb.conf\nfolder"},
    {"ebb secrets rec", 2, "recipient"},
    {"ebb secrets recipient --", 3, "--config\n--help"},
    {"ebb secrets recipient --config \"\"", 4, "ebb.conf\nfolder"},
    {"ebb secrets recipient ./con", 3, "./config-6.1"},
    {"ebb stat", 1, "status"},
    {"ebb status --", 2, "--slowest\n--json\n--help"},
    {"ebb status \"\"", 2, ""},
};

static void test_offers(void **state)
{
    (void)state;
    need_tool("bash");
    must_run("touch config-6.1 ebb.conf && mkdir folder");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_string offers = offered(cases[i].words, cases[i].last);
        if (strcmp(offers, cases[i].offers) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].words, offers, cases[i].offers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_offers, enter_scratch, leave_scratch),
    };
    auto_string here = repository = getcwd(NULL, 0);
    return here ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
