/* A machine that is booted as real ones are: UEFI firmware starts systemd-boot from an EFI system
 * partition, and systemd-boot starts kernel and image, with the parameters that QEMU would give. */
#ifndef EBB_VM_FIRMWARE_H
#define EBB_VM_FIRMWARE_H

#include "vm/qemu.h"

/* Fills in the firmware of the request, with variables of its own in `folder`, and makes a folder
 * there which holds what belongs on the partition: the loader, the entry ebb.conf, and kernel and
 * image in EFI/ebb. */
int firmware_make(struct arena *arena, const char *folder, struct vm_request *request,
                  const char **content, struct error *error);

#endif
