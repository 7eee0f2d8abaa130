/* fume_verdict: what a window of fume.h that has ended comes to.  Pure. */
#ifndef QUIETAIR_FUME_VERDICT_H
#define QUIETAIR_FUME_VERDICT_H

#include "collector/rules/fume_run.h"
#include "collector/rules/verdict.h"

struct device;
struct site;

/* By the version of the site that is valid at its begin. */
struct verdict fume_judge(const struct fold *, const struct device *, enum air *);
/* Why emission counts as exceedance there without a number; NULL: it does not. */
const struct provision *fume_bare(const struct fold *, const struct site *, int64_t at);

#endif
