/* schedule: which device of a bus is due next, and when.  Pure: it is told the time (monotonic milliseconds).
 *
 * Each device has slots, one interval apart, counted from the start and never from when a poll happened to be done: no
 * drift.  A slot may be served up to one interval late (the next one then follows soon); older ones are skipped and
 * counted.  Of the devices that are due the one that has waited longest comes first, so none starves on a bus with more
 * work than time.
 */
#ifndef QUIETAIR_SCHEDULE_H
#define QUIETAIR_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct slot {
    int64_t due_ms, interval_ms;
    uint64_t skipped; /* slots that passed unserved */
    uint64_t turn;    /* of its last poll: among equals the one that was served longest ago comes first */
};

struct schedule {
    struct slot *slots; /* the caller's, one per device and group of metrics */
    size_t count;
    uint64_t turn;
};

/* The interval_ms of all slots are set by the caller; everybody is due at once. */
void schedule_start(struct schedule *, struct slot *slots, size_t count, int64_t now_ms);

/* The device to poll next, and from when.  SIZE_MAX, and *due_ms the largest time, when there are none. */
size_t schedule_next(const struct schedule *, int64_t *due_ms);

/* The device's slot was served, or given up, at now_ms. */
void schedule_done(struct schedule *, size_t device, int64_t now_ms);

/* No poll before until_ms: the first slot at or after it is next. */
void schedule_defer(struct schedule *, size_t device, int64_t until_ms);

#endif
