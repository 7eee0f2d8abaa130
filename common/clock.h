/* clock: the clocks.  Only shells may include this; pure code is told the time. */
#ifndef QUIETAIR_CLOCK_H
#define QUIETAIR_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void); /* milliseconds since 1970-01-01 UTC */
int64_t clock_mono_ms(void); /* for intervals and timers */
int64_t clock_mono_ns(void);
int64_t clock_boot_ms(void); /* since this boot, sleep included; nobody can set it */
/* The id of this boot, 32 hex digits (/proc/sys/kernel/random/boot_id, random(4)); zeros where it cannot be read. */
enum { CLOCK_BOOT_SIZE = 33 };
void clock_boot_id(char out[static CLOCK_BOOT_SIZE]);

enum clock_trust {
    CLOCK_SYNCED,
    CLOCK_UNSYNCED, /* somebody here keeps the wall clock, and has not set it yet */
    CLOCK_UNKEPT    /* nobody here keeps it, or we are not allowed to ask */
};
struct clock_look {
    int64_t wall_ms, boot_ms; /* of one moment */
    enum clock_trust trust;
    int64_t error_ms; /* how far off the wall clock may be, as the kernel says; 16000: it does not know */
};
/* The kernel says whether the wall clock is synchronised (adjtimex(2), STA_UNSYNC).  So does, for this boot, the mark
 * of systemd-timesyncd (systemd-timesyncd.service(8)), also where a sandbox forbids to ask (ProtectClock). */
void clock_look(struct clock_look *);
void clock_sleep_until_ns(int64_t mono_ns); /* returns at once if it has passed */

#endif
