/* An entry that begins as a copy of the generation, cut off wherever it may be: under its own name
 * there is nothing, or the whole of it; and the next boot ends with the whole of it. */

#include "persist/testing.h"

#include <sys/xattr.h>

#include "base/testdata/cut.h"

/* A tree, a file, and a file in a home, whose folders above it are made with it. */
static const char entries[] =
    "dir /srv/tree; file /etc/note owner=7 mode=0640; home alice { file .config/x }";
#define PLACES "srv/tree etc/note home/alice/.config/x"

static const char scene[] =
    "mkdir -p " TREE " && cd " TREE " && mkdir -p etc home/alice/.config srv/tree/d/e && "
    "echo alice:x:1000:100::/home/alice: > etc/passwd && head -c 70000 /dev/urandom > etc/note &&"
    "echo x > home/alice/.config/x && cd srv/tree && echo key > key && chmod 600 key &&"
    "chown 5:6 key && ln key d/other && ln -s ../key d/link && : > d/e/empty &&"
    "head -c 5000 /dev/urandom > hole && truncate -s 3M hole && echo end >> hole &&"
    "echo name > \"$(printf 'a\\nb \\377')\" && touch -d @7 key d/e && chmod 2711 d && chown 8:9 d";

/* Every thing below a folder, on a line or two; the sizes and times of folders change with what is
 * in them. What is half made is left out. */
static const char describe[] =
    "cd \"$1\" && { find . -name .ebb-new -prune -o -type d -printf '%P %y %m %U:%G\\n' -o"
    "    -printf '%P %y %m %U:%G %n %s %T@ %l\\n';"
    "find . -name .ebb-new -prune -o -type f -exec sha1sum {} + | sed 's,\\(.*\\)  ./\\(.*\\),\\2 "
    "\\1,'; } | sort\n";

/* What is there is as it will be, and what has its name is whole. */
static const char check[] =
    "sh describe state/persist > found && ! comm -23 found expected | grep -a . || exit 1\n"
    "for place in " PLACES "; do\n"
    "    if test -e state/persist/$place; then\n"
    "        grep -a \"^$place\" expected > wanted\n"
    "        grep -a \"^$place\" found | cmp - wanted || exit 1\n"
    "    fi\n"
    "done\n";

/* The root is memory, and gone. */
#define LOSE_ROOT "for place in " PLACES "; do umount root/$place 2>/dev/null; done; rm -rf root/*"

static int boot(void *argument)
{
    struct error error;
    return apply(argument, &error);
}

static bool has_attribute(void)
{
    char value[8];
    return getxattr("state/persist/srv/tree/key", "user.note", value, sizeof(value)) == 5;
}

static bool is_there(void)
{
    return access("state/persist/srv/tree", F_OK) == 0;
}

static void test_cuts(void **state)
{
    (void)state;
    need_namespace();
    if (!has_users)
        skip_because("only root may map more users than one");
    struct world world;
    begin_world(&world, entries, scene);
    bool noted = setxattr(TREE "/srv/tree/key", "user.note", "noted", 5, 0) == 0;
    put("describe", describe);
    put("check", check);
    must_run("mkdir -p state/persist && touch state/neighbour && sh describe state > before");
    assert_int_equal(boot(&world), 0);
    /* Against the generation first, but for what is declared otherwise. */
    must_run("sh describe state/persist > expected && sh describe " TREE "/srv/tree > tree &&"
             "sh describe root/srv/tree | cmp - tree && test $(wc -l < tree) -ge 10 &&"
             "cmp root/etc/note " TREE "/etc/note &&"
             "test $(stat -c %%u:%%a state/persist/etc/note) = 7:640 &&"
             "test $(stat -c %%u:%%g:%%a root/home/alice/.config | tr '\\n' -) = 1000:100:700- &&"
             "test $(stat -c %%b state/persist/srv/tree/hole) -lt 1000");
    bool over = false;
    unsigned calls = 0, different = 0;
    auto_string last = output_of("true");
    for (; !over; calls++) {
        must_run(LOSE_ROOT "; rm -rf state/persist && mkdir state/persist");
        over = cut_off(boot, &world, calls);
        /* Most calls change nothing on the volume: what comes after them was seen already. */
        auto_string now = output_of("find state/persist -printf '%%p %%y %%m %%U:%%G %%n %%s\\n'");
        if (strcmp(now, last) == 0 && !over)
            continue;
        free(last);
        last = TAKE_PTR(now);
        different++;
        if (!succeeds("sh check") || (noted && is_there() && !has_attribute()))
            fail_msg("cut off after %u calls, half an entry has its name", calls);
        must_run(LOSE_ROOT);
        assert_int_equal(boot(&world), 0);
        if (!succeeds("test -z \"$(find state -name .ebb-new)\" &&"
                      "sh describe state/persist | cmp - expected") ||
            (noted && !has_attribute()))
            fail_msg("cut off after %u calls, the entry is not whole at the next boot", calls);
    }
    must_run(LOSE_ROOT "; rm -r state/persist/* && sh describe state | cmp - before");
    assert_true(different > 40);
    end_world(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_scratch, leave_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_cuts)};
    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
