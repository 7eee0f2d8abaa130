/* link: one serial line or one TCP connection: opened for ever, and the bytes of one question at a time moved over it.
 * When to ask and what to believe is master.h's.  The only place that knows modbus.h: libmodbus opens lines (speed,
 * parity, direction of RS-485) and connections, and sends on lines; its recovery is never switched on, for it blocks.
 *
 * A line that was just opened is listened to for its devices' worst answer time: an earlier master may have asked.
 * After anything but an answer a Modbus TCP connection is closed: converters to a serial line have been seen to put a
 * late answer under the next transaction.  An RTU line behind a converter (rtu-tcp) keeps its connection, until
 * several requests in a row were not answered at all: then it may be half open.
 */
#ifndef QUIETAIR_LINK_H
#define QUIETAIR_LINK_H

#include "common/err.h"
#include "firmware-gateway/master.h"
#include "firmware-gateway/settings.h"

#include <stdbool.h>
#include <stdint.h>

enum { EXCEPTIONS = 12 /* codes 1 to 11 */ };

struct answer {
    enum answer_kind kind;
    int exception;              /* code, for ANSWER_EXCEPTION */
    bool sure;                  /* the exception is this question's */
    bool stopped;               /* the wait was broken off: `kind` says nothing */
    int64_t begun_ns, ended_ns; /* monotonic: request, last byte */
    int64_t ts_ms;              /* the boot's clock at the last byte */
};

const char *answer_error(const struct answer *); /* the word for it in a reading; NULL for values */
bool answer_is_alive(const struct answer *);     /* the device is there: values or an exception */

struct link;

/* `stop`: a descriptor that becomes readable when nothing is to be waited for any more; -1: none. */
struct link *link_new(const struct bus_section *, int stop, struct fault *);
void link_free(struct link *);

/* Opens the link unless it is open, or was tried too short a while ago.  A TCP connection may take timeout_ms.  Says in
 * the log when the link came or went. */
bool link_open(struct link *, int64_t timeout_ms);
bool link_is_proven(const struct link *); /* something was answered since it was opened */

/* Listens until the line is free for this question; what comes is thrown away.  False: stopped, or the link broke (then
 * it is closed). */
bool link_wait(struct link *, const struct asked *);
/* From when the question may be asked without mistaking its answer; past or 0: now.  After link_wait. */
int64_t link_free_ns(const struct link *, const struct asked *);

/* One request; the link must be open, waited for, and free.  `words` gets the registers, or the bits, one a word.
 * Nothing is repeated. */
struct answer link_ask(struct link *, const struct asked *, uint16_t *words);

/* When the line is free again, as things stand. */
int64_t link_quiet_until_ns(const struct link *);
/* How often bytes were not believed, by reason, ever. */
const uint64_t *link_refused(const struct link *);

#endif
