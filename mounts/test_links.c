#include "mounts/testing.h"

#include "mounts/links.h"

/* A disk of the kernel's tree of devices, with files in its folder, "name=text" separated by "|";
 * a name may have folders. */
static void add(const char *folder, const char *files)
{
    must_run("mkdir -p /sys/devices/%s && ln -s ../../devices/%s /sys/class/block/ && "
             "cd /sys/devices/%s && printf '%%s' '%s' | tr '|' '\\n' | "
             "while IFS='=' read -r name text || [ \"$name\" ]; do"
             "    mkdir -p \"$(dirname $name)\" && printf '%%s\\n' \"$text\" > $name; done",
             folder, folder, folder, files);
}

static void add_part(const char *disk, const char *part, unsigned number)
{
    char folder[300], files[40];
    snprintf(folder, sizeof(folder), "%s/%s", disk, part);
    snprintf(files, sizeof(files), "partition=%u", number);
    add(folder, files);
}

#define PCI "pci0000:00/0000:00:"

/* Machines as the kernel shows them. */
static void add_disks(void)
{
    add(PCI "04.0/virtio1/block/vda", "serial=my  disk 1 ");
    add_part(PCI "04.0/virtio1/block/vda", "vda2", 2);
    add_part(PCI "04.0/virtio1/block/vda", "vda12", 12);
    add(PCI "1d.0/0000:03:00.0/nvme/nvme0/nvme0n1",
        "wwid=eui.0025385b01234567|nsid=1|device/model=Samsung SSD 970 EVO    |"
        "device/serial=S4EW/NX0 ");
    add_part(PCI "1d.0/0000:03:00.0/nvme/nvme0/nvme0n1", "nvme0n1p3", 3);
    add("virtual/nvme-subsystem/nvme-subsys1/nvme1n2",
        "wwid=uuid.11111111-2222-3333-4444-555555555555|nsid=2|device/model=M|device/serial=S");
    must_run("mkdir -p /sys/devices/" PCI "1d.1/0000:04:00.0/nvme/nvme1 /sys/class/nvme && "
             "ln -s ../../devices/" PCI "1d.1/0000:04:00.0/nvme/nvme1 /sys/class/nvme/nvme1");
    add(PCI "0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0/nvme/nvme2/nvme2n1", "nsid=1");
    add(PCI "1f.2/ata3/host2/target2:0:1/2:0:1:0/block/sda",
        "../../wwid=naa.5000c500a1b2c3d4|../../vendor=ATA");
    add_part(PCI "1f.2/ata3/host2/target2:0:1/2:0:1:0/block/sda", "sda1", 1);
    must_run("cd /sys/devices/" PCI "1f.2/ata3 && mkdir -p ata_port/ata3 && "
             "echo 3 > ata_port/ata3/port_no && ln -s ../.. "
             "host2/target2:0:1/2:0:1:0/block/sda/device && "
             "(printf '\\0\\203\\0\\154'"          /* the page, and its length */
             "'\\2\\0\\0\\24%%-20s' 'S1-X  Y' && " /* a number of the vendor's */
             "printf '\\2\\1\\0\\104ATA     %%-40s%%-20s' 'QEMU  HARD DISK' '   Q/7')"
             " > host2/target2:0:1/2:0:1:0/vpd_pg83");
    /* behind a port multiplier */
    add(PCI "1f.2/ata4/host3/target3:2:0/3:2:0:0/block/sdb", "size=1");
    must_run("cd /sys/devices/" PCI "1f.2/ata4 && mkdir -p ata_port/ata4 && "
             "echo 4 > ata_port/ata4/port_no");
    add(PCI "05.0/virtio2/host6/target6:0:1/6:0:1:3/block/sdc",
        "device/wwid=naa.600508b1001c0123456789abcdef0123");
    add(PCI "14.0/usb2/2-1/2-1.4/2-1.4:1.0/host8/target8:0:0/8:0:0:0/block/sdd",
        "device/wwid=t10.SanDisk");
    add(PCI "06.0/host9/port-9:0/end_device-9:0/target9:0:0/9:0:0:0/block/sde", "size=1");
    must_run("mkdir -p /sys/devices/" PCI "06.0/host10"); /* another host of this controller */
    add(PCI "1a.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0",
        "device/name=SD 16G|device/serial=0x1234abcd");
    add("virtual/block/dm-0", "dm/name=group-my\\x20home|dm/uuid=LVM-abc");
    add("virtual/block/md127", "slaves/vdx/size=1");
    must_run(MAKE_RAID_MEMBER " && mv image /dev/vdx");
}

