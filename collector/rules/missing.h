/* missing: the intervals in which a device gave no readings, and why.  Pure. */
#ifndef QUIETAIR_MISSING_H
#define QUIETAIR_MISSING_H

#include <stdint.h>

struct fold;
struct device;

enum { REASON_SIZE = 24 };
/* A reason is a word of the protocol; a foreign gateway may say anything: then it is "error". */
void missing_reason(char out[static REASON_SIZE], const char *reason);

/* From `at` on nothing comes; another reason than the one at work ends that interval and begins the next. */
void missing_begin(struct fold *, struct device *, int64_t at, const char *reason);
void missing_end(struct fold *, struct device *, int64_t at); /* nothing was missing: fine */
void missing_tick(struct fold *);                             /* rows of intervals that still grow */

#endif
