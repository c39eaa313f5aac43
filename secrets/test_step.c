/* A boot's secrets, from the declaration to the files in /run: what is delivered, what is refused,
 * and that one that cannot be had costs nothing but itself. */
#include "base/testdata/scratch.h"

#include "plan/kinds.h"
#include "plan/make.h"
#include "secrets/step.h"

static char *repository;

#define HEAD                                                                                       \
    "volume state LABEL=state { fs ext4; mount /persist }\ngenerations state:/generations\n"
#define KEYS "    key state:/keys/ours\n"
#define YAML HEAD "secrets state:/types.yaml {\n" KEYS
#define AGE HEAD "secrets state:/x25519.age {\n" KEYS

struct scenario {
    const char *name, *configuration, *scene; /* made in the volume */
    int code;                                 /* 0, 1: goes on, -1: fails */
    const char *said;                         /* a part of what was logged or failed with */
    const char *check;                        /* a shell command in the scratch folder */
};

/* The volume, a root with users, and a /run. */
static void set_stage(const char *scene)
{
    must_run("umount -l /run/secrets.d /run/secrets-for-users.d /run 2>/dev/null;"
             "rm -rf state root outside; mount -t tmpfs run /run && mkdir -p state/keys root/etc "
             "outside && cp %s/secrets/testdata/*.age %s/secrets/testdata/sops/*.* state &&"
             "cp %s/secrets/testdata/sops/key.txt state/keys/ours && cp %s/secrets/testdata/*.key "
             "state/keys && chmod 600 state/keys/* && echo 'web:x:33:44::/:' > root/etc/passwd &&"
             "echo 'tls:x:55:' > root/etc/group",
             repository, repository, repository, repository);
    must_run("cd state && %s", scene);
}

static void play(const struct scenario *scenario)
{
    struct error error = {0};
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    set_stage(*scenario->scene ? scenario->scene : "true");
    put("ebb.conf", scenario->configuration);
    auto_config config = config_load("ebb.conf", NULL, &report);
    config_check(config, &report);
    for (size_t i = 0; i < report.count; i++)
        fail_msg("%s: %s", scenario->name, report.problems[i].text);
    struct context *context = context_new(arena, config, ".", "root");
    auto_fd root = open_folder("root"), state = open_folder("state");
    context->root.fd = root;
    context->states[0].fd = state;
    struct plan plan = {.arena = arena};
    secrets_plan(config, &plan);
    assert_true(plan.count >= 2);
    log_begin();
    int code = 0;
    for (size_t i = 0; i < plan.count && code >= 0; i++) {
        int result = step_kinds[plan.steps[i].kind].apply(&plan.steps[i], context, &error);
        code = result ? result : code;
    }
    auto_string log = log_end();
    if ((code > 0 ? 1 : code < 0 ? -1 : 0) != scenario->code)
        fail_msg("%s: %d, \"%s\"\n%s", scenario->name, code, error.text, log);
    if (!strstr(log, scenario->said) && !(code && strstr(error.text, scenario->said)))
        fail_msg("%s: \"%s\"\n%s", scenario->name, error.text, log);
    if (!succeeds("%s", scenario->check))
        fail_msg("%s: %s\n%s", scenario->name, scenario->check, log);
    must_run("test -z \"$(ls outside)\" && test -z \"$(find /run -name .ebb-new)\"");
}

#define STATUS(name, fault)                                                                        \
    "tr -d ' \\n' < /run/secrets.d/.status.json | grep -q '\"name\":\"" name                       \
    "\",.*\"fault\":\"" fault "\"'"

