/* The end of file systems: leaves first, round by round. What stays busy is named, made read-only
 * and left. Whatever touches a disk is a child with a time limit. */
#ifndef EBB_INIT_UNMOUNT_H
#define EBB_INIT_UNMOUNT_H

#include <stdbool.h>

#include "base/error.h"

/* Milliseconds, as long as systemd gives one: what is not written yet may be much. */
enum { UNMOUNT_LIMIT = 90 * 1000 };

struct unmounting {
    const char *top; /* what is mounted on it or below it goes, but for the kernel's own folders */
    const char *const *kept; /* these stay, too, with what is below them; NULL-terminated */
    unsigned limit;          /* of each step that a disk may delay, in milliseconds */
    bool late; /* one took longer than its time: it is out of sight, and may be written still */
};

/* Unmounts what nothing is mounted below; `progress`: something was, so that another round may do
 * more. Returns how many are left, or -errno. */
int unmount_round(struct unmounting *unmounting, bool *progress, struct error *error);
/* Says who holds the leaves that the rounds have left, makes their file systems read-only, and
 * takes them out of the way. Returns how many could not be made read-only. */
unsigned unmount_give_up(const struct unmounting *unmounting);
/* Rounds until nothing is left. What is busy is told and detached, and stays writable: it may be
 * the disk of something that goes on, such as a loop device that the new root lies on. */
void unmount_or_detach(struct unmounting *unmounting);
/* At the end of a system: the same with devices in between, and with what stays busy given up.
 * True: everything is unmounted. What an init holds that has not executed us, and is not `is_init`,
 * goes only with the machine, so that it is read-only must do. */
bool unmount_all(struct unmounting *unmounting, bool is_init);
/* One mount, whatever is on its file system; -errno. */
int unmount_one(const char *target, unsigned limit);

#endif
