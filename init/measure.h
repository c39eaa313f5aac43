/* What the TPM is told of the phases of a boot, as systemd-pcrphase tells it of the later ones:
 * what is sealed to one of them cannot be opened in another. */
#ifndef EBB_INIT_MEASURE_H
#define EBB_INIT_MEASURE_H

#include "base/error.h"

/* Adds a phase to PCR 11, if systemd-stub has put signatures for that into `extra`, the folder
 * /.extra of the initramfs. What goes wrong is logged. */
void measure_phase(const char *extra, const char *phase);
/* The same by a TPM that is open. */
int measure_by(int tpm, const char *phase, struct error *error);

#endif
