#include "common/clock.h"
#include "common/log.h"
#include "common/service.h"
#include "firmware-gateway/bus_private.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { UNPLUGGED_EVERY_MS = 1000 /* a device on a link that is not there is reported no more often */ };

bool bus_wait_until(struct bus *bus, int64_t mono_ns)
{
    struct pollfd bell = {.fd = bus->bell, .events = POLLIN};
    for (;;) {
        int64_t now_ns = clock_mono_ns(), left = mono_ns - now_ns;
        bus->back_by_ns = left > 0 ? mono_ns : now_ns;
        left = left > 0 ? left : 0;
        struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        if (ppoll(&bell, 1, &t, NULL) > 0)
            return false;
        if (!left)
            return true;
    }
}

/* ---- the worker ---- */

/* Slots of the first group that were skipped are accounted for: said, or (`tell` false) covered by what was said. */
static void account(struct bus *bus, struct polled *d, bool tell)
{
    uint64_t skipped = bus->slots[d->slot].skipped;
    if (tell && skipped > d->told)
        poll_suspended(bus, d, skipped - d->told, clock_boot_ms());
    d->told = skipped;
}

static void defer(struct bus *bus, struct polled *d, int64_t until_ms)
{
    for (size_t g = 0; g < d->section->group_count; g++)
        schedule_defer(&bus->schedule, d->slot + g, until_ms);
}

static void judge_silence(struct bus *bus, struct polled *d, int64_t from_ms, int64_t now_ms)
{
    bool was_open = breaker_is_open(&d->breaker);
    int64_t back_off = breaker_failure(&d->breaker, d->section->interval_ms);
    int64_t over_ms = link_quiet_until_ns(bus->link) / 1000000;
    if (!back_off)
        return;
    if (was_open) /* what it took to find out that it is dead is not counted */
        bus->share_until_ms = breaker_share_until(from_ms, over_ms > now_ms ? over_ms : now_ms);
    defer(bus, d, now_ms + back_off);
    if (!was_open)
        log_warn("bus", "%s: %s (unit %" PRId64 ") does not answer; it is asked less often until it does",
                 bus->section->name, d->section->name, d->section->unit);
}

static void judge(struct bus *bus, size_t slot, enum poll_result result, int64_t from_ms, int64_t free_ms)
{
    struct polled *d = &bus->devices[bus->turns[slot].device];
    int64_t now_ms = clock_mono_ms();
    schedule_done(&bus->schedule, slot, now_ms);
    if (result == POLL_UNPLUGGED) {
        schedule_defer(&bus->schedule, slot, now_ms + UNPLUGGED_EVERY_MS);
        account(bus, d, false);
    } else if (result == POLL_BARRED) {
        schedule_defer(&bus->schedule, slot, free_ms);
    } else if (result == POLL_SILENT) {
        judge_silence(bus, d, from_ms, now_ms);
    } else if (breaker_success(&d->breaker)) {
        log_info("bus", "%s: %s answers again", bus->section->name, d->section->name);
    }
}

/* May this slot be served?  Else it is put off.  Of a device that is given up only the first group is asked. */
static bool admitted(struct bus *bus, size_t slot, int64_t now_ms)
{
    struct polled *d = &bus->devices[bus->turns[slot].device];
    int64_t until_ms = bus->share_until_ms;
    if (!breaker_is_open(&d->breaker))
        return true;
    if (bus->turns[slot].group) {
        int64_t first_ms = bus->slots[d->slot].due_ms;
        until_ms = (first_ms > now_ms ? first_ms : now_ms) + 1;
    }
    if (now_ms >= until_ms)
        return true;
    schedule_defer(&bus->schedule, slot, until_ms);
    return false;
}

static bool serve(struct bus *bus, size_t slot)
{
    struct polled *d = &bus->devices[bus->turns[slot].device];
    int64_t now_ms = clock_mono_ms(), free_ms = 0;
    if (bus->turns[slot].group == 0)
        account(bus, d, true);
    if (!admitted(bus, slot, now_ms))
        return true;
    enum poll_result result = poll_group(bus, d, bus->turns[slot].group, &free_ms);
    if (result == POLL_STOPPED || !poll_identity(bus, d, result))
        return false;
    judge(bus, slot, result, now_ms, free_ms);
    return true;
}

/* The slots that a device with an open breaker has missed by now, of those up to its next turn. */
static void account_at_end(struct bus *bus, struct polled *d)
{
    const struct slot *slot = &bus->slots[d->slot];
    int64_t ahead = slot->due_ms - clock_mono_ms();
    int64_t not_yet = ahead > 0 ? (ahead + slot->interval_ms - 1) / slot->interval_ms : 0;
    int64_t missed = (int64_t)(slot->skipped - d->told) - not_yet;
    if (breaker_is_open(&d->breaker) && missed > 0)
        poll_suspended(bus, d, (uint64_t)missed, clock_boot_ms());
}

static void *work(void *of)
{
    struct bus *bus = of;
    int64_t due_ms;
    if (bus->section->type != BUS_TCP)
        prctl(PR_SET_TIMERSLACK,
              1UL); /* a silence is waited for to the microsecond; the kernel's usual 50 are lost time */
    schedule_start(&bus->schedule, bus->slots, bus->slot_count, clock_mono_ms());
    for (;;) {
        size_t slot = schedule_next(&bus->schedule, &due_ms);
        if (!bus_wait_until(bus, due_ms > INT64_MAX / 1000000 ? INT64_MAX : due_ms * 1000000) || !serve(bus, slot))
            break;
    }
    for (size_t i = 0; i < bus->count; i++)
        account_at_end(bus, &bus->devices[i]);
    return NULL;
}