static void assert_leads(const char *link, const char *expected)
{
    char found[100] = "";
    auto_dir folder = opendir("/sys/class/block");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct block block = {0};
        snprintf(block.name, sizeof(block.name), "%.60s", entry->d_name);
        if (entry->d_name[0] != '.' && links_match(&block, link))
            strcat(found, block.name); /* two would show as one long name */
    }
    if (strcmp(found, expected) != 0)
        fail_msg("%s leads to \"%s\", not to \"%s\"", link, found, expected);
}

static const struct {
    const char *link, *name; /* "" for none */
} leads[] = {
    {"by-id/virtio-my_disk_1", "vda"},
    {"by-id/virtio-my_disk_1-part2", "vda2"},
    {"by-id/virtio-my_disk_1-part12", "vda12"},
    {"by-id/virtio-my_disk_1-part1", ""},
    {"by-id/virtio-my_disk_1-part", ""},
    {"by-id/virtio-my_disk", ""},
    {"by-id/virtio-my  disk 1", ""},
    {"by-path/pci-0000:00:04.0", "vda"},
    {"by-path/pci-0000:00:04.0-part2", "vda2"},
    {"by-path/virtio-pci-0000:00:04.0-part12", "vda12"},
    {"by-path/pci-0000:00:04.00", ""},
    {"by-path/pci-0000:00:04", ""},

    {"by-id/nvme-eui.0025385b01234567", "nvme0n1"},
    {"by-id/nvme-eui.0025385b01234567-part3", "nvme0n1p3"},
    {"by-id/nvme-Samsung_SSD_970_EVO_S4EW_NX0", "nvme0n1"},
    {"by-id/nvme-Samsung_SSD_970_EVO_S4EW_NX0_1", "nvme0n1"},
    {"by-id/nvme-Samsung_SSD_970_EVO_S4EW_NX0_1-part3", "nvme0n1p3"},
    {"by-id/nvme-Samsung_SSD_970_EVO_S4EW_NX0_2", ""},
    {"by-path/pci-0000:03:00.0-nvme-1", "nvme0n1"},
    {"by-path/pci-0000:03:00.0-nvme-1-part3", "nvme0n1p3"},
    {"by-path/pci-0000:03:00.0", ""},
    {"by-path/pci-0000:00:1d.0-nvme-1", ""},
    {"by-id/nvme-uuid.11111111-2222-3333-4444-555555555555", "nvme1n2"},
    {"by-path/pci-0000:04:00.0-nvme-2", "nvme1n2"},

    {"by-path/pci-0000:00:0e.0-pci-10000:e1:00.0-nvme-1", "nvme2n1"},
    {"by-path/pci-10000:e1:00.0-nvme-1", ""},

    {"by-id/wwn-0x5000c500a1b2c3d4", "sda"},
    {"by-id/wwn-0x5000c500a1b2c3d4-part1", "sda1"},
    {"by-id/wwn-0x5000c500a1b2c3d", ""},
    {"by-id/ata-QEMU_HARD_DISK_Q_7", "sda"},
    {"by-id/ata-QEMU_HARD_DISK_Q_7-part1", "sda1"},
    {"by-id/ata-QEMU_HARD_DISK", ""},
    {"by-path/pci-0000:00:1f.2-ata-3.1", "sda"},
    {"by-path/pci-0000:00:1f.2-ata-3", "sda"},
    {"by-path/pci-0000:00:1f.2-ata-3.1-part1", "sda1"},
    {"by-path/pci-0000:00:1f.2-ata-3.0", ""},
    {"by-path/pci-0000:00:1f.2-scsi-2:0:1:0", ""},
    {"by-path/pci-0000:00:1f.2-ata-4.2.0", "sdb"},
    {"by-path/pci-0000:00:1f.2-ata-4", "sdb"},
    {"by-path/pci-0000:00:1f.2-ata-4.0", ""},

    {"by-id/wwn-0x600508b1001c0123456789abcdef0123", "sdc"},
    {"by-path/pci-0000:00:05.0-scsi-0:0:1:3", "sdc"},
    {"by-path/pci-0000:00:05.0-scsi-6:0:1:3", ""},
    {"by-path/virtio-pci-0000:00:05.0-scsi-0:0:1:3", ""},
    {"by-path/pci-0000:00:14.0-usb-0:1.4:1.0-scsi-0:0:0:0", "sdd"},
    {"by-path/pci-0000:00:14.0-scsi-0:0:0:0", ""},
    {"by-id/wwn-0xt10.SanDisk", ""},
    /* SAS disks have names of another kind */
    {"by-path/pci-0000:00:06.0-scsi-0:0:0:0", ""},

    {"by-id/mmc-SD_16G_0x1234abcd", "mmcblk0"},
    {"by-id/dm-name-group-my\\x20home", "dm-0"},
    {"by-id/dm-name-group", ""},
    {"by-id/dm-uuid-LVM-abc", "dm-0"},
    {"by-id/dm-uuid-LVM-abc-part1", ""},
    {"by-id/md-name-host:name", "md127"},
    {"by-id/md-uuid-61626364:65666768:696a6b6c:6d6e6f70", "md127"},
    {"by-id/md-uuid-61626364:65666768:696a6b6c:6d6e6f7", ""},
    {"by-id/md-uuid-61626364:65666768:696a6b6c:6d6e6f701", ""},

    {"by-id/", ""},
    {"by-path/", ""},
    {"by-path/pci-", ""},
    {"by-diskseq/1", ""},
};

