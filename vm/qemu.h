/* A machine in QEMU: started, listened to, spoken with, cut off, started again.
 *
 * Everything it says comes over descriptors that end with us, so a machine never outlives the
 * program that started it and leaves no files. All waits end with -ETIMEDOUT, -EINTR (interrupted),
 * -ESHUTDOWN (QEMU ended) or -ENOTRECOVERABLE (the guest gave up), and the error quotes what the
 * serial line said last. */
#ifndef EBB_VM_QEMU_H
#define EBB_VM_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"

enum vm_bus { BUS_VIRTIO, BUS_AHCI, BUS_NVME, BUS_USB };
extern const char *const vm_bus_names[]; /* by enum vm_bus, NULL-terminated */

enum vm_accel { ACCEL_PROVEN, ACCEL_TCG, ACCEL_KVM }; /* proven: KVM if it is known to work */

struct vm_disk {
    const char *path; /* a raw image */
    enum vm_bus bus;
    bool read_only;     /* write-protected, as the guest sees it */
    const char *writes; /* a file for all that a boot writes on it (vm/writes.h); NULL: none */
};

/* UEFI, which boots from the disks: kernel and image of the request are not given to QEMU then. */
struct vm_firmware {
    const char *code;      /* NULL: there is none, and QEMU boots the kernel itself */
    const char *variables; /* a file of this machine's own, which is written to */
};

/* 0 and NULL are good values for everything but the kernel. */
struct vm_request {
    const char *kernel; /* path of vmlinuz */
    const char *image;  /* the initramfs */
    const char *append; /* kernel parameters behind ours (console=, panic=) */
    struct vm_firmware firmware;
    const struct vm_disk *disks;
    size_t disk_count;
    unsigned memory;  /* MiB; 1024 */
    unsigned timeout; /* milliseconds of every wait; five minutes */
    enum vm_accel accel;
    const char *agent; /* path of ebb-agent, to prove KVM with; without one it counts as unproven */
    const char *passphrase; /* typed on the serial line whenever PID 1 asks; NULL: never */
    const char *log;        /* a file for all that the serial line says */
    unsigned ssh;           /* a TCP port of ours that leads to its port 22; 0: it has no network */
    bool snapshot;          /* what is written to the disks goes with the struct vm */
    bool display;           /* with a screen and a keyboard */
    bool echo;              /* show the serial line on standard output */
    int interrupt;          /* a descriptor that ends every wait when it can be read; 0 for none */
};

struct vm;

/* Boots; vm_boot does it again when QEMU has ended, with the disks as they are now. */
int vm_start(const struct vm_request *request, struct vm **vm, struct error *error);
int vm_boot(struct vm *vm, struct error *error);
/* Ends QEMU if it still runs, and frees everything. Accepts NULL. */
void vm_stop(struct vm *vm);
void vm_cleanup(struct vm **vm);
#define auto_vm AUTO(vm_cleanup) struct vm *

/* The agent says that the system is up. A rescue screen or a panic ends the wait at once. */
int vm_wait_ready(struct vm *vm, struct error *error);
/* `text` appears on the serial line, behind what the last such wait of this boot found. A line that
 * the kernel writes into the middle of it, or a \r, does not matter. */
int vm_wait_serial(struct vm *vm, const char *text, struct error *error);
/* QEMU ends by itself, as at the end of a power-off. */
int vm_wait_end(struct vm *vm, struct error *error);

/* Runs `sh -c command` in the guest; its output goes to the streams as it comes (NULL: dropped).
 * `status` is as the shell's $?: a signal counts 128 more. */
int vm_exec(struct vm *vm, const char *command, FILE *out, FILE *err, int *status,
            struct error *error);
/* The guest ends cleanly; vm_reboot then boots it again and waits until it is ready. */
int vm_power_off(struct vm *vm, struct error *error);
int vm_reboot(struct vm *vm, struct error *error);
/* The guest ends by this command and begins again within the same QEMU, by a reset or by kexec;
 * waits until it is ready. What the serial line says of this boot begins with the end of that
 * before.
 */
int vm_restart(struct vm *vm, const char *command, struct error *error);
/* As if the plug were pulled. */
void vm_power_cut(struct vm *vm);

/* Types on the serial line, as a person at that console would. */
int vm_type(struct vm *vm, const char *text, struct error *error);
/* The same on the keyboard of a machine with a display: letters, digits, space, minus, Enter (\n),
 * Backspace (\b), Tab, Escape and Caps Lock. */
#define VM_CAPS_LOCK "\x0e"
int vm_send_keys(struct vm *vm, const char *text, struct error *error);
/* Writes what its screen shows, as a PNG. */
int vm_screendump(struct vm *vm, const char *path, struct error *error);
/* One QMP command, in JSON; `answer` (may be NULL) is the JSON of its reply, to be freed. */
int vm_qmp(struct vm *vm, const char *command, char **answer, struct error *error);
/* Joins the terminal to the serial line until QEMU ends or the keys C-a x are pressed. */
int vm_console(struct vm *vm, struct error *error);

/* All that the serial line said since vm_start, and since the boot before now. */
const char *vm_serial(const struct vm *vm);
const char *vm_serial_of_boot(const struct vm *vm);
/* What programs wrote to the console in this boot, without the kernel's lines between. */
const char *vm_screen(const struct vm *vm, struct arena *arena);
/* In which way the guest is ready: "init", or systemd's word, such as "degraded". */
const char *vm_readiness(const struct vm *vm);
bool vm_runs(const struct vm *vm);
/* "kvm" or "tcg". */
const char *vm_accelerator(const struct vm *vm);

#endif
