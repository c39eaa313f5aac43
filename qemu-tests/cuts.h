/* Power cuts at all moments of a boot: the disk as it was before, with the first writes of that
 * boot, one more each time, is shown to a judge. With `choices`, so are disks which got any of the
 * writes between two flushes, and some of those in part: drives have caches.
 *
 *     cuts_log(scene, 1, &cuts);    before the machine is started
 *     scene_boot(scene); ...; vm_power_cut(scene->vm);
 *     cuts_check(&cuts, &error);
 */
#ifndef EBB_QEMU_TESTS_CUTS_H
#define EBB_QEMU_TESTS_CUTS_H

#include "qemu-tests/scene.h"

/* Returns 0, or -errno with the sentence that says what does not hold. */
typedef int (*cuts_judge)(const char *image, void *context, struct error *error);

struct cuts {
    const char *before; /* a copy of the disk from before the boot */
    const char *log;    /* of its writes */
    cuts_judge judge;
    void *context;
    size_t from;      /* so many writes are there, and not looked at */
    size_t until;     /* so many writes are looked at; 0: all */
    size_t every;     /* one of so many of them is shown; 0: all */
    unsigned choices; /* after each flush; 0: none */
    unsigned seed;    /* of the choices: the same one makes the same */
    size_t judged;    /* how many disks were shown to the judge */
};

/* Has the machine, which has not been started yet, log what it writes to a disk. */
void cuts_log(struct scene *scene, size_t disk, struct cuts *cuts);
/* How many writes there are so far. */
size_t cuts_count(const struct cuts *cuts);
/* -errno of the judge, whose sentence then begins with the write behind which it failed. */
int cuts_check(struct cuts *cuts, struct error *error);

#endif
