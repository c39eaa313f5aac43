/* The checker of power cuts: it finds what is known to be wrong, and what is right passes. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"
#include "qemu-tests/cuts.h"
#include "qemu-tests/judges.h"
#include "vm/testing.h"
#include "vm/writes.h"

enum { CHOICES = 20 };

static const char configuration[] =
    "volume esp LABEL=EBB-ESP {\n    fs vfat\n    mount /efi\n}\n" SCENE_STATE
    "root tmpfs size=50%\n" SCENE_REST;

/* Brings an entry into the place of the only one there is; sync of a file is fsync(2). */
#define REPLACE(cure)                                                                              \
    "cd /efi/loader/entries && sed 's/^title/& New/' ebb.conf > ebb.tmp && sync ebb.tmp && "       \
    "mv ebb.tmp ebb.conf && " cure "sync ."

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

static void writes_in_any_order(void **state)
{
    (void)state; /* a folder of its own */
    struct error error;
    unsigned seen = 0;
    assert_int_equal(system("rm -rf build/qemu/cuts && mkdir -p build/qemu/cuts"), 0);
    assert_int_equal(chdir("build/qemu/cuts"), 0);
    auto_fd image = make_image(), log = make_log();
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
    assert_int_equal(chdir("../../.."), 0);
}

static void spoil_record(const char *image)
{
    char command[256];
    snprintf(command, sizeof(command), "LC_ALL=C sed -i 's/ebb-rec1/ebb-rec0/g' %s", image);
    assert_int_equal(system(command), 0);
}

static void known_faults_are_found(void **state)
{
    (void)state; /* one scene */
    struct error error;
    struct scene *scene = scene_new("cuts", configuration);
    struct esp esp = {.arena = scene->arena};
    struct cuts entries = {.judge = judge_entries, .context = &esp};
    struct cuts record = {.judge = judge_record, .choices = CHOICES};
    scene->setup.uefi = true;
    scene_make(scene);
    scene_boot(scene);
    scene_power_off(scene);
    vm_stop(TAKE_PTR(scene->vm));
    assert_int_equal(judge_learn(&esp, scene->disks[0].path, &error), 0);
    assert_int_equal(esp.count, 2);

    cuts_log(scene, 0, &entries);
    cuts_log(scene, 1, &record);
    scene_boot(scene);
    scene_run(scene, REPLACE("sync ebb.conf && "));
    entries.until = cuts_count(&entries);
    scene_run(scene, REPLACE(""));
    vm_power_cut(scene->vm);
    if (cuts_check(&entries, &error) < 0)
        fail_msg("%s", error.text);
    assert_true(entries.judged > 5);
    size_t good = entries.judged;
    entries.until = 0;
    assert_int_equal(cuts_check(&entries, &error), -ENOENT);
    print_message("found: %s\n", error.text);
    assert_true(entries.judged > good);
    assert_non_null(strstr(error.text, "no entry can be booted: "));

    if (cuts_check(&record, &error) < 0)
        fail_msg("%s", error.text);
    spoil_record(record.before);
    assert_int_equal(cuts_check(&record, &error), -EBADMSG);
    assert_string_equal(error.text, "before the first write: no slot of the record is whole");
    scene_end(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_in_any_order),
        cmocka_unit_test(known_faults_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