static const struct scenario delivered[] = {
    {"values of every type",
     YAML "    secret int\n    secret nested/deep/er mode=0440\n"
          "    secret list/0 name=first\n    secret time\n}\n",
     "", 0, "",
     "cd /run/secrets.d/1 && test $(cat int) = 42 && test -n \"$(cat nested/deep/er)\" &&"
     "test $(stat -c %a int)-$(stat -c %a nested/deep/er) = 400-440 && test -s first &&"
     "test $(readlink /run/secrets) = /run/secrets.d/1 && " STATUS("first", "none")},
    {"an age file", AGE "    whole token\n}\n", "mv keys/ours.key keys/ours", 0, "",
     "test \"$(cat /run/secrets.d/1/token)\" = 'a secret'"},
    {"an OpenSSH key",
     HEAD "secrets state:/ssh.age {\n    key state:/keys/ssh.key\n    whole x\n}\n", "", 0, "",
     "test \"$(cat /run/secrets.d/1/x)\" = 'a secret'"},
    {"the second key fits",
     HEAD "secrets state:/x25519.age {\n    key state:/keys/none\n    key "
          "state:/keys/other.key\n    key state:/keys/ours.key\n    whole x\n}\n",
     "", 0, "cannot open the key \"state:/keys/none\": No such file or directory",
     "test \"$(cat /run/secrets.d/1/x)\" = 'a secret'"},
    {"dotenv, as a whole",
     HEAD "secrets state:/types.env {\n" KEYS "    whole env plain=yes\n    whole refused "
          "class=optional\n}\n",
     "", 0, "its value \"CLEAR_unencrypted\" is not encrypted",
     "test $(head -n 1 /run/secrets.d/1/env) = A=one && ! test -e /run/secrets.d/1/refused"},
    {"binary, as a whole", HEAD "secrets state:/whole.bin {\n" KEYS "    whole blob\n}\n", "", 0,
     "", "test -s /run/secrets.d/1/blob"},
    {"in the tree of the generation, by a link in it, and pinned",
     HEAD "secrets /etc/secrets.yaml "
          "sha256=be3a896261749f01b08825b8b2defe258ff0bb4d726779810c7dff95520e6b8c {\n" KEYS
          "    secret int\n}\n",
     "mkdir ../root/store && cp types.yaml ../root/store/x.yaml && ln -s /store/x.yaml "
     "../root/etc/secrets.yaml",
     0, "", "test $(cat /run/secrets.d/1/int) = 42"},
    {"a template",
     YAML "    secret int\n    secret text name=spelled early=yes\n}\ntemplate app/conf state:/app "
          "owner=web mode=0440 path=/etc/app.conf\n",
     "printf 'a<b "
     "<SECRET:int><SECRET:spelled>\\n<SOPS:"
     "6da88c34ba124c41f977db66a4fc5c1a951708d285c81bb0d47c3206f4c27ca8:PLACEHOLDER>.<SECRET:int "
     "<SOPS:12:>' > app",
     0, "",
     "cd /run/secrets/rendered/app && test \"$(cat conf)\" = \"$(printf 'a<b 42quote \" and "
     "\\303\\274\\n42.<SECRET:int <SOPS:12:>')\" && test $(stat -c %u:%a conf) = 33:440 && test "
     "$(readlink $OLDPWD/root/etc/app.conf) = /run/secrets/rendered/app/conf && " STATUS(
         "rendered/app/conf", "none")},
    {"an early template in the tree, whose secret holds a placeholder",
     YAML "    secret int\n}\ntemplate t /etc/t early=yes\n", "echo '<SECRET:int>' > ../root/etc/t",
     0, "", "test $(cat /run/secrets-for-users/rendered/t) = 42"},
    {"a credential",
     YAML "    secret int credential=app.int\n    secret float credential=f early=yes\n}\n", "", 0,
     "",
     "test $(cat /run/credentials/@initrd/app.int) = 42 && "
     "test $(stat -c %a /run/credentials/@initrd/app.int /run/credentials/@initrd | tr '\\n' -) = "
     "400-700- && grep '/run/credentials .*noexec' /proc/self/mountinfo |"
     "grep -qE -e '- ramfs |- tmpfs .*noswap' && test $(cat /run/credstore/app.int) = 42 && "
     "test $(readlink /run/credstore/f) = /run/secrets-for-users/float"},
    {"owners by name", YAML "    secret int owner=web group=tls mode=0440\n}\n", "", 0, "",
     "test $(stat -c %u:%g:%a /run/secrets.d/1/int) = 33:55:440"},
    {"an owner whom nobody knows", YAML "    secret int owner=nobody-yet mode=0444\n}\n", "", 0,
     "the secret \"int\" is root's alone until systemd-tmpfiles gives it away: nobody knows its "
     "owner "
     "\"nobody-yet\" or group \"0\" yet",
     "test $(stat -c %u:%g:%a /run/secrets.d/1/int) = 0:0:400 && test \"$(cat "
     "/run/tmpfiles.d/ebb.conf)\" = 'z \"/run/secrets.d/1/int\" 0444 nobody-yet 0 - -'"},
    {"before users are", YAML "    secret word name=users/alice early=yes\n    secret int\n}\n", "",
     0, "",
     "test -s /run/secrets-for-users.d/1/users/alice && ! test -e /run/secrets.d/1/users &&"
     "test $(readlink /run/secrets-for-users) = /run/secrets-for-users.d/1"},
    {"a link to it", YAML "    secret int path=/etc/app/int\n}\n", "", 0, "",
     "test $(readlink root/etc/app/int) = /run/secrets/int && tr -d ' \\n' < "
     "/run/secrets.d/.status.json | grep -q '\"set\":1,.*\"path\":\"/etc/app/int\"'"},
    {"not encrypted, as declared",
     HEAD "secrets state:/default_suffix.yaml {\n" KEYS
          "    secret plain_unencrypted/text plain=yes\n}\n",
     "", 0, "", "test $(cat /run/secrets.d/1/plain_unencrypted/text) = 0777"},
    {"nothing, as declared", YAML "    secret empty empty=yes\n}\n", "", 0, "",
     "test -e /run/secrets.d/1/empty"},
};

