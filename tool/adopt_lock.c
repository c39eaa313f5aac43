/* Package managers, which must not run while their system is adopted. */
#include "tool/adopting.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const struct {
    const char *path, *program;
    bool exists; /* while the program runs; else it is locked then */
} locks[ADOPT_LOCKS] = {
    {"/var/lib/dpkg/lock-frontend", "apt", false},     {"/var/lib/dpkg/lock", "dpkg", false},
    {"/usr/lib/sysimage/rpm/.rpm.lock", "rpm", false}, {"/var/lib/rpm/.rpm.lock", "rpm", false},
    {"/var/lib/pacman/db.lck", "pacman", true},
};

int adopt_lock(struct target root, int held[static ADOPT_LOCKS], struct error *error)
{
    for (size_t i = 0; i < ADOPT_LOCKS; i++) {
        /* Of the open file, for one of the process would end when the copy closes the file. */
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        held[i] = path_open_in_root(root.fd, locks[i].path, O_RDWR | O_NONBLOCK | O_NOCTTY);
        bool runs = held[i] >= 0 && (locks[i].exists || (fcntl(held[i], F_OFD_SETLK, &lock) < 0 &&
                                                         (errno == EAGAIN || errno == EACCES)));
        if (runs)
            return error_set(error, EBUSY,
                             "%s is at work in this system, as \"%s%s\" says; wait until it is "
                             "done, or end it",
                             locks[i].program, root.name, locks[i].path);
    }
    return 0;
}
