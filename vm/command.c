#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "vm/machine.h"

enum { AHCI_PORTS = 6, MEMORY = 1024 };

const char *const vm_bus_names[] = {"virtio", "ahci", "nvme", "usb", NULL};

static const struct arch archs[] = {
    {"x86_64",
     "qemu-system-x86_64",
     "qemu-system-x86",
     "q35",
     "ttyS0",
     NULL,
     {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
     "ovmf",
     "x64"},
    {"aarch64",
     "qemu-system-aarch64",
     "qemu-system-arm",
     "virt",
     "ttyAMA0",
     "virtio-keyboard-pci",
     {"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"},
     "qemu-efi-aarch64",
     "aa64"},
};

const struct arch *arch_of_host(void)
{
    struct utsname name;
    if (uname(&name) < 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(archs); i++)
        if (strcmp(archs[i].machine, name.machine) == 0)
            return &archs[i];
    return NULL;
}

struct words {
    struct arena *arena;
    const char **list;
    size_t count;
};

static void add(struct words *words, const char *word)
{
    *ARENA_PUSH(words->arena, words->list, words->count) = word;
}

static void add_two(struct words *words, const char *option, const char *value)
{
    add(words, option);
    add(words, value);
}

/* A comma in a value is written twice. */
static const char *escape(struct arena *arena, const char *text)
{
    char *escaped = arena_alloc(arena, strlen(text) * 2 + 1), *to = escaped;
    for (const char *at = text; *at; at++) {
        if (*at == ',')
            *to++ = ',';
        *to++ = *at;
    }
    return escaped;
}

static void add_line(struct words *words, const char *name, int fd)
{
    add_two(words, "-chardev", arena_printf(words->arena, "socket,id=%s,fd=%d", name, fd));
}

/* The image itself, or a file of changes (an open file that QEMU knows by its number) over it. */
static void add_image(struct words *words, const struct vm_disk *disk, size_t number, int overlay)
{
    const char *file = escape(words->arena, disk->path), *logger = "";
    if (disk->writes)
        logger = arena_printf(words->arena,
                              "file.driver=blklogwrites,file.log.driver=file,"
                              "file.log.filename=%s,",
                              escape(words->arena, disk->writes));
    if (overlay < 0) {
        const char *below = disk->writes ? "file." : "";
        add_two(words, "-blockdev",
                arena_printf(words->arena,
                             "driver=raw,node-name=disk%zu,discard=unmap%s,%s%sfile.driver=file,"
                             "%sfile.filename=%s",
                             number, disk->read_only ? ",read-only=on" : "", logger, below, below,
                             file));
        return;
    }
    add_two(words, "-add-fd", arena_printf(words->arena, "fd=%d,set=%zu", overlay, number + 1));
    add_two(words, "-blockdev",
            arena_printf(words->arena,
                         "driver=qcow2,node-name=disk%zu,file.driver=file,file.locking=off,"
                         "file.filename=/dev/fdset/%zu,backing.driver=raw,backing.read-only=on,"
                         "backing.file.driver=file,backing.file.filename=%s",
                         number, number + 1, file));
}

static void add_disk(struct words *words, const struct vm_disk *disk, size_t number,
                     const size_t *before)
{
    struct arena *arena = words->arena;
    const char *device = NULL;
    enum vm_bus bus = disk->bus;
    switch (bus) {
    case BUS_VIRTIO: /* QEMU writes zeroes into a log in two parts, and others in between */
        device = arena_printf(arena, "virtio-blk-pci,drive=disk%zu%s", number,
                              disk->writes ? ",write-zeroes=off" : "");
        break;
    case BUS_AHCI: /* one controller for every six disks */
        if (before[bus] % AHCI_PORTS == 0)
            add_two(words, "-device",
                    arena_printf(arena, "ich9-ahci,id=sata%zu", before[bus] / AHCI_PORTS));
        device = arena_printf(arena, "ide-hd,drive=disk%zu,bus=sata%zu.%zu", number,
                              before[bus] / AHCI_PORTS, before[bus] % AHCI_PORTS);
        break;
    case BUS_NVME:
        device = arena_printf(arena, "nvme,drive=disk%zu,serial=ebb%zu", number, number);
        break;
    case BUS_USB:
        if (before[bus] == 0)
            add_two(words, "-device", "qemu-xhci,id=usb,p2=8,p3=8");
        device = arena_printf(arena, "usb-storage,drive=disk%zu,bus=usb.0", number);
        break;
    }
    add_two(words, "-device", device);
}

static void add_disks(struct words *words, const struct vm *vm)
{
    size_t before[ARRAY_LENGTH(vm_bus_names) - 1] = {0};
    for (size_t i = 0; i < vm->request.disk_count; i++) {
        const struct vm_disk *disk = &vm->request.disks[i];
        add_image(words, disk, i, vm->overlays ? vm->overlays[i] : -1);
        add_disk(words, disk, i, before);
        before[disk->bus]++;
    }
}

const char *command_parameters(struct arena *arena, const struct arch *arch, const char *append)
{
    return arena_printf(arena, "console=%s panic=-1%s%s", arch->console, append ? " " : "",
                        append ? append : "");
}

static void add_kernel(struct words *words, const struct vm *vm)
{
    const struct vm_request *request = &vm->request;
    add_two(words, "-kernel", request->kernel);
    if (request->image)
        add_two(words, "-initrd", request->image);
    add_two(words, "-append", command_parameters(words->arena, vm->arch, request->append));
}

/* The flash memory of a machine: what it runs first, and what that remembers. */
static void add_firmware(struct words *words, const struct vm_firmware *firmware)
{
    add_two(words, "-blockdev",
            arena_printf(words->arena,
                         "driver=raw,node-name=code,read-only=on,file.driver=file,"
                         "file.filename=%s",
                         escape(words->arena, firmware->code)));
    add_two(words, "-blockdev",
            arena_printf(words->arena,
                         "driver=raw,node-name=variables,file.driver=file,file.filename=%s",
                         escape(words->arena, firmware->variables)));
    add_two(words, "-machine", "pflash0=code,pflash1=variables");
}

const char *const *command_line(const struct vm *vm, struct lines lines)
{
    struct words words = {.arena = vm->arena};
    add_two(&words, vm->program, "-nodefaults");
    add_two(&words, "-no-user-config", "-no-reboot");
    add_two(&words, "-display", "none");
    add_two(&words, "-machine", vm->arch->type);
    add_two(&words, "-accel", vm->kvm ? "kvm" : "tcg,thread=multi");
    add_two(&words, "-cpu", vm->kvm ? "host" : "max");
    add_two(&words, "-smp", "2");
    add_two(&words, "-m",
            arena_printf(vm->arena, "%u", vm->request.memory ? vm->request.memory : MEMORY));
    if (vm->request.firmware.code)
        add_firmware(&words, &vm->request.firmware);
    else
        add_kernel(&words, vm);
    add_line(&words, "serial", lines.serial);
    add_two(&words, "-serial", "chardev:serial");
    add_line(&words, "agent", lines.agent);
    add_two(&words, "-device", "virtio-serial-pci");
    add_two(&words, "-device", "virtserialport,chardev=agent,name=" FRAME_PORT);
    add_line(&words, "qmp", lines.qmp);
    add_two(&words, "-mon", "chardev=qmp,mode=control");
    /* Without it a guest's first random number takes longer than all the rest of its boot. */
    add_two(&words, "-device", "virtio-rng-pci");
    if (vm->request.ssh) {
        add_two(&words, "-netdev",
                arena_printf(vm->arena, "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:%u-:22",
                             vm->request.ssh));
        add_two(&words, "-device", "virtio-net-pci,netdev=net,romfile=");
    }
    if (vm->request.display)
        add_two(&words, "-device", "VGA");
    if (vm->request.display && vm->arch->keyboard)
        add_two(&words, "-device", vm->arch->keyboard);
    add_disks(&words, vm);
    add(&words, NULL);
    return words.list;
}
