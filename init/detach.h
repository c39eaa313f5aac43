/* The end of block devices that lie on others: swap, loop devices, containers, logical volumes and
 * arrays. */
#ifndef EBB_INIT_DETACH_H
#define EBB_INIT_DETACH_H

#include <stdbool.h>

/* Ends swapping to disks, which holds devices and file systems. */
void swaps_end(void);
/* Detaches what nothing lies on and nobody has open. `progress`: something was, so that another
 * round may do more. Returns how many are left. */
unsigned detach_round(bool *progress);
/* Says what the rounds have left. */
void detach_tell(void);

#endif
