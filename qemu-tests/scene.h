/* A scene: one configuration, the image and disks made from it, and a machine that boots them. What
 * goes wrong on the way fails the running test with the sentence that says why.
 *
 * The folder build/qemu/NAME keeps what was made and the serial log of a scene that failed. */
#ifndef EBB_QEMU_TESTS_SCENE_H
#define EBB_QEMU_TESTS_SCENE_H

#include "vm/setup.h"

struct scene {
    struct arena *arena;
    const char *folder;
    const struct config *config;
    struct setup setup; /* kernel, tree, bus and the like may be set before scene_make */
    struct vm_request request;
    struct vm *vm;
    struct vm_disk *disks;          /* after scene_make: may be exchanged or taken away */
    const struct vm_disk **plugged; /* in later */
    size_t plugged_count;
};

/* The usual declaration of the state volume, for configurations that are about something else. */
#define SCENE_STATE                                                                                \
    "volume state UUID=5ce0e000-0000-4000-8000-00000000000a {\n    fs ext4\n    mount "            \
    "/persist\n}\n"
#define SCENE_REST "generations state:/generations\nrescue reboot after=1s\n"

struct scene *scene_new(const char *name, const char *configuration);
/* The same, with a configuration that is there already, such as an example. */
struct scene *scene_of_file(const char *name, const char *file);
/* Skips the running test where no Debian tree can be made. */
void scene_need_debian(void);
/* The generation is a Debian under systemd with Ebb installed in it. It is made of hard links, so
 * files in it may be replaced, but not be written to. */
void scene_install_debian(struct scene *scene);
/* The same with the system in this folder. */
void scene_install_copy(struct scene *scene, const char *system);
/* The generation is the scratch system with the tool in it, and its configuration. */
void scene_install_tool(struct scene *scene);
/* A kernel, and the modules that a machine in QEMU needs, for `ebb boot` to take. `file`: what is
 * called the kernel; NULL: that of this machine. */
void scene_install_kernel(struct scene *scene, const char *file);
/* Puts a configuration where programs in that Debian look for it. */
void scene_install_config(struct scene *scene, const char *configuration);
void scene_make(struct scene *scene);
/* Makes the image anew, of another configuration, for the next boot. */
void scene_configure(struct scene *scene, const char *configuration);
/* Boots, for the first time, after a clean end or after a power cut, if the machine does not run.
 */
void scene_start(struct scene *scene);
/* Boots until the system is up. */
void scene_boot(struct scene *scene);
/* The same, and it is this generation. */
void scene_boot_generation(struct scene *scene, unsigned number);
/* Boots what is expected to fail, and waits for the machine to end. The rescue screen, which is
 * returned, has this sentence, word for word. */
const char *scene_expect_rescue(struct scene *scene, const char *sentence);
/* What programs wrote to the console in this boot, without the kernel's lines between. */
const char *scene_screen(const struct scene *scene);
/* Plugs a disk into USB while the machine runs, and out again. It has a USB controller if it began
 * with a disk there. */
void scene_plug_in(struct scene *scene, const struct vm_disk *disk);
void scene_unplug(struct scene *scene, const struct vm_disk *disk);
/* Waits until the serial line says this, and types on it. */
void scene_wait(struct scene *scene, const char *text);
void scene_type(struct scene *scene, const char *keys);
/* Ends the guest cleanly and starts it again, or not. */
void scene_reboot(struct scene *scene);
/* The same within one QEMU, by a command of the system, such as for kexec. */
void scene_restart(struct scene *scene, const char *command);
void scene_power_off(struct scene *scene);
/* After that: the ext4 of the state volume needs no recovery. */
void scene_expect_unmounted(const struct scene *scene);
/* Runs a command in the guest; its output without the last line end. Any failure of it is ours. */
const char *scene_run(struct scene *scene, const char *command);
/* The same, and that is what it says. */
void scene_expect(struct scene *scene, const char *command, const char *output);
/* Brings a text of ours into the guest, for root alone; missing folders are made. */
void scene_put(struct scene *scene, const char *file, const char *path);
/* systemd has reached its end without a failed unit. */
void scene_expect_all_is_well(struct scene *scene);
/* Passes over the machine and removes the folder; only after a test that succeeded. */
void scene_end(struct scene *scene);

#endif
