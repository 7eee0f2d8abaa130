/* hold: keeps the beginning of a collector's journal where it is while another program copies or verifies it.
 *
 * STATE_DIR/journal/hold, a file that the collector makes and that stays.  Who reads takes a shared lock on it; the
 * collector deletes segments only while it has the lock alone.  A lock ends with its process.
 */
#ifndef QUIETAIR_HOLD_H
#define QUIETAIR_HOLD_H

#include <stdbool.h>

/* The collector's: a descriptor, or -1: it cannot be made (errno). */
int hold_make(const char *state_dir);
bool hold_alone(int fd); /* may segments go now?  Then hold_done, soon: who wants to read waits meanwhile */
void hold_done(int fd);

/* A reader's: a descriptor, to be closed; -1: there is no such file, or it cannot be read: nothing is held. */
int hold_take(const char *state_dir);

#endif
