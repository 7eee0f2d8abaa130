/* calibration: meters whose next calibration is near or past; flag calibration-due.  Pure.
 *
 * A device that tells when it was calibrated (hello, `calibrated`) is due [rules] calibration_interval later; the flag,
 * with that instant as its start, is raised calibration_due_before ahead.  It ends when a hello tells a newer date:
 * cleared at that date, or withdrawn where it lies before the flag's begin.  Without a date nothing is known, and
 * nothing changes.
 */
#ifndef QUIETAIR_CALIBRATION_H
#define QUIETAIR_CALIBRATION_H

#include <stdint.h>

struct fold;
struct device;

/* A hello of the device came; date: YYYY-MM-DD, "" or anything else: not known. */
void calibration_told(struct fold *, struct device *, const char *date);
void calibration_changed(struct fold *); /* the rules changed */
void calibration_tick(struct fold *, int64_t now);

#endif
