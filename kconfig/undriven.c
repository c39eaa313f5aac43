#include "kconfig/undriven.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "kconfig/devices.h"

/* What a modalias begins with, and what it has in it (the class of a device, or of a USB
 * interface). The first row that fits says the kind. */
static const struct {
    const char *bus, *has, *kind;
} kinds[] = {
    {"pci:", "bc01sc04", "RAID controller"},
    {"pci:", "bc01sc06", "SATA controller"},
    {"pci:", "bc01sc08", "NVMe disk"},
    {"pci:", "bc01", "disk controller"},
    {"pci:", "bc0Csc03", "USB controller"},
    {"pci:", "bc08sc05", "SD card reader"},
    {"virtio:d00000002v", "", "virtio disk"},
    {"virtio:d00000008v", "", "virtio disk controller"},
    {"scsi:t-0x00", "", "SCSI disk"},
    {"usb:", "ic08", "USB disk"},
    {"usb:", "ic03", "USB keyboard or the like"},
    {"hid:", "", "keyboard or the like"},
    {"mmc:", "", "SD card or eMMC"},
    {"xen:vbd", "", "Xen disk"},
    {"vmbus:d96361baa104294db60572e2ffb1dc7f", "", "Hyper-V disk controller"},
};

struct search {
    const struct modules *modules;
    FILE *stream;
};

static const char *kind_of(const char *modalias)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strncmp(modalias, kinds[i].bus, strlen(kinds[i].bus)) == 0 &&
            strstr(modalias, kinds[i].has))
            return kinds[i].kind;
    return NULL;
}

/* Up to where it tells the vendor and the model; what follows fills a row and helps nobody. */
static size_t length_of(const char *modalias)
{
    enum { USB = sizeof("usb:v0000p0000") - 1, MOST = 40 };
    size_t length = strlen(modalias);
    const char *end = strncmp(modalias, "pci:", 4) == 0 ? strstr(modalias, "sv") : NULL;
    if (end)
        return (size_t)(end - modalias);
    if (strncmp(modalias, "usb:", 4) == 0 && length > USB)
        return USB;
    return length < MOST ? length : MOST;
}

static void tell(const char *device, const char *modalias, void *data)
{
    const struct search *search = data;
    const char *kind = kind_of(modalias);
    char driver[PATH_MAX];
    if (!kind || snprintf(driver, sizeof(driver), "%s/driver", device) >= (int)sizeof(driver) ||
        access(driver, F_OK) == 0 || (search->modules && modules_serve(search->modules, modalias)))
        return;
    fprintf(search->stream, "  %.*s  %s\n", (int)length_of(modalias), modalias, kind);
}

void undriven_print(const char *sysfs, const struct modules *modules, FILE *stream)
{
    devices_visit(sysfs, tell, &(struct search){modules, stream});
}
