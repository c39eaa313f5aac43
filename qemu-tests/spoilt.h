/* A state volume with many generations, of which one can be booted. It is made once; each case gets
 * a copy, and spoils it. */
#ifndef EBB_QEMU_TESTS_SPOILT_H
#define EBB_QEMU_TESTS_SPOILT_H

#include "qemu-tests/scene.h"

#define STATE_UUID "5ce0e000-0000-4000-8000-00000000000a"
#define ROOT "root tmpfs size=50%\n"
#define PERSIST                                                                                    \
    "persist state:/persist {\n"                                                                   \
    "    dir  /srv/data\n"                                                                         \
    "    dir  /var/spool/queue\n"                                                                  \
    "    file /etc/adjtime\n"                                                                      \
    "}\n"
#define KEPT "/persist/srv/data/precious"

enum { GOOD = 1, CUT_OFF, WITHOUT_INIT, NOT_EXECUTABLE, WITHOUT_SHELL, WITHOUT_LOADER, LARGE };

/* Where "state.img" lies, that volume. */
extern const char *spoilt_folder;

/* For the group of tests. */
int spoilt_make(void **state);
int spoilt_remove(void **state);

/* Writes a file below a folder, with its parents. */
void spoilt_put(int folder, const char *path, const void *data, size_t length, mode_t mode);
/* Runs commands of debugfs on an image, which may complain of them. */
void spoilt_change(const char *image, const char *commands, bool may_complain);
/* What was on the volume is there, and nothing needs to be recovered. */
void spoilt_expect_kept(const char *image);

#endif
