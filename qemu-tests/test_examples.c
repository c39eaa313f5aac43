/* Whole machines as people keep them: what examples/workstation.conf and examples/server.conf
 * declare comes back in the second boot of a Debian, with its content, owner and mode, and nothing
 * else does. What is expected is derived from the configuration. */

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"
#include "persist/machine_id.h"
#include "qemu-tests/scene.h"

/* Each writes the lines of one entry. */
typedef void line_writer(const struct config *config, const struct persist_entry *entry, FILE *out);

static const char *write_lines(const struct scene *scene, line_writer *write)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    for (size_t i = 0; i < scene->config->entry_count; i++)
        write(scene->config, scene->config->entries[i], out);
    fclose(out);
    const char *copy = arena_copy(scene->arena, text, length);
    free(text);
    return copy;
}

static const char *account(const char *name)
{
    return strcmp(name, "0") == 0 ? "root" : name;
}

/* Its owner and mode, its path, and the same on its volume, between tabs. */
static void write_declared(const struct config *config, const struct persist_entry *entry,
                           FILE *out)
{
    (void)config; /* the entry says it all */
    /* Debian gives every user a group of the same name. */
    const char *group = entry->group ? entry->group : entry->home->user;
    fprintf(out, "%s:%s %o\t%s\t%s%s\n", account(entry->owner), account(group),
            machine_id_is(entry) ? 0444 : (unsigned)entry->mode, entry->target,
            entry->store->volume->mount, entry->source);
}

/* The file that proves that it came back; in two of them the system keeps what only it knows. */
static void write_filled(const struct config *config, const struct persist_entry *entry, FILE *out)
{
    (void)config; /* as above */
    if (entry->method != METHOD_COPY && !machine_id_is(entry) &&
        strcmp(entry->target, "/var/lib/systemd/random-seed") != 0)
        fprintf(out, "%s%s\n", entry->target, entry->kind == PERSIST_DIR ? "/content" : "");
}

/* The same of those that a program may replace. */
static void write_replaced(const struct config *config, const struct persist_entry *entry,
                           FILE *out)
{
    (void)config; /* as above */
    if (entry->method == METHOD_COPY)
        fprintf(out, "%s\n", entry->target);
}

/* A file beside it that nobody declared, if that place does not persist. */
static void write_stray(const struct config *config, const struct persist_entry *entry, FILE *out)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(entry->target, '/') - entry->target),
             entry->target);
    for (size_t i = 0; i < config->entry_count; i++)
        if (path_is_within(folder, config->entries[i]->target))
            return;
    fprintf(out, "%s/stray\n", folder);
}

/* For systemd-sysusers(8), which passes over those that are there. */
static void write_users(const struct config *config, const struct persist_entry *entry, FILE *out)
{
    (void)config; /* as above */
    fprintf(out, "u %s -\ng %s -\n", account(entry->owner),
            account(entry->group ? entry->group : entry->home->user));
}

static void write_file(const struct scene *scene, const char *path, const char *text)
{
    struct error error;
    const char *whole = arena_printf(scene->arena, "%s%s", scene->setup.tree, path);
    if (path_write(AT_FDCWD, whole, text, strlen(text), 0644, &error) < 0)
        fail_msg("%s", error.text);
}

/* The users of packages that this Debian does not have. The late one is made by every boot anew, as
 * the generation does not know it. */
static void add_users(const struct scene *scene, const char *late)
{
    const char *users = "/usr/lib/sysusers.d/known.conf";
    write_file(scene, "/usr/lib/sysusers.d/late.conf",
               arena_printf(scene->arena, "u %s 900\n", late));
    write_file(scene, users, write_lines(scene, write_users));
    const char *command = arena_printf(scene->arena,
                                       "sed -i '/ %s /d' %s%s &&"
                                       "SYSTEMD_LOG_LEVEL=warning chroot %s systemd-sysusers %s",
                                       late, scene->setup.tree, users, scene->setup.tree, users);
    if (system(command) != 0) /* NOLINT(cert-env33-c): the words are ours */
        fail_msg("cannot add users to \"%s\": %s", scene->setup.tree, command);
}

/* What the guest works with: lists in /run, which is made anew at every boot. */
static void send_lists(struct scene *scene)
{
    const struct {
        const char *name;
        line_writer *write;
    } lists[] = {{"declared", write_declared},
                 {"filled", write_filled},
                 {"replaced", write_replaced},
                 {"strays", write_stray}};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        scene_run(scene, arena_printf(scene->arena, "sort -u > /run/%s <<'EOF'\n%sEOF",
                                      lists[i].name, write_lines(scene, lists[i].write)));
}

