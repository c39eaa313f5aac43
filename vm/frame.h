/* What host and guest say to each other over the port "ebb.agent": a word, the length of what
 * follows, a newline, and that many bytes.
 *
 *     host:   HELLO nonce · EXEC command · POWEROFF · REBOOT
 *     guest:  HELLO · HELLO nonce · READY how · OUT bytes · ERR bytes
 *             EXIT "status N" or "signal N"
 *
 * A guest's first word has no nonce: machine and host may be in the middle of something that ended
 * with the kernel before. Either end may have missed the beginning of what the other said, so both
 * look for a HELLO before they believe anything, and again after something that is not a frame. */
#ifndef EBB_VM_FRAME_H
#define EBB_VM_FRAME_H

#include <stdbool.h>

#include "vm/bytes.h"

#define FRAME_PORT "ebb.agent"

enum { FRAME_WORD_SIZE = 12, FRAME_LIMIT = 128 * 1024 };

struct frame {
    char word[FRAME_WORD_SIZE];
    const char *data; /* valid until the next frame_next */
    size_t length;
};

/* All zero: nothing heard yet, and waiting for a HELLO. */
struct frame_reader {
    struct bytes bytes;
    size_t taken; /* by the frame that was handed out last */
    bool in_step;
};

/* Returns 0 or -errno. */
int frame_send(int fd, const char *word, const void *data, size_t length);
/* Takes the next whole frame out of what has been read into reader->bytes. */
bool frame_next(struct frame_reader *reader, struct frame *frame);
bool frame_is(const struct frame *frame, const char *word);

#endif
