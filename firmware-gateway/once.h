/* once: `quietair-gateway --once`: polls each device once and prints a table; publishes and keeps nothing. */
#ifndef QUIETAIR_ONCE_H
#define QUIETAIR_ONCE_H

#include "firmware-gateway/settings.h"

int once_print(const struct gateway_settings *); /* exit status: 0, or 1 if a device failed */

#endif
