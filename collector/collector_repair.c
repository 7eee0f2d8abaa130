/* Frames that a `time` frame has made readable, journalled again with their times (held.h). */
#include "collector/collector_private.h"
#include "common/clock.h"
#include "common/log.h"

enum { REPAIRS_AT_A_TIME = 500 }; /* then the loop goes round: only frames of that gateway wait longer */

/* 1: *frame is the record at that place.  0: it is there, but not to be had now.  ERR_*: nor ever. */
static int read_held(struct collector *c, uint64_t at, struct record *frame)
{
    struct journal_record rec;
    if (at > journal_synced(c->journal)) { /* it came just now, and readers see only what is durable */
        if (journal_sync(c->journal) != 0)
            c->failed = true;
        if (c->failed)
            return 0;
    }
    int r = journal_read(c->held, at, &rec);
    if (r == 1)
        return record_read(frame, rec.bytes, rec.length) == 0 ? 1 : ERR_CORRUPT;
    return r == ERR_IO ? 0 : r;
}

void repairs_pay(struct collector *c)
{
    uint64_t at = 0;
    for (int i = 0; i < REPAIRS_AT_A_TIME && !c->failed && (at = intake_owed(c->intake)); i++) {
        struct record frame;
        int r = read_held(c, at, &frame);
        if (r == 0)
            return;
        if (r < 0)
            log_error("intake", "record %llu cannot be read any more: its readings stay without a time",
                      (unsigned long long)at);
        buf_clear(&c->record);
        intake_repair(c->intake, r == 1 ? &frame : NULL, clock_wall_ms(), &c->record);
        if (c->record.length)
            append(c, c->record.data, c->record.length);
    }
}
