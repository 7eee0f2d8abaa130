/* peak: the loudest moment of a noise window against limit and margin; flag noise-peak.  Pure.
 *
 * [rules] peak_margin names by which margin of which standard LAFmax may exceed the limit for LAeq; without it nothing
 * is judged here.  The law is not of one mind: GB 22337-2008 has bursts measured (5.4.1, 6.2) and sets no margin at the
 * boundary, only for noise carried by the structure (4.2.2); the margins for the night are those of GB 12348-2008,
 * 4.1.2 and 4.1.3, and GB 3096-2008, 5.4.  So the flag is statutory only where the margin is of the standard that also
 * set the limit.
 *
 * LAFmax is what the meter tells as `lafmax`, without correction, rounded as levels are.  A window that no margin
 * applies to (by day) has none to exceed and counts as compliant; one that could not be judged for another reason than
 * its background, or without `lafmax`, changes nothing.
 */
#ifndef QUIETAIR_PEAK_H
#define QUIETAIR_PEAK_H

#include "collector/rules/rule.h"

struct fold;
struct device;
struct verdict;

/* The verdict is that of its window just closed; told is what the flag counts. */
enum outcome peak_conclude(struct fold *, struct device *, const struct verdict *);

#endif
