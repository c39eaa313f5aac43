#include "secrets/fault.h"

const char *const fault_names[] = {
    [FAULT_NONE] = "none",         [FAULT_MISSING] = "missing",
    [FAULT_NO_MATCH] = "no-match", [FAULT_UNSUPPORTED] = "unsupported",
    [FAULT_CORRUPT] = "corrupt",   [FAULT_TAMPERED] = "tampered",
    [FAULT_REFUSED] = "refused",   [FAULT_NO_ROOM] = "no-room",
};
