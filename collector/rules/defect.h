/* defect: a device that answers and cannot measure; flag device-fault.  Pure.
 *
 * A spell begins with the first faulty answer (answer.h) and ends with a good one.  It raises the flag with the first
 * faulty answer that comes device_fault_after later.  A spell that has not raised it is forgotten when the device falls
 * silent for device_silent_after, or when nothing is known of its gateway.
 */
#ifndef QUIETAIR_DEFECT_H
#define QUIETAIR_DEFECT_H

#include "collector/rules/missing.h"
#include "collector/rules/pack.h"

struct defect {
    int64_t since, newest; /* first and newest faulty answer of the spell; 0 none */
    bool raised;
};

void defect_faulty(struct fold *, struct device *, const char *reason); /* at d->now */
void defect_good(struct fold *, struct device *);                       /* at d->now */
void defect_forget(struct device *);                                    /* unless it is raised */
void defect_drop(struct fold *, struct device *, int64_t at);           /* it is waited for no longer */
void defect_pack(struct pack *, struct defect *);

#endif
