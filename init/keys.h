/* The keyrings of root in the kernel. */
#ifndef EBB_INIT_KEYS_H
#define EBB_INIT_KEYS_H

/* Clears them of what others have cached there, such as passphrases; the kernel wipes what it
 * frees. */
void keys_wipe(void);

#endif
