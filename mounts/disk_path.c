#include "mounts/disk_path.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mounts/sysfs.h"

/* How a disk hangs on its PCI device. Everything above that device is left out, and so is what the
 * kernel puts between the two without a number that lasts, such as "virtio1". */
struct way {
    char pci[80];         /* "0000:00:1f.2" */
    char usb[64];         /* "1.2:1.0" of "1-1.2:1.0": the number of the bus may change */
    char ata[16];         /* "ata1" */
    unsigned scsi[4];     /* host, bus, target, unit */
    bool has_scsi, other; /* other: a transport whose names are not known here */
    char host[PATH_MAX];  /* the folder of the SCSI host */
};

/* How long the address of a PCI device is that `text` begins with, 0 for none. */
static size_t pci_length(const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t domain = strspn(text, hex);
    const char *rest = text + domain;
    bool is_address = domain >= 4 && rest[0] == ':' && strspn(rest + 1, hex) == 2 &&
                      rest[3] == ':' && strspn(rest + 4, hex) == 2 && rest[6] == '.' &&
                      rest[7] >= '0' && rest[7] <= '7';
    return is_address ? domain + 8 : 0;
}

/* A bridge may have a bus of its own behind it, with addresses of another domain (Intel VMD): then
 * both ways count. */
static bool note_pci(struct way *way, const char *part)
{
    size_t length = strlen(way->pci), last = length;
    while (last > 0 && way->pci[last - 1] != '-')
        last--;
    if (strncmp(part, "pci", 3) == 0 && strchr(part, ':')) {
        if (length)
            snprintf(way->pci + length, sizeof(way->pci) - length, "-pci-");
        return true;
    }
    if (!pci_length(part) || part[pci_length(part)])
        return false;
    snprintf(way->pci + last, sizeof(way->pci) - last, "%.20s", part);
    return true;
}

static void note_part(struct way *way, const char *part, const char *so_far)
{
    static const char *const others[] = {"rport-", "end_device-", "session", "vmbus", "VMBUS"};
    unsigned bus, *scsi = way->scsi;
    char rest;
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        way->other |= strncmp(part, others[i], strlen(others[i])) == 0;
    if (note_pci(way, part))
        return;
    if (sscanf(part, "ata%u%c", &bus, &rest) == 1)
        snprintf(way->ata, sizeof(way->ata), "%.15s", part);
    else if (sscanf(part, "host%u%c", &bus, &rest) == 1)
        snprintf(way->host, sizeof(way->host), "%s", so_far);
    else if (sscanf(part, "%u:%u:%u:%u%c", &scsi[0], &scsi[1], &scsi[2], &scsi[3], &rest) == 4)
        way->has_scsi = true;
    else if (strchr(part, '-') && sscanf(part, "%u-%u%c", &bus, &bus, &rest) >= 2)
        snprintf(way->usb, sizeof(way->usb), "%.63s", strchr(part, '-') + 1);
}

/* The folder of the device, without what is made of several controllers for one disk. */
static bool find_folder(const char *name, char folder[PATH_MAX])
{
    char path[300];
    unsigned controller;
    snprintf(path, sizeof(path), "/sys/class/block/%s", name);
    if (!realpath(path, folder))
        return false;
    if (strstr(folder, "/nvme-subsystem/") && sscanf(name, "nvme%un", &controller) == 1) {
        snprintf(path, sizeof(path), "/sys/class/nvme/nvme%u", controller);
        if (!realpath(path, folder))
            return false;
    }
    return !strstr(folder, "/virtual/");
}

static bool find_way(const char *name, struct way *way)
{
    char folder[PATH_MAX], so_far[PATH_MAX];
    *way = (struct way){0};
    if (!find_folder(name, folder))
        return false;
    for (const char *part = folder + 1; *part; part += strspn(part, "/")) {
        char own[NAME_MAX + 1];
        size_t length = strcspn(part, "/");
        snprintf(own, sizeof(own), "%.*s", (int)length, part);
        part += length;
        snprintf(so_far, sizeof(so_far), "%.*s", (int)(part - folder), folder);
        note_part(way, own, so_far);
    }
    return *way->pci && !way->other;
}

