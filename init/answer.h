/* `ebb-init unlock`: whoever comes to a machine that asks for a passphrase, such as over ssh, is
 * asked the same question, and is told what became of the answer. */
#ifndef EBB_INIT_ANSWER_H
#define EBB_INIT_ANSWER_H

/* If this program was started for that, does so; the exit status, 0 if the last answer has opened
 * something; -1 if it was started for something else. */
int answer_serve(int count, char **arguments);

#endif
