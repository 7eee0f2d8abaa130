/* calendars: the files cn-YYYY.ini of working days (rules/calendar.h), read for the config record. */
#ifndef QUIETAIR_CALENDARS_H
#define QUIETAIR_CALENDARS_H

#include "common/buf.h"
#include "common/err.h"

/* Every cn-YYYY.ini of the folder, checked, as {"cn-2026":"INI text",…} in the order of the years.  No folder: {}. */
void calendars_put(const char *dir, struct buf *json, struct faults *);
/* The present year and the next, where there is no file for them: in words.  Not a fault: weekends are known. */
void calendars_warn(const char *dir, int64_t now_ms, struct faults *warnings);

#endif
