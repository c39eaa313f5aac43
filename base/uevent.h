/* What the kernel announces of devices, over netlink. Messages of other programs are not let in:
 * whoever believed one would load what that program likes. */
#ifndef EBB_BASE_UEVENT_H
#define EBB_BASE_UEVENT_H

#include <stddef.h>

#include "base/error.h"

/* All point into the message; NULL where the message does not say. */
struct uevent {
    const char *action;    /* "add", "remove", "change", "bind" ... */
    const char *path;      /* below /sys, "/devices/..." */
    const char *subsystem; /* "block" */
    const char *name;      /* below /dev, "vda1" */
    const char *modalias;
};

/* The kernel composes a message in 2 KiB, with the path once more in front. */
enum { UEVENT_SIZE = 8192 };

/* Takes a message apart. -EBADMSG: not a message of the kernel. */
int uevent_parse(const char *message, size_t length, struct uevent *event);

/* Everything announced from now on waits in the socket until it is received. */
int uevent_open(int *fd, struct error *error);
/* Waits for an event. -ENOBUFS: some were lost, look at /sys again; -EBADMSG: ignore it. */
int uevent_receive(int fd, char message[UEVENT_SIZE], struct uevent *event);

#endif
