#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "kconfig/testdata/kernel.h"
#include "kconfig/undriven.h"

static const struct kernel_module kernel_modules[] = {
    {"kernel/ebb_card.ko", "depends=|alias=pci:v0000EBBEd*", "", ""},
};

/* An empty line is no modalias: nothing is to be told of the device. */
static const struct {
    const char *device, *modalias, *says;
    bool driven;
} devices[] = {
    {"pci/devices/0000:00:01.0", "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02",
     "  pci:v00001B36d00000010  NVMe disk\n", false},
    {"pci/devices/0000:00:02.0", "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", "", true},
    {"pci/devices/0000:00:03.0", "pci:v0000EBBEd00000001sv00001AF4sd00001100bc01sc06i01", "",
     false}, /* the image has its driver, which may come yet */
    {"pci/devices/0000:00:04.0", "pci:v00001013d000000B8sv00001AF4sd00001100bc03sc00i00", "",
     false}, /* a screen */
    {"pci/devices/0000:00:05.0", "pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30",
     "  pci:v00001B36d0000000D  USB controller\n", false},
    {"pci/devices/0000:00:06.0", "pci:v00001B36d00000007sv00001AF4sd00001100bc08sc05i01",
     "  pci:v00001B36d00000007  SD card reader\n", false},
    {"pci/devices/0000:00:07.0", "pci:v00001000d00000012sv00001AF4sd00001000bc01sc00i00",
     "  pci:v00001000d00000012  disk controller\n", false},
    {"pci/devices/0000:00:08.0", "", "", false},
    {"scsi/devices/0:0:0:0", "scsi:t-0x00", "  scsi:t-0x00  SCSI disk\n", false},
    {"scsi/devices/1:0:0:0", "scsi:t-0x05", "", false}, /* a DVD */
    {"usb/devices/1-1:1.0", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00",
     "  usb:v46F4p0001  USB disk\n", false},
    {"usb/devices/1-2:1.0", "usb:v0627p0001d0000dc00dsc00dp00ic03isc01ip01in00",
     "  usb:v0627p0001  USB keyboard or the like\n", false},
    {"usb/devices/1-3:1.0", "usb:v0409p55AAd0101dc09dsc00dp00ic09isc00ip00in00", "", false},
    {"virtio/devices/virtio0", "virtio:d00000002v00001AF4",
     "  virtio:d00000002v00001AF4  virtio disk\n", false},
    {"virtio/devices/virtio1", "virtio:d00000001v00001AF4", "", false}, /* a network card */
};

static char root[] = "/tmp/ebb-undriven-XXXXXX";

static int make_fixture(void **state)
{
    (void)state; /* all tests have the same */
    char path[300];
    kernel_make(root, kernel_modules, ARRAY_LENGTH(kernel_modules), "");
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) {
        snprintf(path, sizeof(path), "sys/bus/%s/modalias", devices[i].device);
        kernel_write(root, path, devices[i].modalias, strlen(devices[i].modalias));
        snprintf(path, sizeof(path), "%s/sys/bus/%s/driver", root, devices[i].device);
        if (devices[i].driven && symlink(root, path) < 0)
            return -1;
    }
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state; /* all tests have the same */
    kernel_remove(root);
    return 0;
}

static void assert_prints(const struct modules *modules, const char *expected)
{
    char path[64];
    auto_string text = NULL;
    size_t length = 0;
    snprintf(path, sizeof(path), "%s/sys", root);
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    undriven_print(path, modules, stream);
    fclose(stream);
    assert_string_equal(text, expected);
}

/* The buses that disks hang on come first. */
static void make_expected(char *expected, bool with_modules)
{
    static const char *const buses[] = {"virtio", "pci", "scsi", "usb"};
    *expected = '\0';
    for (size_t bus = 0; bus < ARRAY_LENGTH(buses); bus++) {
        for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) {
            bool served = strstr(devices[i].modalias, "EBBE");
            if (strncmp(devices[i].device, buses[bus], strlen(buses[bus])) != 0)
                continue;
            strcat(expected, served && !with_modules ? "  pci:v0000EBBEd00000001  SATA controller\n"
                                                     : devices[i].says);
        }
    }
}

static void test_with_modules(void **state)
{
    (void)state;
    char folder[64], expected[2048];
    struct error error;
    struct modules *modules = NULL;
    snprintf(folder, sizeof(folder), "%s/lib/modules/" KERNEL_VERSION, root);
    if (modules_open_folder(folder, &modules, &error) < 0)
        fail_msg("%s", error.text);
    make_expected(expected, true);
    assert_prints(modules, expected);
    modules_close(modules);
}

static void test_without_modules(void **state)
{
    (void)state;
    char expected[2048];
    make_expected(expected, false);
    assert_prints(NULL, expected);
}

static void test_nothing(void **state)
{
    (void)state;
    auto_string text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    undriven_print("/tmp/nonesuch", NULL, stream);
    fclose(stream);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_modules),
        cmocka_unit_test(test_without_modules),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
