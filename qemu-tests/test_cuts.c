/* The checker of power cuts: it finds what is known to be wrong, and what is right passes. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/testdata/shell.h"

#include "base/path.h"
#include "base/run.h"
#include "generations/record.h"
#include "qemu-tests/cuts.h"
#include "qemu-tests/judges.h"
#include "vm/disk.h"
#include "vm/testing.h"
#include "vm/writes.h"

enum { CHOICES = 20, MANY_CHOICES = 500 };

static const char configuration[] =
    "volume esp LABEL=EBB-ESP {\n    fs vfat\n    mount /efi\n}\n" SCENE_STATE
    "root tmpfs size=50%\n" SCENE_REST;

/* Brings an entry into its place as vfat needs it, or as is usual elsewhere; sync of a file is
 * fsync(2). */
#define MAKE                                                                                       \
    "cd /efi/loader/entries && sed 's/^title/& New/' ebb.conf > ebb.tmp && sync ebb.tmp && "
#define PUT(name) MAKE "mv ebb.tmp " name " && sync " name " && sync ."
#define PUT_AS_USUAL(name) MAKE "mv ebb.tmp " name " && sync ."

/* The first sector may not have changed unless the second has; both may not be changed in part. */
static int judge_sectors(const char *image, void *count, struct error *error)
{
    char *text = NULL;
    struct error unread;
    assert_int_equal(path_read(AT_FDCWD, image, DISK, &text, NULL, &unread), 0);
    bool first = text[0] == 'a', second = text[SECTOR] == 'b';
    free(text);
    ++*(unsigned *)count;
    return first && !second ? error_set(error, EBADMSG, "the second one is missing") : 0;
}

static void enter_folder(void)
{
    must_run("rm -rf build/qemu/cuts && mkdir -p build/qemu/cuts");
    assert_int_equal(chdir("build/qemu/cuts"), 0);
}

static void leave_folder(void)
{
    assert_int_equal(chdir("../../.."), 0);
}

static void writes_in_any_order(void **state)
{
    (void)state; /* a folder of its own */
    struct error error;
    unsigned seen = 0;
    enter_folder();
    auto_fd log = make_log();
    close(make_image());
    append_head(log, LOG_MAGIC, 0);
    append_write(log, 1, 1, 0, "b");
    append_write(log, 0, 0, WRITE_FLUSH, "");
    append_write(log, 0, 1, 0, "a");
    append_write(log, 0, 0, WRITE_FLUSH, "");
    struct cuts cuts = {.before = "image",
                        .log = "log",
                        .judge = judge_sectors,
                        .context = &seen,
                        .choices = CHOICES};
    assert_int_equal(cuts_check(&cuts, &error), 0);
    assert_int_equal(cuts_count(&cuts), 4);
    assert_int_equal(seen, 3 + 2 * CHOICES);
    assert_int_equal(cuts.judged, seen);

    /* without the flush between them it depends on the drive, but not on the order */
    auto_fd other = make_log();
    append_head(other, LOG_MAGIC, 0);
    append_write(other, 1, 1, 0, "b");
    append_write(other, 0, 1, 0, "a");
    cuts.choices = 0;
    assert_int_equal(cuts_check(&cuts, &error), 0);
    cuts.choices = CHOICES;
    assert_int_equal(cuts_check(&cuts, &error), -EBADMSG);
    assert_string_equal(error.text,
                        "with some of the writes from 1 to 2: the second one is missing");

    auto_fd wrong = make_log();
    append_head(wrong, LOG_MAGIC, 0);
    append_write(wrong, 5, 1, 0, "x");
    append_write(wrong, 0, 1, 0, "a");
    append_write(wrong, 1, 1, 0, "b");
    cuts.choices = 0;
    assert_int_equal(cuts_check(&cuts, &error), -EBADMSG);
    assert_string_equal(error.text,
                        "after write 2 of 3, of 512 bytes at 0: the second one is missing");
    cuts.until = 1;
    assert_int_equal(cuts_check(&cuts, &error), 0);
    cuts.until = 0;
    cuts.every = 2; /* the first and the third */
    assert_int_equal(cuts_check(&cuts, &error), 0);
    assert_int_equal(cuts.judged, 3);
    cuts.from = 2;
    assert_int_equal(cuts_check(&cuts, &error), -EBADMSG);
    assert_string_equal(error.text, "before the first write: the second one is missing");
    leave_folder();
}

static void make_esp(const char *content)
{
    struct error error;
    (void)unlink("esp"); /* there may be none */
    const struct disk disk = {.path = "esp", .fs_type = "vfat", .content = content, .esp = true};
    if (disk_make(&disk, &error) < 0)
        fail_msg("%s", error.text);
}

