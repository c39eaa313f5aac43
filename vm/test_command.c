/* QEMU's command line, word by word, without QEMU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "vm/machine.h"

static const struct arch arch = {.type = "q35", .console = "ttyS0", .keyboard = "some-keyboard"};

/* All words in one line. */
static const char *line_of(struct arena *arena, const struct vm_request *request, bool kvm,
                           int *overlays)
{
    struct vm vm = {.arena = arena,
                    .request = *request,
                    .arch = &arch,
                    .program = "/usr/bin/qemu",
                    .kvm = kvm,
                    .overlays = overlays};
    const char *const *words = command_line(&vm, (struct lines){11, 12, 13});
    const char *line = "";
    for (; *words; words++)
        line = arena_printf(arena, "%s %s", line, *words);
    return line;
}

static void assert_has(const char *line, const char *part)
{
    if (!strstr(line, part))
        fail_msg("\"%s\" is missing in:%s", part, line);
}

static void test_machine(void **state)
{
    (void)state; /* needs none */
    auto_arena arena = arena_new();
    const struct vm_request request = {
        .kernel = "/k", .image = "/i", .append = "quiet ebb.debug", .memory = 300};
    const char *line = line_of(arena, &request, false, NULL);
    static const char *const parts[] = {
        " /usr/bin/qemu -nodefaults ",
        " -no-reboot ",
        " -accel tcg,thread=multi -cpu max -smp 2 -m 300 ",
        " -kernel /k -initrd /i -append console=ttyS0 panic=-1 quiet ebb.debug ",
        " -chardev socket,id=serial,fd=11 -serial chardev:serial ",
        " -chardev socket,id=agent,fd=12 ",
        " -device virtserialport,chardev=agent,name=ebb.agent ",
        " -chardev socket,id=qmp,fd=13 -mon chardev=qmp,mode=control ",
        " -device virtio-rng-pci",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        assert_has(line, parts[i]);
    assert_null(strstr(line, "VGA"));
    assert_null(strstr(line, "-netdev"));
    assert_null(strstr(line, "some-keyboard"));
}

static void test_choices(void **state)
{
    (void)state; /* needs none */
    auto_arena arena = arena_new();
    const struct vm_request request = {.kernel = "/k", .display = true, .ssh = 2200};
    const char *line = line_of(arena, &request, true, NULL);
    assert_has(line, " -accel kvm -cpu host ");
    assert_has(line, " -m 1024 ");
    assert_has(line, " -append console=ttyS0 panic=-1 -chardev ");
    assert_has(line, " -netdev user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:2200-:22 -device "
                     "virtio-net-pci,netdev=net,romfile=");
    assert_has(line, " -device VGA -device some-keyboard");
    assert_null(strstr(line, "-initrd"));
}

static void test_disks(void **state)
{
    (void)state; /* needs none */
    static const struct vm_disk disks[] = {
        {.path = "/a,b", .bus = BUS_VIRTIO}, {.path = "/s0", .bus = BUS_AHCI},
        {.path = "/n", .bus = BUS_NVME},     {.path = "/u0", .bus = BUS_USB},
        {.path = "/u1", .bus = BUS_USB},     {.path = "/s1", .bus = BUS_AHCI},
    };
    auto_arena arena = arena_new();
    const struct vm_request request = {
        .kernel = "/k", .disks = disks, .disk_count = ARRAY_LENGTH(disks)};
    const char *line = line_of(arena, &request, false, NULL);
    static const char *const parts[] = {
        "node-name=disk0,discard=unmap,file.driver=file,file.filename=/a,,b "
        "-device virtio-blk-pci,drive=disk0 ",
        "filename=/s0 -device ich9-ahci,id=sata0 -device ide-hd,drive=disk1,bus=sata0.0 ",
        "filename=/n -device nvme,drive=disk2,serial=ebb2 ",
        "filename=/u0 -device qemu-xhci,id=usb,p2=8,p3=8 -device "
        "usb-storage,drive=disk3,bus=usb.0 ",
        "filename=/u1 -device usb-storage,drive=disk4,bus=usb.0 ",
        "filename=/s1 -device ide-hd,drive=disk5,bus=sata0.1",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        assert_has(line, parts[i]);
}

static void test_seventh_of_ahci(void **state)
{
    (void)state; /* needs none */
    struct vm_disk disks[7];
    for (size_t i = 0; i < ARRAY_LENGTH(disks); i++)
        disks[i] = (struct vm_disk){.path = "/s", .bus = BUS_AHCI};
    auto_arena arena = arena_new();
    const struct vm_request request = {
        .kernel = "/k", .disks = disks, .disk_count = ARRAY_LENGTH(disks)};
    const char *line = line_of(arena, &request, false, NULL);
    assert_has(line, "drive=disk5,bus=sata0.5 ");
    assert_has(line, " -device ich9-ahci,id=sata1 -device ide-hd,drive=disk6,bus=sata1.0");
}

static void test_snapshot(void **state)
{
    (void)state; /* needs none */
    static const struct vm_disk disks[] = {{.path = "/a", .bus = BUS_VIRTIO}};
    int overlays[] = {21};
    auto_arena arena = arena_new();
    const struct vm_request request = {
        .kernel = "/k", .disks = disks, .disk_count = 1, .snapshot = true};
    const char *line = line_of(arena, &request, false, overlays);
    assert_has(line, " -add-fd fd=21,set=1 -blockdev driver=qcow2,node-name=disk0,");
    assert_has(line, ",file.filename=/dev/fdset/1,backing.driver=raw,backing.read-only=on,"
                     "backing.file.driver=file,backing.file.filename=/a ");
}

static void test_firmware(void **state)
{
    (void)state; /* needs none */
    auto_arena arena = arena_new();
    const struct vm_request request = {
        .kernel = "/k", .image = "/i", .firmware = {"/code", "/my,variables"}};
    const char *line = line_of(arena, &request, false, NULL);
    assert_has(line, " -blockdev driver=raw,node-name=code,read-only=on,file.driver=file,"
                     "file.filename=/code -blockdev driver=raw,node-name=variables,"
                     "file.driver=file,file.filename=/my,,variables "
                     "-machine pflash0=code,pflash1=variables ");
    assert_null(strstr(line, "/k"));
    assert_null(strstr(line, "/i"));
}

static void test_writes(void **state)
{
    (void)state; /* needs none */
    static const struct vm_disk disks[] = {{.path = "/a", .writes = "/l,og"}};
    auto_arena arena = arena_new();
    const struct vm_request request = {.kernel = "/k", .disks = disks, .disk_count = 1};
    assert_has(line_of(arena, &request, false, NULL),
               " driver=raw,node-name=disk0,discard=unmap,file.driver=blklogwrites,"
               "file.log.driver=file,file.log.filename=/l,,og,file.file.driver=file,"
               "file.file.filename=/a -device virtio-blk-pci,drive=disk0,write-zeroes=off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),  cmocka_unit_test(test_choices),
        cmocka_unit_test(test_disks),    cmocka_unit_test(test_seventh_of_ahci),
        cmocka_unit_test(test_snapshot), cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
