/* Whether KVM really works here. That /dev/kvm can be opened proves nothing: on some machines a
 * kernel begins to run and then hangs, so one is booted, once per boot of the host. */
#ifndef EBB_VM_ACCEL_H
#define EBB_VM_ACCEL_H

#include <stdbool.h>

#include "base/error.h"
#include "vm/qemu.h"

/* What the probe (ebb-agent as PID 1) writes to its console. */
#define ACCEL_MARK "ebb-agent: this accelerator works"

/* Looks into the result of an earlier probe, or makes one. */
bool accel_kvm_works(const char *kernel, const char *agent);
/* Boots `kernel` with the agent as its only program; 0 if that ended well in `timeout` ms. */
int accel_probe(enum vm_accel accel, const char *kernel, const char *agent, unsigned timeout,
                struct error *error);

#endif
