#include "kconfig/devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static int rank(const char *bus)
{
    return strcmp(bus, "virtio") == 0 ? 0 : strcmp(bus, "pci") == 0 ? 1 : 2;
}

static int bus_order(const struct dirent **left, const struct dirent **right)
{
    int difference = rank((*left)->d_name) - rank((*right)->d_name);
    return difference ? difference : strcmp((*left)->d_name, (*right)->d_name);
}

static int name_order(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* sysfs gives a page at most, and all of it at once. */
static void visit_device(const char *device, device_visitor *visit, void *data)
{
    char path[PATH_MAX], modalias[4096];
    if (snprintf(path, sizeof(path), "%s/modalias", device) >= (int)sizeof(path))
        return;
    auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, modalias, sizeof(modalias) - 1);
    if (length <= 0)
        return;
    modalias[length] = '\0';
    modalias[strcspn(modalias, "\n")] = '\0';
    if (modalias[0])
        visit(device, modalias, data);
}

static void visit_bus(const char *devices, device_visitor *visit, void *data)
{
    struct dirent **entries = NULL;
    int count = scandir(devices, &entries, is_visible, name_order);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s/%s", devices, entries[i]->d_name) < (int)sizeof(path))
            visit_device(path, visit, data);
        free(entries[i]);
    }
    free(entries);
}

void devices_visit(const char *sysfs, device_visitor *visit, void *data)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/bus", sysfs) >= (int)sizeof(path))
        return;
    struct dirent **buses = NULL;
    int count = scandir(path, &buses, is_visible, bus_order);
    for (int i = 0; i < count; i++) {
        if (snprintf(path, sizeof(path), "%s/bus/%s/devices", sysfs, buses[i]->d_name) <
            (int)sizeof(path))
            visit_bus(path, visit, data);
        free(buses[i]);
    }
    free(buses);
}
