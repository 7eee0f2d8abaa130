/* trace: the log of a simulated street: what was answered, when, and how the buses fared.
 *
 *   1764000000123 noise-1 laeq=67.3 lafmax=71            an answer; the values exactly as its registers say
 *   1764000000200 # meter hood-1 exception=2             an exception instead of values
 *   1764000000000 # ready                                the street listens; a restart appends another
 *   1764000060000 # bus kitchen requests=…               figures of a bus so far, every 10 s and at the end
 *
 * The line of an answer is written just before its last byte is handed over: whatever anyone can have read from a meter
 * is in the log, even if the simulator is killed.  The reverse cannot be promised: a reader may die with bytes unread.
 * One write(2) a line; lines of several buses may be out of order by the time that a thread waits for its turn.
 */
#ifndef QUIETAIR_SIM_TRACE_H
#define QUIETAIR_SIM_TRACE_H

#include "tests/sim/meter.h"

struct trace;

struct trace *trace_open(const char *path, struct fault *); /* appends; NULL on a fault */
void trace_close(struct trace *);                           /* all but trace_open take NULL: no log is wanted */
void trace_answer(struct trace *, const struct answer *);
void trace_note(struct trace *, const char *text); /* the part behind the `# ` */

#endif