/* ---- life ---- */

static void bus_free(struct bus *bus)
{
    link_free(bus->link);
    pthread_mutex_destroy(&bus->lock);
    for (size_t i = 0; i < bus->count; i++) {
        for (size_t g = 0; g < bus->devices[i].section->group_count; g++)
            cover_free(&bus->devices[i].covers[g]);
        free(bus->devices[i].covers);
        marks_free(bus->devices[i].marks);
    }
    if (bus->bell >= 0)
        close(bus->bell);
    free(bus->words);
    free(bus->decoded.values);
    free(bus->decoded.errors);
    free(bus->errors);
    free(bus->devices);
    free(bus->slots);
    free(bus->turns);
    free(bus);
}

static void add_device(struct bus *bus, const struct device_section *section, size_t index)
{
    struct polled *d = &bus->devices[bus->count];
    *d = (struct polled){.index = index, .section = section, .slot = bus->slot_count};
    d->marks = marks_new(section->metrics, section->metric_count);
    d->covers = xcalloc(section->group_count, sizeof *d->covers);
    for (size_t g = 0; g < section->group_count; g++) {
        const struct poll_group *group = &section->groups[g];
        cover_init(&d->covers[g], &group->plan, group->metrics);
        bus->slots[bus->slot_count].interval_ms = group->interval_ms;
        bus->turns[bus->slot_count++] = (struct turn){bus->count, g};
    }
    bus->count++;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Of the answers that this device may be asked for, in words. */
static size_t longest_answer(const struct device_section *d)
{
    size_t most = 0;
    for (size_t g = 0; g < d->group_count; g++)
        for (size_t b = 0; b < d->groups[g].plan.count; b++)
            most = larger(most, d->groups[g].plan.blocks[b].count);
    for (size_t t = 0; t < d->profile->text_count; t++)
        most = larger(most, d->profile->texts[t].count);
    return most;
}

/* What a poll works in: by what is polled here, since a box may have many buses and little memory. */
static void make_room(struct bus *bus)
{
    size_t words = 0, metrics = 0;
    for (size_t i = 0; i < bus->count; i++) {
        words = larger(words, longest_answer(bus->devices[i].section));
        metrics = larger(metrics, bus->devices[i].section->metric_count);
    }
    bus->words = xcalloc(words, sizeof *bus->words);
    bus->decoded.values = xcalloc(metrics, sizeof *bus->decoded.values);
    bus->decoded.errors = xcalloc(metrics, sizeof *bus->decoded.errors);
    bus->errors = xcalloc(metrics, sizeof *bus->errors);
}

static struct bus *bus_new(const struct gateway_settings *s, size_t index, const struct bus_events *events,
                           struct fault *f)
{
    const struct bus_section *section = &s->buses[index];
    struct bus *bus = xcalloc(1, sizeof *bus);
    size_t slots = 0;
    bus->section = section;
    bus->events = *events;
    pthread_mutex_init(&bus->lock, NULL);
    bus->bell = bell_new();
    bus->link = link_new(section, bus->bell, f);
    if (!bus->link) {
        bus_free(bus);
        return NULL;
    }
    for (size_t i = 0; i < s->device_count; i++)
        slots += s->devices[i].bus == index ? s->devices[i].group_count : 0;
    bus->devices = xcalloc(section->device_count, sizeof *bus->devices);
    bus->slots = xcalloc(slots, sizeof *bus->slots);
    bus->turns = xcalloc(slots, sizeof *bus->turns);
    for (size_t i = 0; i < s->device_count; i++)
        if (s->devices[i].bus == index)
            add_device(bus, &s->devices[i], i);
    make_room(bus);
    bus->asked_ns = clock_mono_ns();
    bus->back_by_ns = bus->asked_ns;
    return bus;
}

int bus_start(struct bus **out, const struct gateway_settings *s, size_t index, const struct bus_events *events,
              struct fault *f)
{
    sigset_t all, before;
    struct bus *bus = bus_new(s, index, events, f);
    *out = NULL;
    if (!bus)
        return ERR_IO;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&bus->thread, NULL, work, bus);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        bus_free(bus);
        return fault(f, ERR_IO, "bus %s: no thread: %s", s->buses[index].name, strerror(error));
    }
    *out = bus;
    return 0;
}

void bus_stop(struct bus *bus)
{
    if (!bus)
        return;
    bell_ring(bus->bell);
    pthread_join(bus->thread, NULL);
    bus_free(bus);
}

int bus_once(const struct gateway_settings *s, size_t index, const struct bus_events *events, struct fault *f)
{
    int failed = 0;
    struct bus *bus = bus_new(s, index, events, f);
    if (!bus)
        return ERR_IO;
    for (size_t i = 0; i < bus->count; i++) {
        enum poll_result worst = POLL_GOOD;
        for (size_t g = 0; g < bus->devices[i].section->group_count; g++) {
            int64_t free_ms;
            enum poll_result result = poll_group(bus, &bus->devices[i], g, &free_ms);
            worst = result > worst ? result : worst;
            poll_identity(bus, &bus->devices[i], result);
        }
        failed += worst != POLL_GOOD;
    }
    bus_free(bus);
    return failed;
}

int64_t bus_back_by_ns(struct bus *bus)
{
    return bus->back_by_ns;
}