/* Every file has its own path as its content. */
static void fill(struct scene *scene)
{
    scene_run(scene,
              "set -e; while read -r path; do echo \"$path\" > \"$path\"; done < /run/filled;"
              "while read -r path; do echo lost > \"$path\"; done < /run/strays;"
              "useradd stray");
    scene_run(scene, "runuser -u alice -- sh -c 'set -e; umask 077; while read -r path; do"
                     " echo \"$path\" > \"$path.new\"; mv \"$path.new\" \"$path\"; done'"
                     " < /run/replaced");
}

/* At its path, and on the volume that it is declared for; diff tells what is not so. */
static void expect_owners_and_modes(struct scene *scene)
{
    for (int column = 2; column <= 3; column++)
        scene_run(scene, arena_printf(scene->arena,
                                      "cd /run && cut -f%d declared | xargs -d '\\n' stat"
                                      " --printf '%%U:%%G %%a\\t%%n\\n' > found;"
                                      "cut -f1,%d declared | diff - found",
                                      column, column));
}

static void expect_contents(struct scene *scene)
{
    scene_run(scene, "cd /run && cat filled replaced | xargs -d '\\n' grep -H '' > found;"
                     "cat filled replaced | sed 's/.*/&:&/' | diff - found");
    assert_string_equal(
        scene_run(scene, "xargs -d '\\n' ls -d < /run/strays 2>/dev/null; getent passwd stray;"
                         "true"),
        "");
}

/* The strays would be lost, and nothing of what was declared. */
static void expect_lost(struct scene *scene)
{
    assert_string_equal(scene_run(scene, "cat /run/filled /run/replaced |"
                                         "xargs -d '\\n' ebb lost --all"),
                        "nothing would be lost");
    assert_string_equal(
        scene_run(scene, "xargs -d '\\n' ebb lost --all < /run/strays | grep -o 'in .* would'"),
        scene_run(scene, "echo in $(wc -l < /run/strays) files would"));
}

static void expect_a_whole_boot(struct scene *scene)
{
    const struct config *config = scene->config;
    scene_expect_all_is_well(scene);
    scene_run(scene, "ebb status > /run/status");
    assert_string_equal(
        scene_run(scene, "sed -n '1s/.*: //p; /^entries/p' /run/status"),
        arena_printf(scene->arena, "whole\nentries: %zu restored, 0 skipped", config->entry_count));
    for (size_t i = 0; i < config->volume_count; i++)
        scene_run(scene,
                  arena_printf(scene->arena, "grep -E '^  %s: /dev/.*, ext4, on %s$' /run/status",
                               config->volumes[i]->name, config->volumes[i]->mount));
    /* The end of the boot before left no journal to be replayed. */
    assert_string_equal(scene_run(scene, "dmesg | grep 'EXT4-fs.*recover'; true"), "");
}

/* Of the owner `late`, the generation does not know: what waits for them is at `place`. */
static void comes_back(const char *name, const char *file, const char *late, const char *place)
{
    scene_need_debian();
    struct scene *scene = scene_of_file(name, file);
    scene_install_debian(scene);
    add_users(scene, late);
    scene_make(scene);
    scene->request.passphrase = SCRATCH_PASSPHRASE;
    scene_boot(scene);
    expect_a_whole_boot(scene);
    scene_run(scene,
              arena_printf(scene->arena, "grep -q '\"%s\"' /run/tmpfiles.d/ebb.conf", place));
    send_lists(scene);
    fill(scene);
    expect_owners_and_modes(scene);
    expect_lost(scene);
    const char *identity = scene_run(scene, "cat /etc/machine-id");

    scene_reboot(scene);
    expect_a_whole_boot(scene);
    send_lists(scene);
    expect_owners_and_modes(scene);
    expect_contents(scene);
    assert_string_equal(scene_run(scene, "cat /etc/machine-id"), identity);
    scene_power_off(scene);
    scene_end(scene);
}

static void a_workstation(void **state)
{
    (void)state; /* one scene */
    comes_back("workstation", "examples/workstation.conf", "fwupd-refresh", "/var/lib/fwupd");
}

static void a_server(void **state)
{
    (void)state; /* one scene */
    comes_back("server", "examples/server.conf", "grafana", "/var/lib/grafana");
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workstation),
        cmocka_unit_test(a_server),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
