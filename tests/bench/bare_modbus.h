/* bare_modbus: libmodbus asked in a tight loop, with nothing done about what it says: the measure that the gateway is
 * put beside. */
#ifndef QUIETAIR_BARE_MODBUS_H
#define QUIETAIR_BARE_MODBUS_H

#include <stdint.h>

enum { BARE_REGISTERS = 10 };

struct bare_line {
    const char *device;
    int baud, units; /* asked by turns, from 1 on */
    double seconds;
};
void bare_ask_line(void *bare_line); /* 8N1; ends the process: 0, or 1 if it cannot be opened */

/* So many connections, each by a thread, for so many seconds; returns how many answers came. */
uint64_t bare_ask_tcp(int port, int connections, double seconds);

#endif