/* The kernel counts hosts over the whole machine; the smallest of a controller counts as 0. */
static unsigned first_host(const char *host)
{
    char folder[PATH_MAX];
    unsigned first = UINT_MAX, number;
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(host, '/') - host), host);
    auto_dir siblings = opendir(folder);
    for (struct dirent *entry; siblings && (entry = readdir(siblings));)
        if (sscanf(entry->d_name, "host%u", &number) == 1 && number < first)
            first = number;
    return first;
}

/* A port that was multiplied tells its disks apart by the bus, others by the target; older links
 * by neither. */
static bool ends_in_ata(const struct way *way, const char *rest)
{
    char port[20], wanted[60];
    const char *end = strrchr(way->host, '/');
    if (!end || !sysfs_line(port, sizeof(port), "%.*s/ata_port/%s/port_no", (int)(end - way->host),
                            way->host, way->ata))
        return false;
    snprintf(wanted, sizeof(wanted), "-ata-%s", port);
    if (strcmp(rest, wanted) == 0)
        return true;
    if (way->scsi[1])
        snprintf(wanted, sizeof(wanted), "-ata-%s.%u.0", port, way->scsi[1]);
    else
        snprintf(wanted, sizeof(wanted), "-ata-%s.%u", port, way->scsi[2]);
    return strcmp(rest, wanted) == 0;
}

static bool ends_in_scsi(const struct way *way, const char *rest)
{
    char wanted[200];
    snprintf(wanted, sizeof(wanted), "%s%s-scsi-%u:%u:%u:%u", *way->usb ? "-usb-0:" : "", way->usb,
             way->scsi[0] - first_host(way->host), way->scsi[1], way->scsi[2], way->scsi[3]);
    return strcmp(rest, wanted) == 0;
}

static bool ends_in_nvme(const char *name, const char *rest)
{
    char space[20];
    return strncmp(rest, "-nvme-", 6) == 0 &&
           sysfs_line(space, sizeof(space), "/sys/class/block/%s/nsid", name) &&
           strcmp(rest + 6, space) == 0;
}

static bool is_virtio_disk(const char *name)
{
    return strncmp(name, "vd", 2) == 0;
}

/* virtio disks have a second link, of older days. */
static const char *behind_pci(const char *path)
{
    if (strncmp(path, "virtio-", 7) == 0)
        path += 7;
    return strncmp(path, "pci-", 4) == 0 ? path + 4 : NULL;
}

bool disk_has_path(const char *name, const char *path)
{
    struct way way;
    const char *rest = behind_pci(path);
    if (!rest || !find_way(name, &way) || strncmp(rest, way.pci, strlen(way.pci)) != 0 ||
        (path[0] == 'v' && !is_virtio_disk(name)))
        return false;
    rest += strlen(way.pci);
    if (strncmp(name, "nvme", 4) == 0)
        return ends_in_nvme(name, rest);
    if (is_virtio_disk(name))
        return !*rest;
    if (!way.has_scsi)
        return false;
    return *way.ata ? ends_in_ata(&way, rest) : *way.host && ends_in_scsi(&way, rest);
}

bool disk_path_is_known(const char *path)
{
    static const char *const ends[] = {"-part", "-nvme-", "-ata-", "-scsi-", "-usb-0:"};
    const char *rest = behind_pci(path);
    size_t length;
    if (!rest || strchr(path, '/'))
        return false;
    while ((length = pci_length(rest)) > 0 && strncmp(rest + length, "-pci-", 5) == 0)
        rest += length + 5;
    if (!length)
        return false;
    rest += length;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (strncmp(rest, ends[i], strlen(ends[i])) == 0)
            return path[0] == 'p' || i == 0;
    return !*rest;
}
