#include "common/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_ms(void)
{
    return now_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_ms(void)
{
    return now_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_mono_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
    return now_ns(CLOCK_BOOTTIME) / 1000000;
}

void clock_boot_id(char out[static CLOCK_BOOT_SIZE])
{
    size_t used = 0;
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    for (int c; f && used < CLOCK_BOOT_SIZE - 1 && (c = fgetc(f)) != EOF;)
        if (isxdigit(c))
            out[used++] = (char)c;
    if (f)
        fclose(f);
    memset(out + used, '0', CLOCK_BOOT_SIZE - 1 - used);
    out[CLOCK_BOOT_SIZE - 1] = 0;
}

/* Runtime folders and files of the programs that keep a clock on Debian. */
static bool is_kept(void)
{
    static const char *const signs[] = {"/run/systemd/timesync", "/run/chrony", "/run/ntpsec", "/run/ntpd.pid",
                                        "/run/openntpd.pid"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (access(signs[i], F_OK) == 0)
            return true;
    return false;
}

static enum clock_trust trust_of(bool asked, const struct timex *t)
{
    if ((asked && !(t->status & STA_UNSYNC)) || access("/run/systemd/timesync/synchronized", F_OK) == 0)
        return CLOCK_SYNCED;
    bool timesyncd = access("/run/systemd/timesync", F_OK) == 0; /* its mark tells even where nobody may ask */
    return timesyncd || (asked && is_kept()) ? CLOCK_UNSYNCED : CLOCK_UNKEPT;
}

void clock_look(struct clock_look *out)
{
    enum { TRIES = 3, CLOSE_NS = 1000000 };
    struct timex t = {.modes = 0};
    bool asked = adjtimex(&t) >= 0;
    int64_t before, wall, after;
    int tries = 0;
    do { /* not interrupted between the two */
        before = now_ns(CLOCK_BOOTTIME);
        wall = now_ns(CLOCK_REALTIME);
        after = now_ns(CLOCK_BOOTTIME);
    } while (after - before > CLOSE_NS && ++tries < TRIES);
    *out = (struct clock_look){.boot_ms = after / 1000000,
                               .wall_ms = (wall - after) / 1000000 + after / 1000000,
                               .trust = trust_of(asked, &t),
                               .error_ms = asked ? (t.maxerror + 999) / 1000 : 16000};
    out->error_ms += (after - before) / 1000000 + 1;
}

void clock_sleep_until_ns(int64_t mono_ns)
{
    struct timespec t = {.tv_sec = mono_ns / 1000000000, .tv_nsec = mono_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}