static void test_hardware(void **state)
{
    (void)state;
    need_namespace();
    add_disks();
    for (size_t i = 0; i < ARRAY_LENGTH(leads); i++) {
        char link[200];
        snprintf(link, sizeof(link), "/dev/disk/%s", leads[i].link);
        assert_leads(link, leads[i].name);
        /* What leads somewhere is not refused by `ebb check`. */
        if (*leads[i].name && links_objection(link))
            fail_msg("%s is refused", link);
    }
}

static void test_tags(void **state)
{
    (void)state;
    static const struct block block = {
        .content = {
            .uuid = "ab-1", .label = "a/b c", .partuuid = "cd-2", .partlabel = "d\xc3\xa9"}};
    static const struct {
        const char *link;
        bool matches;
    } cases[] = {
        {"/dev/disk/by-uuid/AB-1", true},
        {"/dev/disk/by-uuid/ab-2", false},
        {"/dev/disk/by-label/a\\x2fb\\x20c", true},
        {"/dev/disk/by-label/a\\x2fb\\x20", false},
        {"/dev/disk/by-label/a\\x2Gb\\x20c", false},
        {"/dev/disk/by-partuuid/cd-2", true},
        {"/dev/disk/by-partuuid/ab-1", false},
        {"/dev/disk/by-partlabel/d\xc3\xa9", true},
        {"/dev/disk/by-partlabel/", false},
        {"/dev/disk/ab-1", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (links_match(&block, cases[i].link) != cases[i].matches)
            fail_msg("%s should be %d", cases[i].link, cases[i].matches);
}

static void test_objections(void **state)
{
    (void)state;
    static const char *const known[] = {
        "UUID=1",
        "/dev/vda1",
        "/dev/mapper/x",
        "/dev/group/home",
        "/dev/md/data",
        "/dev/disk/by-uuid/1",
        "/dev/disk/by-label/a b",
        "/dev/disk/by-partuuid/1",
        "/dev/disk/by-partlabel/a",
        "/dev/disk/by-id/wwn-0x5000",
        "/dev/disk/by-id/nvme-x",
        "/dev/disk/by-id/virtio-x-part1",
        "/dev/disk/by-id/ata-x",
        "/dev/disk/by-id/dm-name-x",
        "/dev/disk/by-id/md-uuid-1",
        "/dev/disk/by-path/pci-0000:00:04.0",
        "/dev/disk/by-path/pci-0000:00:04.0-part1",
        "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
        "/dev/disk/by-path/virtio-pci-0000:00:04.0-part1",
        "/dev/disk/by-path/pci-0000:00:0e.0-pci-10000:e1:00.0-nvme-1",
    };
    static const char *const unknown[] = {
        "/dev/disk/by-id/usb-SanDisk_1-0:0",
        "/dev/disk/by-id/scsi-36000",
        "/dev/disk/by-id/wwn-eui.1",
        "/dev/disk/by-id/",
        "/dev/disk/by-id/nvme-",
        "/dev/disk/by-id/lvm-pv-uuid-x",
        "/dev/disk/by-path/pci-0-1",
        "/dev/disk/by-path/platform-fe320000.mmc",
        "/dev/disk/by-path/pci-0000:00:06.0-sas-phy0-lun-0",
        "/dev/disk/by-path/pci-0000:00:14.0-usbv2-0:1:1.0-scsi-0:0:0:0",
        "/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-x-lun-1",
        "/dev/disk/by-diskseq/9",
        "/dev/disk/by-path/pci-0000:00:04.0-part/by-partnum/1",
        "/dev/disk/x",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (links_objection(known[i]))
            fail_msg("%s is refused", known[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++) {
        const char *objection = links_objection(unknown[i]);
        if (!objection)
            fail_msg("%s is not refused", unknown[i]);
        assert_string_equal(objection,
                            "is a link that only udev can make, and there is none yet; write "
                            "UUID=, LABEL=, PARTUUID= or PARTLABEL=, as `blkid` shows them");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MACHINE(test_hardware),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_objections),
    };
    return cmocka_run_group_tests(tests, enter_quiet, NULL);
}
