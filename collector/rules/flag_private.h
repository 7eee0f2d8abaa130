/* flag_private: what flag.c and flag_past.c share. */
#ifndef QUIETAIR_FLAG_PRIVATE_H
#define QUIETAIR_FLAG_PRIVATE_H

#include "collector/rules/flag.h"

enum { FLAG_RETAINED_MS = 24 * 3600 * 1000 }; /* its alert, after its end */

struct flag;

struct flag *flag_find(const struct fold *, const struct subject *); /* raised, or ended not long ago; NULL */
/* The flag's next revision: its row, its point, its alert under the topic of its present grid.  One without a topic
 * (NULL) has given its place to a newer one, whose alert stays. */
void flag_tell(struct fold *, struct flag *, const char *state, int64_t until, int64_t at, bool point);

#endif
