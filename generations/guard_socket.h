/* What the guard and those who speak with it have agreed on. */
#ifndef EBB_GENERATIONS_GUARD_SOCKET_H
#define EBB_GENERATIONS_GUARD_SOCKET_H

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define GUARD_NAME "@ebb-guard"
#define GUARD_SOCKET "/run/ebb/guard"
#define GUARD_RELEASE "release" /* a number asks for so many seconds */
#define GUARD_DONE "!"          /* the answer to both, and the word of one that has begun */

static inline struct sockaddr_un guard_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return address;
}

#endif
