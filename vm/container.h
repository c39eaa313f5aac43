/* LUKS containers, made by cryptsetup on plain files: without root and without device mapper.
 *
 * Key derivation is cheap, because a guest has little memory and may be translated: what is in such
 * a container is no secret. */
#ifndef EBB_VM_CONTAINER_H
#define EBB_VM_CONTAINER_H

#include "vm/disk.h"

/* What the encryption may not say. */
int container_check(const struct encryption *encryption, struct error *error);
/* Encrypts the file system in `file` where it is; the file grows by the header, unless that goes
 * elsewhere. An empty container is made over whatever was there. */
int container_make(const struct encryption *encryption, const char *file, struct error *error);

#endif
