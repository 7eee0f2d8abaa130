#include "collector/rules/waiting.h"
#include "collector/rules/amendment.h"
#include "collector/rules/flag_past.h"
#include "collector/rules/memory.h"
#include "collector/rules/noise_judge.h"
#include "collector/rules/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

static const enum flag_kind kinds[WAITING_FLAGS] = {FLAG_NOISE_LIMIT, FLAG_NOISE_PEAK};

static struct streak *streak_of(struct device *d, int k)
{
    return k ? &d->noise.bursts : &d->noise.streak;
}

/* ---- who waits for a station ------------------------------------------------------------------------------------- */

/* By key, so that what leaves the fold leaves in the same order after a restore. */
struct weather *waiting_join(struct fold *f, struct waiting *w)
{
    struct weather *station = weather_get(f, w->station);
    station->waiters = xrealloc(station->waiters, (station->waiter_count + 1) * sizeof *station->waiters);
    size_t at = station->waiter_count++;
    for (; at && strcmp(station->waiters[at - 1]->item.key, w->item.key) > 0; at--)
        station->waiters[at] = station->waiters[at - 1];
    station->waiters[at] = w;
    return station;
}

static void leave(struct fold *f, const struct waiting *w)
{
    struct weather *station = weather_get(f, w->station);
    size_t kept = 0;
    for (size_t i = 0; i < station->waiter_count; i++) {
        if (station->waiters[i] != w)
            station->waiters[kept++] = station->waiters[i];
    }
    station->waiter_count = kept;
}

static struct waiting *find(const struct fold *f, const struct device *d)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "waiting/%s/%s", d->site, d->id);
    return store_find(&f->waits, key);
}

static struct waiting *begin(struct fold *f, const struct device *d, const char *station, const struct streak *before)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "waiting/%s/%s", d->site, d->id);
    struct waiting *w = (struct waiting *)waiting_make(f, key);
    snprintf(w->station, sizeof w->station, "%s", station);
    for (int k = 0; k < WAITING_FLAGS; k++)
        w->courses[k] = (struct course){.told = before[k], .sound = before[k], .supported = before[k].raised};
    touch(f, &waiting_join(f, w)->item); /* it may be one that has never said anything */
    return w;
}

