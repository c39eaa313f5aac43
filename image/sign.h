/* The signature that Secure Boot asks for: Authenticode, which is PKCS #7 over a hash of the
 * program, kept at the end of the program itself. */
#ifndef EBB_IMAGE_SIGN_H
#define EBB_IMAGE_SIGN_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* Signs an EFI program by the RSA key and the certificate in two PEM files. The program is replaced
 * by a signed copy of it, which belongs to the arena; the same input gives the same bytes. */
int sign_program(struct arena *arena, const char *key, const char *certificate, const void **data,
                 size_t *length, struct error *error);

#endif
