/* Volumes that hold less than was declared, and what the boot goes on without. */

#include "persist/testing.h"

#include "persist/required.h"
#include "plan/kinds.h"

static void test_volumes(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"read-only, and there", "dir /a; file /b",
         "mkdir -p state/persist/a && echo old > state/persist/b && $remount,ro $PWD/state", NULL,
         "test $(cat root/b) = old && ! touch root/a/x 2>/dev/null"},
        {"read-only, and missing", "dir /a", "mkdir state/persist && $remount,ro $PWD/state",
         "cannot make \"state:/persist/a\": Read-only file system; mount the volume writable, "
         "or make it beforehand",
         "test ! -e root/a"},
        {"read-only, and its folder is missing", "dir /a/b", "$remount,ro $PWD/state",
         "on the volume \"state\": cannot make the folder \"/persist/a/b\": Read-only file system",
         "test ! -e root/a"},
        {"no inode is left", "dir /a", "mkdir state/persist && $remount,nr_inodes=2 $PWD/state",
         "cannot make \"state:/persist/a\": No space left on device; free some on the volume",
         "test ! -e root/a"},
        {"no inode is left for a file", "file /a",
         "mkdir state/persist && $remount,nr_inodes=2 $PWD/state",
         "cannot make \"state:/persist/a\": No space left on device; free some on the volume",
         "test ! -e root/a"},
        {"no inode is left, and there", "dir /a",
         "mkdir -p state/persist/a && $remount,nr_inodes=3 $PWD/state", NULL,
         "mountpoint -q root/a"},
        {"something is mounted under the name of what is half made", "dir /a",
         "mkdir -p state/persist/.ebb-new && mount -t tmpfs x $PWD/state/persist/.ebb-new &&"
         "echo x > state/persist/.ebb-new/x",
         "cannot make \"state:/persist/a\": Device or resource busy; unmount and remove "
         "\".ebb-new\" "
         "beside it",
         "test -f state/persist/.ebb-new/x && umount state/persist/.ebb-new &&"
         "rmdir state/persist/.ebb-new && test ! -e state/persist/a && test ! -e root/a"},
        /* As a hook may: what is mounted there comes back, but not with the folder above it. */
        {"something is mounted on the volume", "dir /a; dir /b",
         "mkdir -p state/persist/a state/persist/b/c && for i in a b/c; do"
         "    mount -t tmpfs x $PWD/state/persist/$i && echo x > state/persist/$i/x || exit 1; "
         "done",
         NULL,
         "test $(cat root/a/x) = x && test -d root/b/c && test ! -e root/b/c/x &&"
         "umount state/persist/a state/persist/b/c"},
        {"the new root is full", "file /a", "$remount,nr_inodes=1 $PWD/root",
         "in the new root: cannot make the file \"/a\" to bind on: No space left on device",
         "test -f state/persist/a"},
        {"one below the other, on two volumes, in any order",
         "dir /var/lib/x/y/z\n}\npersist data:/ {\ndir /var/lib/x mode=0700\n}\n"
         "persist state:/second {\ndir /var/lib/x/y",
         "true", NULL,
         "touch root/var/lib/x/1 root/var/lib/x/y/2 root/var/lib/x/y/z/3 && test -f "
         "data/var/lib/x/1 &&test -f state/second/var/lib/x/y/2 && test -f "
         "state/persist/var/lib/x/y/z/3 &&"
         /* the mount point of the inner one lies on the outer one */
         "test -d data/var/lib/x/y && test ! -e data/var/lib/x/y/2"},
        {"neighbours by name", "dir /a-b; dir /ab; dir /a.b; dir /a\n}\npersist data:/ {\ndir /a/b",
         "true", NULL, "touch root/a/b/x && test -f data/a/b/x && test ! -e state/persist/a/b/x"},
    };
    PLAY(scenarios);
}

/* Does all steps, and puts into `told` what each that the boot went on without said. */
static void apply_all(struct world *world, char *told, size_t size)
{
    size_t length = 0;
    *told = '\0';
    for (size_t i = 0; i < world->plan.count; i++) {
        struct error error = {0};
        const struct step *step = &world->plan.steps[i];
        int code = step_kinds[step->kind].apply(step, world->context, &error);
        if (code < 0)
            fail_msg("%s", error.text);
        assert_true(code == 0 || error.code > 0);
        if (code > 0)
            length += (size_t)snprintf(told + length, size - length, "%s\n", error.text);
    }
}

