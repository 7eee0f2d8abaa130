/* once: `quietair-gateway --once`: polls each device once and prints a table, or JSON; publishes and keeps nothing. */
#ifndef QUIETAIR_ONCE_H
#define QUIETAIR_ONCE_H

#include "firmware-gateway/settings.h"

/* As JSON {"readings":[…],"texts":[{"device":"a","serial":"…"}]}: readings as in a frame.  Exit status: 0, or 1 if a
 * device failed. */
int once_print(const struct gateway_settings *, bool json);

#endif
