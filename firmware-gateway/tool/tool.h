/* tool: what the verbs of quietair-bus share: the options that were given, the bus that they describe, and one question
 * on it.
 *
 * The installer's tool uses what the gateway uses (link.h, bus.h, profiles), so that what it shows is what the gateway
 * will read.  Data goes to stdout, words and progress to stderr.
 */
#ifndef QUIETAIR_TOOL_H
#define QUIETAIR_TOOL_H

#include "common/buf.h"
#include "common/err.h"
#include "common/table.h"
#include "firmware-gateway/link.h"
#include "firmware-gateway/settings.h"

enum { TOOL_DONE = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 }; /* exit status */

enum tool_option {
    TOOL_CONFIG,
    TOOL_DEVICE,
    TOOL_TCP,
    TOOL_RTU_TCP,
    TOOL_BAUD,
    TOOL_PARITY,
    TOOL_STOP_BITS,
    TOOL_RS485,
    TOOL_TIMEOUT,
    TOOL_UNIT,
    TOOL_UNITS,
    TOOL_REGISTER,
    TOOL_COUNT,
    TOOL_PROFILES,
    TOOL_INTERVAL,
    TOOL_ROUNDS,
    TOOL_OPTIONS
};

struct tool {
    const char *values[TOOL_OPTIONS]; /* as given; NULL: not */
    const char *profile;              /* the argument of `try` and `watch`; NULL */
    bool json, colour;                /* colour: stdout is a terminal */
};

/* One of several speeds and parities of a line; on TCP both are NULL. */
struct tool_line {
    const char *baud, *parity;
};

/* The bus of the options as the settings of a gateway; with `profile` also its one device, "meter".  False: the faults
 * have been printed.  *s needs gateway_settings_free either way. */
bool tool_settings(const struct tool *, struct tool_line, const char *profile, struct gateway_settings *s);

/* False, and said who it is, when another program has the serial line of a bus open; or when it is not there. */
bool tool_line_is_free(const struct bus_section *);

/* "8N1 at 9600 baud", "TCP 192.0.2.10:502". */
void tool_describe(const struct bus_section *, struct buf *);

/* Asks one question.  False: the link cannot be had (that was logged), or a stop was asked for. */
bool tool_ask(struct link *, const struct bus_section *, const struct question *, struct answer *, uint16_t *words);

/* holding:500, input:0x10.  False: not such a thing. */
bool tool_register(const char *text, enum profile_table *, uint16_t *address);
uint8_t tool_function(enum profile_table); /* the function code that reads it */

void tool_print(const struct tool *, const struct table *);

int tool_scan(const struct tool *);
int tool_read(const struct tool *);
int tool_try(const struct tool *);
int tool_watch(const struct tool *);

#endif