/* The boot goes on without it: told, and with nothing that looks as if it were kept. */
static const struct scenario without[] = {
    {"a folder", "dir /a required=degrade; dir /b required=degrade",
     "mkdir -p state/persist root/a && echo x > state/persist/a && echo default > root/a/x",
     "\"/a\" is declared as a folder, but \"state:/persist/a\" is a file; declare it as it is, "
     "or move it away\n",
     "test $(stat -c %a root/a) = 0 && test -z \"$(ls -A root/a)\" && mountpoint -q root/b &&"
     "! mkdir root/a/y 2>/dev/null && ! touch root/a/y 2>/dev/null && touch root/b/y"},
    {"a file", "file /etc/shadow required=degrade",
     "mkdir -p state/persist/etc/shadow root/etc && echo default > root/etc/shadow",
     "\"/etc/shadow\" is declared as a file, but \"state:/persist/etc/shadow\" is a folder; "
     "declare it as it is, or move it away\n",
     "test $(stat -c %a root/etc/shadow) = 0 && test ! -s root/etc/shadow &&"
     "! (echo x > root/etc/shadow) 2>/dev/null && ! mv ebb.conf root/etc/shadow 2>/dev/null &&"
     "umount root/etc/shadow && test $(cat root/etc/shadow) = default"},
    {"nothing was there", "file /a/b required=degrade",
     "mkdir -p state/persist && ln -s ../../outside state/persist/a",
     "on the volume \"state\": \"/persist/a/b\" leads through the symbolic link \"a\"; replace "
     "the link, or name the folder itself\n",
     "test $(stat -c %a root/a/b) = 0 && ! (echo x > root/a/b) 2>/dev/null"},
    {"the wrong kind of thing is in the generation", "dir /a required=degrade",
     "echo default > root/a", "in the new root: \"a\" in \"/a\" is not a folder\n",
     "test ! -s root/a && ! (echo x > root/a) 2>/dev/null"},
    {"it cannot be closed", "dir /home/eve/.ssh required=degrade",
     "mkdir root/home && ln -s $PWD/outside root/home/eve",
     "in the new root: \"/home/eve/.ssh\" leads through the symbolic link \"eve\"; replace the "
     "link, or name the folder itself; \"/home/eve/.ssh\" is not closed: in the new root: "
     "\"/home/eve/.ssh\" leads through the symbolic link \"eve\"; replace the link, or name "
     "the "
     "folder itself\n",
     "true"},
    {"a copy, and a link",
     "file /a method=copy required=degrade\n}\npersist data:/x {\n"
     "file /b method=symlink required=degrade",
     "mkdir -p state/persist/a data/x/b && echo default | tee root/a > root/b",
     "on the volume \"state\": \"/persist/a\" is declared as a file, but it is a folder; "
     "declare it "
     "as it is, or move it away\n"
     "\"/b\" is declared as a file, but \"data:/x/b\" is a folder; declare it as it is, or "
     "move "
     "it away\n",
     "for i in a b; do test $(stat -c %a root/$i) = 0 && test ! -s root/$i &&"
     "! (echo x > root/$i) 2>/dev/null || exit 1; done"},
    {"the volume is full",
     "dir /a required=degrade; dir /b required=degrade; file /c required=degrade",
     "mkdir -p " TREE "/b state/persist/a && head -c 900000 /dev/zero > " TREE "/b/x &&"
     "echo old | tee state/persist/a/old > state/persist/c && $remount,size=1000k $PWD/state",
     "\"state:/persist/b\" cannot begin as a copy of what the generation has there: No space "
     "left on device; free some on the volume, or declare seed=none\n",
     "test $(cat root/a/old root/c | tr '\n' -) = old-old- &&"
     "test \"$(ls -A state/persist | tr '\n' ' ')\" = 'a c ' &&"
     "test $(stat -c %a root/b) = 0 && ! touch root/b/x 2>/dev/null"},
    {"no inode is left",
     "dir /a required=degrade; dir /b required=degrade; file /c required=degrade;"
     "file /d required=degrade",
     "mkdir -p state/persist/a && echo old > state/persist/d && $remount,nr_inodes=4 "
     "$PWD/state",
     "cannot make \"state:/persist/b\": No space left on device; free some on the volume\n"
     "cannot make \"state:/persist/c\": No space left on device; free some on the volume\n",
     "mountpoint -q root/a && test $(cat root/d) = old &&"
     "test \"$(ls -A state/persist | tr '\n' ' ')\" = 'a d ' &&"
     "test $(stat -c %a root/b root/c | tr '\n' -) = 0-0- &&"
     "! touch root/b/x 2>/dev/null && ! (echo x > root/c) 2>/dev/null"},
    {"the volume is read-only",
     "dir /a required=degrade; dir /b/c required=degrade; file /d required=degrade",
     "mkdir -p state/persist/a && echo old > state/persist/d && $remount,ro $PWD/state",
     "on the volume \"state\": cannot make the folder \"/persist/b/c\": Read-only file "
     "system\n",
     "! touch root/a/x 2>/dev/null && test $(cat root/d) = old && test $(stat -c %a root/b/c) "
     "= "
     "0 && ! touch root/b/c/x 2>/dev/null"},
    {"it is not needed", "dir /a required=ignore; file /b required=ignore; dir /c",
     "mkdir -p state/persist/b root/a && echo x > state/persist/a && echo default > root/a/x",
     "\"/a\" is declared as a folder, but \"state:/persist/a\" is a file; declare it as it is, "
     "or move it away\n"
     "\"/b\" is declared as a file, but \"state:/persist/b\" is a folder; declare it as it is, "
     "or move it away\n",
     "test $(cat root/a/x) = default && touch root/a/y && test ! -e root/b &&"
     "mountpoint -q root/c"},
};

static void test_required(void **state)
{
    (void)state;
    need_namespace();
    for (size_t i = 0; i < ARRAY_LENGTH(without); i++) {
        struct world world;
        char told[2000];
        begin_world(&world, without[i].entries, without[i].scene);
        apply_all(&world, told, sizeof(told));
        assert_string_equal(told, without[i].message);
        for (size_t j = 0; j < world.plan.count; j++)
            assert_int_equal(required_degrades(&world.plan.steps[j]),
                             strstr(without[i].entries, "degrade") != NULL);
        if (!succeeds("%s", without[i].check))
            fail_msg("%s: %s", without[i].name, without[i].check);
        must_run("test \"$(find outside | tr '\\n' ' ')\" = 'outside outside/secret '");
        end_world(&world);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_volumes), TEST(test_required)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
