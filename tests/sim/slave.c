#include "tests/sim/slave.h"

#include <assert.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ILLEGAL_FUNCTION = 1, RTU_UNIT_AT = 0, TCP_UNIT_AT = 6, PORT_UNUSED = 502 };

struct registers {
    modbus_mapping_t *mapping;
};

struct slave {
    modbus_t *modbus;
    enum framing framing;
    int outer, inner; /* the socket pair: ours, libmodbus's */
};

struct question question_of(enum framing framing, const uint8_t *request, size_t length)
{
    const uint8_t *unit = request + (framing == FRAMING_RTU ? RTU_UNIT_AT : TCP_UNIT_AT);
    if (length < (size_t)(unit - request) + 6)
        return (struct question){0};
    return (struct question){.unit = unit[0],
                             .function = unit[1],
                             .address = (unsigned)(unit[2] << 8 | unit[3]),
                             .count = (unsigned)(unit[4] << 8 | unit[5])};
}

struct registers *registers_new(const struct extent extents[static TABLE_INPUT + 1])
{
    struct registers *r = xcalloc(1, sizeof *r);
    r->mapping = modbus_mapping_new_start_address(extents[TABLE_COIL].first, extents[TABLE_COIL].count,
                                                  extents[TABLE_DISCRETE].first, extents[TABLE_DISCRETE].count,
                                                  extents[TABLE_HOLDING].first, extents[TABLE_HOLDING].count,
                                                  extents[TABLE_INPUT].first, extents[TABLE_INPUT].count);
    if (!r->mapping)
        abort(); /* only for want of memory */
    return r;
}

void registers_free(struct registers *r)
{
    if (!r)
        return;
    modbus_mapping_free(r->mapping);
    free(r);
}

void registers_set(struct registers *r, enum table table, unsigned address, uint16_t word)
{
    modbus_mapping_t *m = r->mapping;
    switch (table) {
    case TABLE_COIL:
        m->tab_bits[address - (unsigned)m->start_bits] = (uint8_t)word;
        return;
    case TABLE_DISCRETE:
        m->tab_input_bits[address - (unsigned)m->start_input_bits] = (uint8_t)word;
        return;
    case TABLE_HOLDING:
        m->tab_registers[address - (unsigned)m->start_registers] = word;
        return;
    case TABLE_INPUT:
        m->tab_input_registers[address - (unsigned)m->start_input_registers] = word;
        return;
    }
}

struct slave *slave_new(enum framing framing, struct fault *f)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        fault(f, ERR_IO, "no socket pair: %s", strerror(errno));
        return NULL;
    }
    struct slave *s = xcalloc(1, sizeof *s);
    s->outer = pair[0];
    s->inner = pair[1];
    s->framing = framing;
    if (s->inner >= FD_SETSIZE) { /* libmodbus waits with select(2) */
        fault(f, ERR_FULL, "more than %d open files", FD_SETSIZE);
        slave_free(s);
        return NULL;
    }
    /* The device and the address are never opened: the socket pair takes their place. */
    s->modbus = framing == FRAMING_RTU ? modbus_new_rtu("/dev/null", 9600, 'N', 8, 1)
                                       : modbus_new_tcp("127.0.0.1", PORT_UNUSED);
    if (!s->modbus || modbus_set_socket(s->modbus, s->inner) != 0) {
        fault(f, ERR_IO, "no libmodbus context: %s", modbus_strerror(errno));
        slave_free(s);
        return NULL;
    }
    /* Whole requests are laid in, so a wait means a damaged one: give up after 1 ms.  The response timeout is how long
     * libmodbus 3.1 sleeps before it answers an illegal count (modbus.c, response_exception). */
    modbus_set_indication_timeout(s->modbus, 0, 1000);
    modbus_set_byte_timeout(s->modbus, 0, 1000);
    modbus_set_response_timeout(s->modbus, 0, 1);
    return s;
}

void slave_free(struct slave *s)
{
    if (!s)
        return;
    modbus_free(s->modbus);
    close(s->outer);
    close(s->inner);
    free(s);
}

/* What libmodbus left of a request that it could not read. */
static void drain(int fd)
{
    uint8_t rest[ADU_MAX];
    while (recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
        ;
}

size_t slave_answer(struct slave *s, struct registers *r, const uint8_t *request, size_t length, int exception,
                    uint8_t answer[static ADU_MAX])
{
    uint8_t received[MODBUS_TCP_MAX_ADU_LENGTH];
    struct question q = question_of(s->framing, request, length);
    ssize_t n = -1;
    int rc;

    assert(length <= ADU_MAX);
    if (s->framing == FRAMING_RTU)
        modbus_set_slave(s->modbus, request[RTU_UNIT_AT]);
    if (send(s->outer, request, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length) {
        rc = modbus_receive(s->modbus, received);
        if (rc > 0 && !exception && (q.function < TABLE_COIL || q.function > TABLE_INPUT))
            exception = ILLEGAL_FUNCTION;
        if (rc > 0)
            rc = exception ? modbus_reply_exception(s->modbus, received, (unsigned)exception)
                           : modbus_reply(s->modbus, received, rc, r->mapping);
        if (rc > 0)
            n = recv(s->outer, answer, ADU_MAX, MSG_DONTWAIT);
    }
    drain(s->inner);
    return n > 0 ? (size_t)n : 0;
}
