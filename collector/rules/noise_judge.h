/* noise_judge: a closed noise window against the limit of its site.  Pure.
 *
 * judged = energy mean + correction for background noise, rounded once (GB/T 8170-2008: half to even; or not at all,
 * [rules] rounding).  The window exceeds when that is above the limit.  A mean that does not exceed it needs no
 * correction; one that does, and lies too near to the background, must be measured again.
 *
 * Not judged, in this order:
 *   sampling      `la` more rarely than once a second
 *   no-limit      no class is given, or no standard has a limit for it
 *   quality       too little valid time, and it would be enough with the suspect levels
 *   coverage      too little valid time
 *   weather       the site's weather station had rain or wind (weather.h).  If it said too little: judged, with a note,
 *                 and the window waits for what it says later (waiting.h)
 *   calibration   the meter was calibrated longer than calibration_interval before; no date given: judged
 *   background    exceeds, and the background is too near
 */
#ifndef QUIETAIR_NOISE_JUDGE_H
#define QUIETAIR_NOISE_JUDGE_H

#include "collector/rules/verdict.h"

struct device;

#define WEATHER_NOT_KNOWN "weather not known" /* the note */

struct verdict noise_judge(const struct fold *, const struct device *); /* its window, which has passed */
double noise_rounded(const struct fold *, double level);

#endif
