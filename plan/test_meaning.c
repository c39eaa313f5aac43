/* What differs between two configurations, by what they mean. */
#include "plan/testing.h"

#include "plan/meaning.h"

static const struct {
    const char *old, *new, *differences;
} cases[] = {
    {"", "", ""},
    /* What is said though it is so anyway, order, comments, quotes, units and blocks. */
    {BASE "root tmpfs\nrescue wait\n", BASE "# a comment\nroot 'tmpfs' mode=755 size=25%\n", ""},
    {STORE "dir /a mode=0700\nfile /b\n}\n",
     STORE "file /b\n}\npersist state:/persist {\ndir '/a' mode=700 method=bind\n}\n", ""},
    {STORE "home alice { dir .ssh mode=0700 }\n}\n",
     STORE "home alice path=/home/alice { dir .ssh mode=700 }\n}\n", ""},
    {BASE "root tmpfs size=1G\n", BASE "root tmpfs size=1024m\n", ""},
    {BASE "root tmpfs inodes=1024k\n", BASE "root tmpfs inodes=1m\n", ""},
    {"volume state LABEL=state wait=90s { fs ext4 }\ngenerations state:/generations tries=3\n",
     "generations state:/generations\nvolume state LABEL=state { fs ext4 check=no }\n", ""},
    {STORE "dir /a options=ro,noexec\n}\n", STORE "dir /a options=noexec,ro\n}\n", ""},
    {STORE "dir /k\n}\nsecrets state:/s { key /k/key; secret x }\n",
     STORE "dir /k\n}\nsecrets state:/s { key state:/persist/k/key; secret x name=x }\n", ""},
    {"volume state LABEL=state { fs ext4 }\ngenerations state:/g keep=5,daily=7,age=48h\n",
     "volume state LABEL=state { fs ext4 }\ngenerations state:/g keep=age=2d,daily=07,5\n", ""},
    {"volume state LABEL=state { fs ext4 }\ngenerations state:/g keep=5\n",
     "volume state LABEL=state { fs ext4 }\ngenerations state:/g keep=weekly=2,monthly=3\n",
     "- generations: keep=5\n+ generations: keep=weekly=2,monthly=3\n"},
    /* Persist entries. */
    {STORE "dir /a\ndir /var/log mode=0700\n}\n",
     STORE "dir /var/log mode=0755\nfile /b owner=1 required=ignore\n}\n",
     "- dir /a:\n+ file /b: owner=1 required=ignore\n"
     "- dir /var/log: mode=0700\n+ dir /var/log: mode=0755\n"},
    {STORE "dir /a\n}\n", STORE "dir /a mode=0755 method=symlink\n}\n",
     "- dir /a: method=bind\n+ dir /a: mode=0755 method=symlink\n"},
    {STORE "dir /a\n}\n", STORE "file /a\n}\n", "- dir /a:\n+ file /a:\n"},
    {STORE "dir /a\n}\n", BASE "persist state:/other { dir /a }\n",
     "- dir /a: from=state:/persist/a\n+ dir /a: from=state:/other/a\n"},
    {STORE "}\n", STORE "home alice { dir .ssh }\n}\n", "+ dir /home/alice/.ssh: owner=alice\n"},
    /* Volumes, root, generations, rescue: a hash is nobody's business. */
    {BASE,
     "volume state LABEL=state { fs btrfs options=ro; luks tries=5; mount /persist }\n"
     "generations state:/generations default=2\n",
     "- generations: default=latest\n+ generations: default=2\n"
     "- volume state: fs=ext4\n"
     "+ volume state: fs=btrfs fs-options=ro luks=yes luks-tries=5\n"},
    {BASE, BASE "volume nix LABEL=nix { fs btrfs; mount /nix }\n",
     "+ volume nix: device=LABEL=nix fs=btrfs mount=/nix\n"},
    {BASE, BASE "root overlay size=50%\n",
     "- root: kind=tmpfs size=25%\n+ root: kind=overlay size=50%\n"},
    {BASE "rescue reboot after=5min\n", BASE "rescue wait shell='$6$salt$0123456789'\n",
     "- rescue: action=reboot after=5min shell=no\n"
     "+ rescue: action=wait after=30s shell=$6$...\n"},
    /* Secrets. */
    {BASE "secrets state:/s { key state:/k; secret a; secret b }\n",
     BASE "secrets state:/s { key state:/l; secret a mode=0440; whole w }\n"
          "template t /etc/t\n",
     "- key state:/k of state:/s:\n+ key state:/l of state:/s:\n"
     "- secret a: mode=0400\n+ secret a: mode=0440\n"
     "- secret b: file=state:/s key=b\n+ secret rendered/t: template=/etc/t\n"
     "+ secret w: file=state:/s\n"},
    /* Of hooks the order counts, too. */
    {BASE "hook after-root /a\nhook after-root /b\nhook before-switch /c\nmodule loop\n",
     BASE "hook before-switch /c timeout=1min\nhook after-root /b\nhook after-root /a\nkeymap de\n",
     "- hook after-root /a: number=1\n+ hook after-root /a: number=2\n"
     "- hook after-root /b: number=2\n+ hook after-root /b: number=1\n"
     "- hook before-switch /c: timeout=30s\n+ hook before-switch /c: timeout=1min\n"
     "+ keymap: name=de\n- module loop:\n"},
};

static struct config *load(const char *text, struct report *report)
{
    write_file("ebb.conf", text, strlen(text));
    struct config *config = config_load("ebb.conf", NULL, report);
    if (report->errors)
        fail_msg("%s: %s", text, report_first_error(report)->text);
    return config;
}

static void print(struct arena *arena, char sign, const struct meaning_thing *thing,
                  const struct meaning_thing *other, FILE *out)
{
    const char *text = thing ? meaning_text(arena, thing, other) : "";
    if (thing)
        fprintf(out, "%c %s:%s%s\n", sign, thing->head, *text ? " " : "", text);
}

static char *differences_of(const char *old_text, const char *new_text)
{
    char *text = NULL;
    size_t length, count = 0;
    auto_arena arena = arena_new();
    struct report report = {.arena = arena};
    struct meaning_difference *differences = NULL;
    struct meaning old, new;
    auto_config one = load(old_text, &report);
    auto_config other = load(new_text, &report);
    meaning_of(arena, one, &old);
    meaning_of(arena, other, &new);
    meaning_compare(&old, &new, &differences, &count);
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        print(arena, '-', differences[i].old, differences[i].new, out);
        print(arena, '+', differences[i].new, differences[i].old, out);
    }
    fclose(out);
    return text;
}

static void test_differences(void **state)
{
    (void)state; /* the scratch folder is the current one */
    begin();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        auto_string found = differences_of(cases[i].old, cases[i].new);
        if (strcmp(found, cases[i].differences) != 0)
            fail_msg("%s\n->\n%s:\n%s\nnot\n%s", cases[i].old, cases[i].new, found,
                     cases[i].differences);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_differences)};
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
