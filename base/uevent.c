#include "base/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

/* A coldplug on a large machine makes thousands of events while we sit in one slow driver. */
enum { RECEIVE_BUFFER = 4 * 1024 * 1024, KERNEL_GROUP = 1 };

static const char *after(const char *line, const char *key)
{
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? line + length : NULL;
}

/* "ACTION@PATH", then "KEY=VALUE" as often as needed, each ended by a zero. */
int uevent_parse(const char *message, size_t length, struct uevent *event)
{
    if (length == 0 || message[length - 1] != '\0')
        return -EBADMSG;
    const char *at = strchr(message, '@'), *end = message + length, *value;
    if (!at || at == message || at[1] != '/')
        return -EBADMSG;
    struct uevent parsed = {0};
    for (const char *line = message + strlen(message) + 1; line < end; line += strlen(line) + 1) {
        if ((value = after(line, "ACTION=")))
            parsed.action = value;
        else if ((value = after(line, "DEVPATH=")))
            parsed.path = value;
        else if ((value = after(line, "SUBSYSTEM=")))
            parsed.subsystem = value;
        else if ((value = after(line, "DEVNAME=")))
            parsed.name = value;
        else if ((value = after(line, "MODALIAS=")))
            parsed.modalias = value;
    }
    if (!parsed.action || !parsed.path)
        return -EBADMSG;
    *event = parsed;
    return 0;
}

int uevent_open(int *fd, struct error *error)
{
    auto_fd opened = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    if (opened < 0)
        return error_system(error, errno, "cannot listen to the kernel's device events");
    int size = RECEIVE_BUFFER;
    if (setsockopt(opened, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(opened, SOL_SOCKET, SO_RCVBUF, &size,
                         sizeof(size)); /* not root: a smaller buffer, and ENOBUFS is answered */
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
    if (bind(opened, (struct sockaddr *)&address, sizeof(address)) < 0)
        return error_system(error, errno, "cannot listen to the kernel's device events");
    *fd = TAKE_FD(opened);
    return 0;
}

int uevent_receive(int fd, char message[UEVENT_SIZE], struct uevent *event)
{
    struct sockaddr_nl sender = {0};
    struct iovec part = {.iov_base = message, .iov_len = UEVENT_SIZE};
    struct msghdr header = {
        .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = recvmsg(fd, &header, 0);
    if (length < 0)
        return -errno;
    /* Port 0 is the kernel's own; no program can send from it. */
    if (header.msg_namelen != sizeof(sender) || sender.nl_family != AF_NETLINK ||
        sender.nl_pid != 0 || header.msg_flags & MSG_TRUNC)
        return -EBADMSG;
    return uevent_parse(message, (size_t)length, event);
}
