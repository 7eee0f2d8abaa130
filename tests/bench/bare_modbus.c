#include "tests/bench/bare_modbus.h"
#include "common/clock.h"

#include <modbus/modbus.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { CONNECTIONS = 128 };

void bare_ask_line(void *of)
{
    const struct bare_line *l = of;
    uint16_t words[BARE_REGISTERS];
    int64_t last_ns = clock_mono_ns() + (int64_t)(l->seconds * 1e9);
    modbus_t *modbus = modbus_new_rtu(l->device, l->baud, 'N', 8, 1);
    if (!modbus || modbus_connect(modbus) != 0)
        _exit(1);
    for (int n = 0; clock_mono_ns() < last_ns; n++) {
        modbus_set_slave(modbus, 1 + n % l->units);
        modbus_read_registers(modbus, 0, BARE_REGISTERS, words);
    }
    modbus_close(modbus);
    modbus_free(modbus);
    _exit(0);
}

struct crowd {
    int port;
    atomic_bool over;
    atomic_uint_fast64_t answers;
};

static void *ask(void *of)
{
    struct crowd *c = of;
    uint16_t words[BARE_REGISTERS];
    uint64_t answers = 0;
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", c->port);
    modbus_set_slave(modbus, 1);
    if (modbus_connect(modbus) == 0)
        while (!atomic_load(&c->over))
            answers += modbus_read_registers(modbus, 0, BARE_REGISTERS, words) == BARE_REGISTERS;
    modbus_close(modbus);
    modbus_free(modbus);
    atomic_fetch_add(&c->answers, answers);
    return NULL;
}

uint64_t bare_ask_tcp(int port, int connections, double seconds)
{
    struct crowd c = {.port = port};
    pthread_t threads[CONNECTIONS];
    int started = 0;
    while (started < connections && pthread_create(&threads[started], NULL, ask, &c) == 0)
        started++;
    clock_sleep_until_ns(clock_mono_ns() + (int64_t)(seconds * 1e9));
    atomic_store(&c.over, true);
    while (started)
        pthread_join(threads[--started], NULL);
    return atomic_load(&c.answers);
}
