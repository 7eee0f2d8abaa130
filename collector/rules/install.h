/* install: purifiers that should have been installed by now; flag install-overdue (GB 18483-2001, 5.1).  Pure.
 *
 * A catering site whose register gives an install_deadline and no purifier (`no`, or not given, or one with a date of
 * installation that lies ahead) is overdue from 00:00 local of the day after the deadline.  The flag's start is the
 * deadline.  It ends when a version of the site says that a purifier is installed, or gives another deadline: from the
 * date of installation, else from the day on which that version holds.  If that is after the flag's begin it is
 * cleared, else withdrawn: it never was overdue.
 */
#ifndef QUIETAIR_INSTALL_H
#define QUIETAIR_INSTALL_H

#include <stdint.h>

struct fold;
struct place;

void install_changed(struct fold *, struct place *); /* its register changed */
void install_tick(struct fold *, int64_t now);

#endif
