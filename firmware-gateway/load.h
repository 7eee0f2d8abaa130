/* load: how much of a bus's time polling will take, before it is tried.  Pure.
 *
 * Each request counts with its characters, the answer's, the silence or pause before each, and the device's usual
 * turnaround.  What cannot be known is left out: retries, timeouts, and the network before a converter.
 */
#ifndef QUIETAIR_LOAD_H
#define QUIETAIR_LOAD_H

#include "firmware-gateway/settings.h"

/* The share of the bus's time, 1 being all of it; 0 for Modbus TCP, where nobody can tell beforehand. */
double load_of_bus(const struct gateway_settings *, size_t bus);
double load_of_device(const struct gateway_settings *, size_t device);

/* `this plan needs 112 % of bus kitchen at 9600 baud: hood-1 60 %, noise-1 52 %`, the costliest three.  False: there is
 * time enough. */
bool load_excess(const struct gateway_settings *, size_t bus, struct buf *why);

#endif
