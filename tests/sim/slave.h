/* slave: the bytes of a request in, the bytes of the answer out; between them libmodbus's server.  The only place that
 * knows modbus.h.
 *
 * A slave is a libmodbus server context at one end of a socket pair: the request is laid into the other end, libmodbus
 * receives, checks and answers it, and the answer is taken out there.  So whoever owns the real link (a TCP port, an
 * emulated RS-485 line) decides alone when which byte moves, and libmodbus never waits for one.
 * Only reads (function codes 1 to 4) are served; everything else is answered as an illegal function.
 */
#ifndef QUIETAIR_SIM_SLAVE_H
#define QUIETAIR_SIM_SLAVE_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADU_MAX = 260, EXCEPTION_TARGET_SILENT = 11 };

enum framing { FRAMING_TCP, FRAMING_RTU };

/* The four tables of a Modbus device, by their function codes. */
enum table { TABLE_COIL = 1, TABLE_DISCRETE = 2, TABLE_HOLDING = 3, TABLE_INPUT = 4 };

/* What a request asks for; function is 0 when it is too short to tell. */
struct question {
    int unit, function;
    unsigned address, count; /* of functions 1 to 4 */
};
struct question question_of(enum framing, const uint8_t *request, size_t length);

/* The registers of one meter: of each table the addresses first .. first+count-1 exist. */
struct registers;
struct extent {
    unsigned first, count;
};
struct registers *registers_new(const struct extent extents[static TABLE_INPUT + 1]); /* by enum table */
void registers_free(struct registers *);
void registers_set(struct registers *, enum table, unsigned address, uint16_t word);

struct slave;
struct slave *slave_new(enum framing, struct fault *);
void slave_free(struct slave *);

/* Answers one whole request from these registers (NULL allowed with an exception); exception 1..11 is answered instead
 * of what is asked, 0: none.  Returns the answer's length; 0: no answer, the request was damaged. */
size_t slave_answer(struct slave *, struct registers *, const uint8_t *request, size_t length, int exception,
                    uint8_t answer[static ADU_MAX]);

#endif