static void end(struct fold *f, struct waiting *w)
{
    leave(f, w);
    store_remove(&f->waits, &f->changes, &w->item);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static enum outcome sound_outcome(const struct awaited *a, int k)
{
    return a->struck && a->counted[k] == OUTCOME_EXCEEDS ? OUTCOME_NOT_JUDGED : a->counted[k];
}

/* Without the windows that were struck a streak never exceeds for longer: sound.raised only while told.raised. */
static enum streak_change advance(const struct fold *f, struct course *c, const struct awaited *a, int k)
{
    const struct rules_settings *s = &f->config.settings;
    enum streak_change change = streak_window(&c->told, a->counted[k], a->row.from, s->raise_after, s->clear_after);
    streak_window(&c->sound, sound_outcome(a, k), a->row.from, s->raise_after, s->clear_after);
    if (change == STREAK_RAISED) {
        c->start = c->told.first_exceeding;
        c->supported = false;
    }
    c->supported = c->supported || (c->told.raised && c->sound.raised);
    return change;
}

/* Where the streak of this flag stands after all windows. */
static struct streak counted(const struct fold *f, const struct waiting *w, int k)
{
    struct course c = w->courses[k];
    for (size_t i = 0; i < w->count; i++)
        advance(f, &c, &w->windows[i], k);
    return c.told;
}

/* ---- what is remembered ------------------------------------------------------------------------------------------ */

static void forget_past(struct waiting *w, int64_t before)
{
    size_t gone = 0;
    while (gone < w->past_count && w->past[gone].at < before)
        free(w->past[gone++].detail);
    if (!gone)
        return;
    w->past_count -= gone;
    memmove(w->past, w->past + gone, w->past_count * sizeof *w->past);
}

/* The oldest waits no longer. */
static void pop(const struct fold *f, struct waiting *w)
{
    for (int k = 0; k < WAITING_FLAGS; k++)
        advance(f, &w->courses[k], &w->windows[0], k);
    forget_past(w, w->windows[0].row.to + 1);
    memmove(w->windows, w->windows + 1, --w->count * sizeof *w->windows);
}

static void pop_settled(const struct fold *f, struct waiting *w)
{
    while (w->count && !w->windows[0].open)
        pop(f, w);
}

static void pop_old(const struct fold *f, struct waiting *w)
{
    while (w->count > WAITING_MOST || w->windows[0].row.from < w->windows[w->count - 1].row.to - DAY_MS)
        pop(f, w);
    pop_settled(f, w);
}

static void append(struct waiting *w, const struct verdict *v, enum outcome peak)
{
    if (w->count == w->capacity) {
        w->capacity = w->capacity ? 2 * w->capacity : 8;
        w->windows = xrealloc(w->windows, w->capacity * sizeof *w->windows);
    }
    struct awaited *a = &w->windows[w->count++];
    *a = (struct awaited){.row = v->row, .counted = {v->row.outcome, peak}, .open = v->weather_unknown};
    snprintf(a->district, sizeof a->district, "%s", v->row.district);
    snprintf(a->grid, sizeof a->grid, "%s", v->row.grid);
    snprintf(a->reason, sizeof a->reason, "%s", v->row.reason);
}

/* A flag that ended by this window: its place may be taken by another before its weather is known. */
static void keep_past(const struct fold *f, struct waiting *w, int k, int64_t at)
{
    struct subject about = {kinds[k], w->site, w->device, ""};
    struct flag_past past;
    if (!flag_ended(f, &about, at, &past))
        return;
    if (w->past_count == WAITING_PAST)
        forget_past(w, w->past[0].at + 1);
    w->past = xrealloc(w->past, (w->past_count + 1) * sizeof *w->past);
    w->past[w->past_count++] = past;
}

void waiting_closed(struct fold *f, struct device *d, const struct verdict *v, enum outcome peak,
                    const struct streak before[static WAITING_FLAGS])
{
    const char *station = place_at(d->place, v->row.from)->weather;
    struct waiting *w = f->waits.count ? find(f, d) : NULL;
    if (w && strcmp(w->station, station) != 0) {
        end(f, w);
        w = NULL;
    }
    if (!w && !v->weather_unknown)
        return;
    w = w ? w : begin(f, d, station, before);
    append(w, v, peak);
    for (int k = 0; k < WAITING_FLAGS; k++) {
        if (before[k].raised && !streak_of(d, k)->raised)
            keep_past(f, w, k, v->row.to);
    }
    pop_old(f, w);
    if (w->count)
        touch(f, &w->item);
    else
        end(f, w);
}

/* ---- the flags, counted over again ------------------------------------------------------------------------------- */

static void withdraw(struct fold *f, const struct waiting *w, int k, int64_t start, int64_t at)
{
    struct subject about = {kinds[k], w->site, w->device, ""};
    const struct flag_past *past = NULL;
    for (size_t i = 0; i < w->past_count; i++) {
        if (w->past[i].kind == kinds[k] && w->past[i].start == start)
            past = &w->past[i];
    }
    char why[160];
    snprintf(why, sizeof why, ",\"withdrawn\":{\"reason\":\"weather\",\"station\":\"%s\"}", w->station);
    flag_withdraw(f, &about, start, past, why, at);
}

/* A flag as it was told, which lasted for the first `count` windows at most. */
static void look(struct fold *f, struct waiting *w, int k, const struct course *c, size_t count, int64_t at)
{
    struct course *base = &w->courses[k];
    for (size_t i = 0; c->supported && i < count; i++)
        w->windows[i].held = w->windows[i].held || w->windows[i].row.from >= c->start;
    if (c->supported)
        return;
    withdraw(f, w, k, c->start, at);
    if (c->start < w->windows[0].row.from) /* it began before */
        base->told = base->sound;
}

static void look_at_all(struct fold *f, struct waiting *w, int k, int64_t at)
{
    struct course c = w->courses[k];
    for (size_t i = 0; i < w->count; i++)
        w->windows[i].held = false;
    for (size_t i = 0; i < w->count; i++) {
        if (advance(f, &c, &w->windows[i], k) == STREAK_CLEARED)
            look(f, w, k, &c, i + 1, at);
    }
    if (c.told.raised)
        look(f, w, k, &c, w->count, at);
}

/* What does not carry a flag that stays counts from now on as it is known. */
static void review(struct fold *f, struct waiting *w, int k, int64_t at)
{
    struct device *d = device_find(f, w->site, w->device);
    struct streak now = counted(f, w, k);
    if (!streak_equal(&now, streak_of(d, k)))
        return;
    look_at_all(f, w, k, at);
    for (size_t i = 0; i < w->count; i++) {
        struct awaited *a = &w->windows[i];
        a->counted[k] = a->held ? a->counted[k] : sound_outcome(a, k);
    }
    *streak_of(d, k) = counted(f, w, k);
    touch(f, &d->item);
}

/* ---- what the station tells -------------------------------------------------------------------------------------- */

static void strike(struct fold *f, const struct waiting *w, struct awaited *a)
{
    struct window_row before = a->row;
    before.site = w->site;
    before.device = w->device;
    before.district = a->district;
    before.grid = a->grid;
    before.rule = "noise";
    before.reason = a->reason;
    a->struck = true;
    amendment_weather(f, &before, w->station);
}

/* The weather is known by now: a flag that rests on this window says it from now on. */
static void renote(struct fold *f, const struct waiting *w, const struct awaited *a, enum sky sky)
{
    const char *instead = sky == SKY_ADVERSE ? "rain or wind, known later" : "";
    for (int k = 0; k < WAITING_FLAGS; k++) {
        struct subject about = {kinds[k], w->site, w->device, ""};
        flag_renote(f, &about, a->row.from, WEATHER_NOT_KNOWN, instead);
    }
}

/* True: there was rain or wind in one of the windows that end by then. */
static bool settle(struct fold *f, struct waiting *w, int64_t until)
{
    bool adverse = false;
    for (size_t i = 0; i < w->count && w->windows[i].row.to <= until; i++) {
        struct awaited *a = &w->windows[i];
        enum sky sky =
            a->open ? weather_between(f, w->station, a->row.from, a->row.to, f->config.settings.noise_min_coverage)
                    : SKY_UNKNOWN;
        a->open = false;
        if (sky != SKY_UNKNOWN)
            renote(f, w, a, sky);
        if (sky == SKY_ADVERSE)
            strike(f, w, a);
        adverse = adverse || sky == SKY_ADVERSE;
    }
    return adverse;
}

void waiting_told(struct fold *f, struct weather *station, int64_t until)
{
    for (size_t i = station->waiter_count; i-- > 0;) { /* from the end: leaving moves only what was seen */
        struct waiting *w = station->waiters[i];
        if (w->windows[0].row.to > until)
            continue;
        bool adverse = settle(f, w, until);
        for (int k = 0; adverse && k < WAITING_FLAGS; k++)
            review(f, w, k, until);
        pop_settled(f, w);
        if (w->count)
            touch(f, &w->item);
        else
            end(f, w);
    }
}