#define NONE "! test -e /run/secrets.d/1/int"

static const struct scenario missed[] = {
    {"no such key: the others are there", YAML "    secret int\n    secret none\n}\n", "", 1,
     "there is no secret \"none\": the file has no such key",
     "test $(cat /run/secrets.d/1/int) = 42 && " STATUS("none", "missing")},
    {"optional", YAML "    secret int\n    secret none class=optional\n}\n", "", 0,
     "there is no secret \"none\": the file has no such key", "test -s /run/secrets.d/1/int"},
    {"required", YAML "    secret int\n    secret none class=required\n}\n", "", -1,
     "there is no secret \"none\": the file has no such key", "test -s /run/secrets.d/1/int"},
    {"it is empty", YAML "    secret empty\n}\n", "", 1,
     "there is no secret \"empty\": it is empty",
     "! test -e /run/secrets.d/1/empty; " STATUS("empty", "refused")},
    {"not encrypted",
     HEAD "secrets state:/default_suffix.yaml {\n" KEYS "    secret plain_unencrypted/text\n}\n",
     "", 1, "there is no secret \"plain_unencrypted/text\": it is not encrypted",
     "! test -e /run/secrets.d/1/plain_unencrypted"},
    {"no file", YAML "    secret int\n}\n", "rm types.yaml", 1,
     "cannot open \"state:/types.yaml\": No such file or directory", NONE},
    {"no key at all", YAML "    secret int\n}\n", "rm keys/ours", 1,
     "cannot open the key \"state:/keys/ours\": No such file or directory", NONE},
    {"a key that others read", YAML "    secret int\n}\n", "chmod 644 keys/ours", 1,
     "the key \"state:/keys/ours\" is not used, because it is not a file of root's alone", NONE},
    {"a link for a key", YAML "    secret int\n}\n", "mv keys/ours x && ln -s ../x keys/ours", 1,
     "cannot open the key \"state:/keys/ours\"", NONE},
    {"another's key", YAML "    secret int\n}\n", "cp keys/other.key keys/ours", 1,
     "there is no secret \"int\"", NONE " && " STATUS("int", "no-match")},
    {"a key with a passphrase", AGE "    whole x\n}\n", "cp keys/locked.key keys/ours", 1,
     "passphrase", "! test -e /run/secrets.d/1/x"},
    {"a value was exchanged", YAML "    secret int\n    secret word\n}\n",
     "sed -i 's/^int: .*/int: 43/' types.yaml", 1, "there is no secret",
     NONE " && ! test -e /run/secrets.d/1/word"},
    {"a template of a secret that is not there",
     YAML "    secret none class=optional\n}\ntemplate t state:/t class=required\n",
     "echo '<SECRET:none>' > t", -1,
     "there is no secret \"rendered/t\": it needs the secret \"none\", which is not there",
     "! test -e /run/secrets.d/1/rendered && " STATUS("rendered/t", "missing")},
    {"a template of a secret that nobody declares", YAML "    secret int\n}\ntemplate t state:/t\n",
     "echo '<SECRET:other>' > t", 1,
     "it has the placeholder \"<SECRET:other>\", and no secret of that name is declared",
     STATUS("rendered/t", "refused")},
    {"a template with more secrets than a machine has room for",
     HEAD "secrets state:/chunk.age {\n    key state:/keys/ours.key\n    whole x\n}\n"
          "template t state:/t\n",
     "for i in $(seq 100); do echo '<SECRET:x>'; done > t", 1,
     "there is no secret \"rendered/t\": it is longer than 4194304 bytes with its secrets",
     "test -s /run/secrets/x && ! test -e /run/secrets/rendered && " STATUS("rendered/t",
                                                                            "refused")},
    {"a template that is no text", YAML "    secret int\n}\ntemplate t state:/t\n",
     "printf 'a\\0<SECRET:int>' > t", 1, "\"state:/t\" is no text: there is a NUL byte in it",
     STATUS("rendered/t", "refused")},
    {"a template that is not there", YAML "    secret int\n}\ntemplate t state:/t\n", "", 1,
     "cannot open \"state:/t\"", STATUS("rendered/t", "missing")},
    {"another file than was pinned",
     HEAD "secrets state:/types.yaml "
          "sha256=be3a896261749f01b08825b8b2defe258ff0bb4d726779810c7dff95520e6b8c {\n" KEYS
          "    secret int\n}\n",
     "echo >> types.yaml", 1,
     "\"state:/types.yaml\" is not the file that is declared; restore it, or declare this one: "
     "sha256=",
     "! test -e /run/secrets.d/1/int && " STATUS("int", "tampered")},
    {"a link that leads out of the volume",
     HEAD "secrets state:/link.yaml {\n" KEYS "    secret int\n}\n", "ln -s types.yaml link.yaml",
     1, "cannot open \"state:/link.yaml\": Too many levels of symbolic links",
     STATUS("int", "missing")},
    {"a tail is missing", AGE "    whole x\n}\n",
     "cp keys/ours.key keys/ours && truncate -s -1 x25519.age", 1, "there is no secret \"x\"",
     "! test -e /run/secrets.d/1/x"},
    {"a byte is different", AGE "    whole x\n}\n",
     "cp keys/ours.key keys/ours && printf x | dd of=x25519.age bs=1 conv=notrunc status=none "
     "seek=$(($(stat -c %s x25519.age) - 5))",
     1, "there is no secret \"x\"", STATUS("x", "tampered")},
    {"a value is missing: none is released", YAML "    secret int\n    secret float\n}\n",
     "sed -i '/^word: /d' types.yaml", 1, "was changed by somebody without the key",
     NONE " && ! test -e /run/secrets.d/1/float && " STATUS("int", "tampered")},
    {"values in another order", YAML "    secret int\n}\n",
     "sed -i '/^int: /{h;d};/^negative: /G' types.yaml", 1, "put in another order",
     NONE " && " STATUS("int", "tampered")},
    {"no header", AGE "    whole x\n}\n", "sed -i '1s/v1/v0/' x25519.age", 1,
     "the header of \"state:/x25519.age\" is damaged", STATUS("x", "corrupt")},
    {"half of it", YAML "    secret int\n}\n", "sed -i '20,$d' types.yaml", 1,
     "there is no secret \"int\"", NONE " && " STATUS("int", "corrupt")},
    {"a mapping is no value", YAML "    secret int\n    secret nested\n}\n", "", 1,
     "there is no secret \"nested\": the file has no such key",
     "test $(cat /run/secrets.d/1/int) = 42 && " STATUS("nested", "missing")},
    {"a key of a value was changed by somebody", YAML "    secret other\n}\n",
     "sed -i 's/^int: /other: /' types.yaml", 1, "was changed or moved by somebody",
     "! test -e /run/secrets.d/1/other && " STATUS("other", "tampered")},
    {"a key of a plain value was changed by somebody",
     HEAD "secrets state:/default_suffix.yaml {\n" KEYS "    secret plain_unencrypted/new\n}\n",
     "sed -i 's/^    text: /    new: /' default_suffix.yaml", 1, "it is not encrypted",
     STATUS("plain_unencrypted/new", "refused")},
    {"an empty value was added by somebody", YAML "    secret evil\n    secret int\n}\n",
     "sed -i '1i evil: \"\"' types.yaml", 1, "there is no secret \"evil\": it is empty",
     "test $(cat /run/secrets.d/1/int) = 42 && " STATUS("evil", "refused")},
    {"there is room for one only", YAML "    secret int\n    secret word\n}\n",
     "mkdir /run/secrets.d && mount -t tmpfs -o nr_inodes=3 small /run/secrets.d", 1,
     "cannot write the secret \"word\": No space left on device",
     "test $(cat /run/secrets.d/1/int) = 42 && ! test -e /run/secrets.d/1/word"},
    {"what is there is no memory", YAML "    secret int\n}\n",
     "mkdir /run/secrets.d && mount -t devpts none /run/secrets.d", 1,
     "\"/run/secrets.d\" is not in memory; unmount it", NONE},
    {"nothing that could be a file", YAML "    secret int\n}\n",
     "rm types.yaml && mkfifo types.yaml", 1, "there is no secret \"int\"", NONE},
    {"more than anybody has", YAML "    secret int\n}\n", "truncate -s 5M types.yaml", 1,
     "there is no secret \"int\"", NONE},
    {"folders without end", YAML "    secret int\n}\n",
     "for i in $(seq 5000); do printf '['; done > types.yaml", 1, "there is no secret \"int\"",
     NONE},
};

#define PLAY(scenarios)                                                                            \
    do {                                                                                           \
        need_namespace();                                                                          \
        for (size_t i = 0; i < ARRAY_LENGTH(scenarios); i++)                                       \
            play(&(scenarios)[i]);                                                                 \
    } while (0)

static void test_delivered(void **state)
{
    (void)state; /* the scratch folder is the current one */
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    PLAY(delivered);
}

static void test_missed(void **state)
{
    (void)state; /* as above */
    PLAY(missed);
}

static int leave_stage(void **state)
{
    return succeeds("umount -l /run/secrets.d /run/secrets-for-users.d /run 2>/dev/null; true")
               ? leave_scratch(state)
               : -1;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_delivered), TEST(test_missed)};
    repository = getcwd(NULL, 0);
    int status = cmocka_run_group_tests(tests, enter_namespace, NULL);
    free(repository);
    return status;
}