static void judges_see_what_is_wrong(void **state)
{
    (void)state; /* a folder of its own */
    static const struct {
        const char *command, *objection;
    } rows[] = {
        {"cp ../ebb.conf loader/entries/other.conf && : > loader/entries/ebb.conf", NULL},
        {": > loader/entries/ebb.conf", "\"ebb.conf\" names nothing to boot"},
        {"head -c 999 ../kernel > EFI/ebb/kernel",
         "\"ebb.conf\": \"/EFI/ebb/kernel\" has 999 bytes"},
        {"rm EFI/ebb/image", "\"ebb.conf\": there is no \"/EFI/ebb/image\""},
        {"mv loader/entries/ebb.conf loader/entries/ebb.conf.tmp", "there is none"},
    };
    struct error error;
    auto_arena arena = arena_new();
    struct esp esp = {.arena = arena};
    enter_folder();
    must_run(
        "printf 'linux /EFI/ebb/kernel\ninitrd\t/EFI/ebb/image\n' > ebb.conf && seq 1000 > kernel"
        " && mkdir -p t/EFI/ebb t/loader/entries && cp ebb.conf t/loader/entries &&"
        " cp kernel t/EFI/ebb && echo image > t/EFI/ebb/image");
    make_esp("t");
    assert_int_equal(judge_learn(&esp, "esp", &error), 0);
    assert_int_equal(judge_entries("esp", &esp, &error), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        must_run("rm -rf u && cp -r t u && cd u && %s", rows[i].command);
        make_esp("u");
        int code = judge_entries("esp", &esp, &error);
        assert_int_equal(code, rows[i].objection ? -ENOENT : 0);
        if (rows[i].objection)
            assert_string_equal(
                error.text, arena_printf(arena, "no entry can be booted: %s", rows[i].objection));
    }
    leave_folder();
}

/* On vfat; on ext4 it is that of a machine (below). */
static void a_record_is_seen_on_vfat(void **state)
{
    (void)state; /* a folder of its own */
    struct error error;
    struct record record = {0};
    enter_folder();
    must_run("mkdir t");
    auto_fd volume = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_fd fd = record_open(volume, ".ebb/record", true, &error);
    assert_true(fd >= 0);
    make_esp("t");
    assert_int_equal(judge_record("esp", NULL, &error), -EBADMSG);
    assert_int_equal(record_write(fd, &record, &error), 0);
    make_esp("t");
    assert_int_equal(judge_record("esp", NULL, &error), 0);
    must_run("rm -r t/.ebb");
    make_esp("t");
    assert_int_equal(judge_record("esp", NULL, &error), -ENOENT);
    leave_folder();
}

static void assert_pass(struct cuts *cuts, size_t until, unsigned choices)
{
    struct error error;
    cuts->until = until;
    cuts->choices = choices;
    if (cuts_check(cuts, &error) < 0)
        fail_msg("%s", error.text);
    assert_true(cuts->judged > 2);
}

static void assert_found(struct cuts *cuts, size_t until, unsigned choices, const char *moment,
                         const char *sentence)
{
    struct error error;
    cuts->until = until;
    cuts->choices = choices;
    if (cuts_check(cuts, &error) == 0)
        fail_msg("nothing was found with %u choices in %zu disks", choices, cuts->judged);
    if (strncmp(error.text, moment, strlen(moment)) != 0 || !strstr(error.text, sentence))
        fail_msg("not \"%s ... %s\": %s", moment, sentence, error.text);
}

/* All of it in one boot: the log tells the parts of it from one another. */
static void check_entries(struct scene *scene, struct cuts *cuts)
{
    static const char none[] = ": no entry can be booted: \"ebb.conf\" needs 1 clusters and has 0";
    scene_run(scene, PUT("more.conf"));
    size_t beside = cuts_count(cuts);
    scene_run(scene, "cd /efi/loader/entries && rm more.conf && sync . && " PUT("ebb.conf"));
    size_t over = cuts_count(cuts);
    scene_run(scene, PUT_AS_USUAL("ebb.conf"));
    vm_power_cut(scene->vm);
    assert_pass(cuts, beside, CHOICES);
    assert_pass(cuts, over, 0);
    /* The clusters of the only entry are freed, and it names them, if the drive likes it so. */
    assert_found(cuts, over, MANY_CHOICES, "with some of the writes from ", none);
    assert_found(cuts, 0, 0, "after write ", none);
}

static void check_record(struct scene *scene, struct cuts *cuts)
{
    struct error error;
    assert_pass(cuts, 0, CHOICES);
    const char *commands =
        arena_printf(scene->arena, "cd .ebb\nrm record\nwrite %s/ebb.conf record\n", scene->folder);
    const char *const words[] = {"debugfs", "-w", "-f", "/dev/stdin", cuts->before, NULL};
    const struct run run = {.arguments = words, .package = "e2fsprogs", .input = commands};
    if (run_program(&run, NULL, &error) < 0)
        fail_msg("%s", error.text);
    assert_found(cuts, 0, 0, "before the first write: ", "no slot of the record is whole");
}

static void known_faults_are_found(void **state)
{
    (void)state; /* one scene */
    struct error error;
    struct scene *scene = scene_new("cuts", configuration);
    struct esp esp = {.arena = scene->arena};
    struct cuts entries = {.judge = judge_entries, .context = &esp},
                record = {.judge = judge_record};
    scene->setup.uefi = true;
    scene_make(scene);
    scene_boot(scene); /* makes the record */
    scene_power_off(scene);
    vm_stop(TAKE_PTR(scene->vm));
    if (judge_learn(&esp, scene->disks[0].path, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(esp.count, 2);
    cuts_log(scene, 0, &entries);
    cuts_log(scene, 1, &record);
    scene_boot(scene);
    check_entries(scene, &entries);
    check_record(scene, &record);
    scene_end(scene);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_in_any_order),
        cmocka_unit_test(judges_see_what_is_wrong),
        cmocka_unit_test(a_record_is_seen_on_vfat),
        cmocka_unit_test(known_faults_are_found),
    };
    if (count > 1)
        cmocka_set_test_filter(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
