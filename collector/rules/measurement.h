/* measurement: what officers measured on site or a laboratory found, as evidence.  Pure.
 *
 * Verb `measurement add`: site, at, officers (A;B), value; kind noise (default) | fume; case, note, reviewed_by.
 *   noise  instrument, class, calibration_before, calibration_after, wind, rain (yes | no), background, position, band.
 *          Valid by GB 22337-2008: 5.1 (class 2 or better, class 1 below 35 dB; calibration before and after within
 *          0.5 dB), 5.2 (no rain, wind below 5 m/s); corrected for the background by table 4, rounded to an integer.
 *   fume   values: a run of concentrations at reference air volume in mg/m3, between semicolons, instead of value;
 * those below a quarter of the greatest are left out, three must remain (GB 18483-2001, 6.3). What is not valid is kept
 * as well, with the reasons.
 */
#ifndef QUIETAIR_RULES_MEASUREMENT_H
#define QUIETAIR_RULES_MEASUREMENT_H

#include "collector/rules/command.h"

bool measurement_add(struct fold *, const struct command *, struct buf *answer);

#endif
