#include "init/keys.h"

#include <linux/keyctl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"

void keys_wipe(void)
{
    static const int rings[] = {KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_SESSION_KEYRING,
                                KEY_SPEC_USER_KEYRING};
    for (size_t i = 0; i < ARRAY_LENGTH(rings); i++)
        (void)syscall(SYS_keyctl, KEYCTL_CLEAR, rings[i]); /* a kernel may have none */
}
