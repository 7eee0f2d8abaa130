/* opening: opening hours, `mo-th 17:00-02:00;fr-sa 17:00-04:00` or `10:00-14:00;17:00-22:00`.  Pure.
 *
 * Entries are separated by `;`.  An entry is [days] from-to; days are mo tu we th fr sa su, one or a range (sa-mo
 * wraps), none means every day.  Times are civil, 00:00 to 24:00.  An end at or before its start lies on the following
 * day, which then belongs to the day named: `fr 17:00-04:00` is open on Saturday at 03:59.
 */
#ifndef QUIETAIR_OPENING_H
#define QUIETAIR_OPENING_H

#include <stdbool.h>

bool opening_valid(const char *text);

/* weekday 1 Monday .. 7 Sunday, minute 0..1439.  "" is open always; so is a text that is not valid. */
bool opening_at(const char *text, int weekday, int minute);

#endif
