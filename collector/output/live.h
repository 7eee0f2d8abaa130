/* live: what a gateway says on its `now` topic, as the retained messages of its devices.  Pure. */
#ifndef QUIETAIR_LIVE_H
#define QUIETAIR_LIVE_H

#include "collector/intake.h"

struct live_sink {
    void *ctx;
    void (*say)(void *ctx, const char *topic /* below ROOT: district/live/site/device */, const char *payload,
                size_t length);
};

/* Says the newest values of each device that may report for its site; such that do not know the time yet are passed
 * over.  What is not said for another reason is told. */
struct live_told {
    size_t unread;  /* devices that cannot be read, or 1 for the message as a whole */
    size_t refused; /* devices that may not report; one of them, and why: */
    char device[ID_SIZE];
    const char *why;
};
struct live_told live_put(const struct intake *, const char *gateway, const char *payload, size_t length,
                          int64_t receipt_ms, const struct live_sink *);

/* How many devices of the newest `now` of each gateway may not report.  Zeroed: none.
 * More than was said is to be said when a second `now` in a row has it: the first of a box may come before its hello. */
enum { LIVE_GATEWAYS_MOST = 65536 };
struct live_refused {
    struct {
        char gateway[ID_SIZE];
        size_t devices, said;
    } * list; /* of those gateways that have such */
    size_t count;
};
bool live_refused_set(struct live_refused *, const char *gateway, size_t devices); /* true: to be said */
size_t live_refused_sum(const struct live_refused *);
void live_refused_free(struct live_refused *);

#endif
