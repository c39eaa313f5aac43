#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/uevent.h"

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *message; /* with "|" for each zero */
        const char *expected;
    } cases[] = {
        {"add@/devices/x|ACTION=add|DEVPATH=/devices/x|SUBSYSTEM=pci|MODALIAS=pci:v1|SEQNUM=12|",
         "add /devices/x pci - pci:v1"},
        {"remove@/d|DEVPATH=/d|ACTION=remove|SUBSYSTEM=block|DEVNAME=vda1|",
         "remove /d block vda1 -"},
        {"add@/d|ACTION=add|DEVPATH=/d|", "add /d - - -"},
        {"add@/d|ACTION=add|DEVPATH=/d|MODALIAS=|", "add /d - - "},
        {"add@/d|ACTION=add|DEVPATH=/d|XMODALIAS=a||MODALIASES=b|novalue|", "add /d - - -"},
        /* of udevd, and of nobody */
        {"libudev|\xfe\xed\xca\xfe|ACTION=add|DEVPATH=/d|", "bad"},
        {"add@/d|", "bad"},
        {"add@/d|ACTION=add|", "bad"},
        {"add@/d|DEVPATH=/d|", "bad"},
        {"@/d|ACTION=add|DEVPATH=/d|", "bad"},
        {"add@d|ACTION=add|DEVPATH=/d|", "bad"},
        {"add|ACTION=add|DEVPATH=/d|", "bad"},
        {"|", "bad"},
        {"", "bad"},
        /* cut off */
        {"add@/d|ACTION=add|DEVPATH=/d|MODALIAS=pci", "bad"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct uevent event;
        char message[200], text[200] = "bad";
        size_t length = strlen(strcpy(message, cases[i].message));
        for (char *at = message; (at = strchr(at, '|'));)
            *at++ = '\0';
        int code = uevent_parse(message, length, &event);
        if (code == 0)
            snprintf(text, sizeof(text), "%s %s %s %s %s", event.action, event.path,
                     or_none(event.subsystem), or_none(event.name), or_none(event.modalias));
        else
            assert_int_equal(code, -EBADMSG);
        assert_string_equal(text, cases[i].expected);
    }
}

/* In a network of our own, where nobody else makes events and we may send what we like. */
static void test_receive(void **state)
{
    (void)state;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
        if (getenv("MUST_WORK"))
            fail_msg("MUST_WORK: namespaces are forbidden here");
        print_message("SKIP: namespaces are forbidden here\n");
        skip();
    }
    auto_fd events = -1;
    struct error error;
    assert_int_equal(uevent_open(&events, &error), 0);

    /* Somebody pretends to be the kernel. */
    struct sockaddr_nl address = {0};
    socklen_t size = sizeof(address);
    assert_int_equal(getsockname(events, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(address.nl_groups, 1);
    auto_fd forger = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    static const char forged[] = "add@/d\0ACTION=add\0DEVPATH=/d\0MODALIAS=evil";
    address.nl_groups = 0;
    assert_int_equal(
        sendto(forger, forged, sizeof(forged), 0, (struct sockaddr *)&address, sizeof(address)),
        sizeof(forged));
    /* The kernel itself. */
    auto_fd network = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq rename = {.ifr_name = "lo", .ifr_newname = "ebb0"};
    assert_int_equal(ioctl(network, SIOCSIFNAME, &rename), 0);

    char message[UEVENT_SIZE];
    struct uevent event;
    assert_int_equal(uevent_receive(events, message, &event), -EBADMSG);
    assert_int_equal(uevent_receive(events, message, &event), 0);
    assert_string_equal(event.action, "move");
    assert_string_equal(event.path, "/devices/virtual/net/ebb0");
    assert_string_equal(event.subsystem, "net");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse),
                                       cmocka_unit_test(test_receive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
