/* civil: civil time in one IANA zone (bands, days, ISO weeks).  Arithmetic on given instants; reads no clock.
 * The zone is the process's (TZ), set once at start and again when a recorded configuration names another.
 */
#ifndef QUIETAIR_CIVIL_H
#define QUIETAIR_CIVIL_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

struct civil {
    int year, month, day;     /* month 1..12, day 1..31 */
    int hour, minute, second; /* 0..23, 0..59, 0..60 */
    int weekday;              /* 1 Monday .. 7 Sunday */
};

int civil_zone(const char *iana, struct fault *); /* ERR_RANGE: no such zone in the tz database */
struct civil civil_of(int64_t ms);
int64_t civil_ms(int year, int month, int day, int hour, int minute, int second); /* days and hours may overflow */
int64_t civil_midnight(int64_t ms, int days); /* 00:00 local of the day of ms, plus days (DST-safe) */

/* "2026-11-24" or "2026-11-24T09:30" (local) → ms; false if it is not a date that exists. */
bool civil_parse(const char *text, int64_t *ms);
void civil_date(int64_t ms, char out[static 11]);  /* 2026-11-24 */
void civil_stamp(int64_t ms, char out[static 20]); /* 2026-11-24 09:30:05 */

bool civil_week_parse(const char *text, int64_t *from, int64_t *until); /* 2026-W47: Monday 00:00 .. next Monday */
void civil_week_of(int64_t ms, char out[static 9]);                     /* ISO week of an instant */

#endif
