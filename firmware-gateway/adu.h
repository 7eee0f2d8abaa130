/* adu: Modbus messages as they stand on the wire: a question into bytes, and bytes into what they are.  Pure.
 *
 * Sources: MODBUS Application Protocol V1.1b3, 6.1 to 6.4 and 7; MODBUS over Serial Line V1.02, 2.5.1 and 6.2 (CRC);
 * MODBUS Messaging on TCP/IP V1.0b, 3.1.3 (header).
 *
 * libmodbus opens and drives our links, but is not asked for answers: 3.1.6 takes the first frame that comes, looks at
 * no unit on TCP, knows no RTU over TCP, and tells nobody what it threw away.
 */
#ifndef QUIETAIR_ADU_H
#define QUIETAIR_ADU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum framing { FRAMING_RTU, FRAMING_TCP };
enum { ADU_MAX = 260, ADU_RTU_QUESTION = 8, ADU_RTU_AROUND = 5 /* unit, function, byte count, CRC */ };

struct question {
    uint8_t unit, function; /* function 1 to 4: read */
    uint16_t address, count;
};

size_t question_bytes(const struct question *); /* how many bytes of data its answer carries */

/* Returns the length.  The transaction goes into a TCP header only. */
size_t adu_write(enum framing, const struct question *, uint16_t transaction, uint8_t out[ADU_MAX]);

/* A whole message of a device: an answer to a read request, or an exception to one. */
struct adu {
    size_t length; /* of the whole */
    uint16_t transaction;
    uint8_t unit, function; /* without the exception's bit */
    int exception;          /* 0: it carries data */
    const uint8_t *data;
    size_t bytes; /* of data */
};

/* Does such a message stand at the beginning, whole and with a good CRC? */
bool adu_rtu(const uint8_t *, size_t length, struct adu *);

/* 1: yes; 0: not whole yet; -1: this is no Modbus TCP, and where the next message begins cannot be known.  A message of
 * another kind than we read, or whose lengths contradict each other, has function 0. */
int adu_tcp(const uint8_t *, size_t length, struct adu *);

/* Same unit, function and length as the answer to this question has, or an exception to its function. */
bool adu_fits(const struct adu *, const struct question *);

uint16_t adu_crc(const uint8_t *, size_t length);

#endif
