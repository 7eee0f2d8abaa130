/* What profile.c and profile_metric.c share: a file's text on its way to a struct profile. */
#ifndef QUIETAIR_PROFILE_PRIVATE_H
#define QUIETAIR_PROFILE_PRIVATE_H

#include "firmware-gateway/profile.h"

extern const char *const profile_orders[]; /* enum profile_order */

/* One metric's section.  Faults are told; what could not be read stays 0, so that its `count` is 0 where the place or
 * the type is not known. */
void profile_read_metric(const struct profile *, int section, struct profile_metric *, struct faults *);
void profile_free_metric(const struct profile_metric *);

/* A whole number as it is written for registers and raw values: decimal, or 0x… up to 64 bits. */
bool profile_parse_raw(const char *text, size_t length, int64_t *out);
/* "holding", "input", "coil", "discrete".  False: there is no such table. */
bool profile_parse_table(const char *text, size_t length, enum profile_table *);

#endif
