#include "init/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/path.h"

enum { LENGTH_AT = 5, CODE_AT = 6, HEADER = 10, LONGEST = 64 };

int measure_by(int tpm, const char *phase, struct error *error)
{
    /* Numbers are big-endian. The TPM itself hashes the phase, by all algorithms that it uses. */
    static const uint8_t event[] = {
        0x80, 0x02, 0, 0,  0,    0, 0, 0, 0x01, 0x3c, /* TPM2_PCR_Event */
        0,    0,    0, 11, /* where systemd-stub has measured the image */
        0,    0,    0, 9,  0x40, 0, 0, 9, 0,    0,    0, 0, 0, /* with an empty password */
        0, /* the upper half of the length of the phase */
    };
    uint8_t order[sizeof(event) + 1 + LONGEST], answer[1024] = {0};
    size_t length = strnlen(phase, LONGEST), all = sizeof(event) + 1 + length;
    memcpy(order, event, sizeof(event));
    order[LENGTH_AT] = (uint8_t)all;
    order[sizeof(event)] = (uint8_t)length;
    memcpy(order + sizeof(event) + 1, phase, length);
    if (path_write_all(tpm, order, all) < 0)
        return error_system(error, errno, "the TPM takes no order");
    ssize_t got = read(tpm, answer, sizeof(answer));
    if (got < HEADER)
        return error_system(error, got < 0 ? errno : EIO, "the TPM does not answer");
    unsigned code = (unsigned)answer[CODE_AT + 2] << 8 | answer[CODE_AT + 3];
    return code ? error_set(error, EIO, "the TPM answers with the error 0x%x", code) : 0;
}

void measure_phase(const char *extra, const char *phase)
{
    char signatures[300];
    struct error error;
    snprintf(signatures, sizeof(signatures), "%s/tpm2-pcr-signature.json", extra);
    if (access(signatures, F_OK) < 0)
        return;
    auto_fd tpm = open("/dev/tpmrm0", O_RDWR | O_CLOEXEC);
    int code = tpm < 0 ? error_system(&error, errno, "cannot open \"/dev/tpmrm0\"")
                       : measure_by(tpm, phase, &error);
    if (code < 0)
        log_warning("ignoring that the phase \"%s\" is not measured: %s", phase, error.text);
    else
        log_info("measured the phase \"%s\"", phase);
}
