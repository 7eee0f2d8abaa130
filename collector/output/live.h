/* live: what a gateway says on its `now` topic, as the retained messages of its devices.  Pure. */
#ifndef QUIETAIR_LIVE_H
#define QUIETAIR_LIVE_H

#include "collector/intake.h"

struct live_sink {
    void *ctx;
    void (*say)(void *ctx, const char *topic /* below ROOT: district/live/site/device */, const char *payload,
                size_t length);
};

/* Says the newest values of each device that may report for its site; others, and such that do not know the time yet,
 * are passed over.  What cannot be read is not said: the number of such devices, or 1 for the message as a whole. */
size_t live_put(const struct intake *, const char *gateway, const char *payload, size_t length,
                const struct live_sink *);

#endif
