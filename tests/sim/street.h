/* street: the scenario file.  Everything in it is checked before anything is opened; all faults are found in one run.
 *
 *   [sim]                         may be left out
 *   seed = 1                      of all jitter: the same seed draws the same numbers
 *   repeat = 3min                 schedules and dead windows begin again after this; usual: 0, never
 *   timezone = Asia/Shanghai      of times of day; usual: the machine's
 *
 *   [bus cabinet]
 *   type = tcp
 *   address = 127.0.0.1:15020     IPv4; port 0: any free one
 *
 *   [bus kitchen]
 *   type = rtu
 *   link = kitchen                a symbolic link to a pty, made at start and removed at the end
 *   baud = 9600                   these three are usual
 *   parity = none                 none even odd
 *   stop_bits = 1                 1 2
 *
 *   [model renke-noise]           where values lie; each key is a point
 *   la = holding:0 u16 x0.1       TABLE:ADDRESS TYPE [ORDER] [xSCALE] [value USUAL]
 *
 *   [meter noise-1]
 *   bus = cabinet
 *   unit = 1                      1..247
 *   model = renke-noise
 *   turnaround = 0                before the answer, usual: 0; on RTU never less than 3.5 characters
 *   dead = no                     no, yes, or windows after the start: 20s-40s 80s-95s
 *   la = 0s:58 20s:86~0.8         each point of the model: what it says (behaviour.h)
 *
 * TABLE: holding, input, coil, discrete; ADDRESS zero-based, decimal or 0x.  TYPE: u16 s16 u32 s32 f32, and bit in
 * coils and discrete inputs.  ORDER of 32-bit types: abcd (usual) cdab badc dcba.  SCALE: register x SCALE is the
 * value; usual x1.  A meter must say each point for which its model names no usual value.  Comments stand on lines
 * of their own.
 */
#ifndef QUIETAIR_SIM_STREET_H
#define QUIETAIR_SIM_STREET_H

#include "tests/sim/bus.h"

struct street {
    size_t bus_count, meter_count;
    struct bus *buses;
    struct meter *meters;
};

/* NULL: faults say why.  Meters are prepared; buses are not open. */
struct street *street_open(const char *path, struct faults *);
void street_close(struct street *);

#endif
