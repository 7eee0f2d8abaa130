#include "collector/rules/weather.h"
#include "collector/rules/memory.h"
#include "common/err.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

bool weather_concerns(const struct device *d)
{
    return device_has(d, METRIC_WIND) || device_has(d, METRIC_RAIN);
}

/* ---- the station's memory ---------------------------------------------------------------------------------------- */

static struct weather *find(const struct fold *f, const char *station)
{
    char key[ITEM_KEY];
    snprintf(key, sizeof key, "weather/%s", station);
    return store_find(&f->weathers, key);
}

struct weather *weather_get(struct fold *f, const char *station)
{
    struct weather *w = find(f, station);
    if (w)
        return w;
    w = xcalloc(1, sizeof *w);
    snprintf(w->item.key, sizeof w->item.key, "weather/%s", station);
    store_add(&f->weathers, &w->item);
    return w;
}

static bool bit(const uint64_t *words, int64_t minute)
{
    int64_t n = minute % WEATHER_MINUTES;
    return words[n / 64] >> (n % 64) & 1;
}

static void set_bit(uint64_t *words, int64_t minute, bool on)
{
    int64_t n = minute % WEATHER_MINUTES;
    uint64_t mask = (uint64_t)1 << (n % 64);
    words[n / 64] = on ? words[n / 64] | mask : words[n / 64] & ~mask;
}

/* Minutes that were passed over take the places of the oldest, as not known. */
static void reach(struct weather *w, int64_t minute)
{
    int64_t first = minute - WEATHER_MINUTES > w->newest ? minute - WEATHER_MINUTES : w->newest;
    for (int64_t m = first + 1; m <= minute; m++) {
        set_bit(w->known, m, false);
        set_bit(w->adverse, m, false);
    }
    if (minute > w->newest)
        w->newest = minute;
}

static void mark(struct weather *w, int64_t minute, bool adverse)
{
    reach(w, minute);
    set_bit(w->known, minute, true);
    if (adverse)
        set_bit(w->adverse, minute, true);
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static bool held(const struct device *d, enum metric m, int64_t at)
{
    return !device_has(d, m) || signal_holds(&d->signals[m], at);
}

static bool above(const struct device *d, enum metric m, int64_t at, double least)
{
    const struct signal *s = &d->signals[m];
    return device_has(d, m) && signal_holds(s, at) && s->value >= least;
}

static bool is_windy(const struct fold *f, const struct device *d, int64_t at)
{
    const struct standard *s = rules_config_standard(&f->config, "", STANDARD_NOISE);
    const struct provision *wind = s ? standard_wind(s, at) : NULL;
    return wind && above(d, METRIC_WIND, at, wind->value);
}

void weather_piece(struct fold *f, struct device *d, int64_t from, int64_t to)
{
    char station[2 * ID_SIZE];
    bool raining = above(d, METRIC_RAIN, from, 0) && d->signals[METRIC_RAIN].value > 0;
    bool adverse = raining || is_windy(f, d, from);
    bool known = adverse || (held(d, METRIC_WIND, from) && held(d, METRIC_RAIN, from));
    snprintf(station, sizeof station, "%s/%s", d->site, d->id);
    struct weather *w = known ? weather_get(f, station) : find(f, station);
    for (int64_t minute = from / MINUTE_MS; known && minute * MINUTE_MS < to; minute++)
        mark(w, minute, adverse);
    if (known)
        touch(f, &w->item);
    if (w)
        waiting_told(f, w, to);
}

enum sky weather_between(const struct fold *f, const char *station, int64_t from, int64_t to, double share)
{
    const struct weather *w = find(f, station);
    int64_t known = 0, minutes = 0;
    for (int64_t m = from / MINUTE_MS; w && m * MINUTE_MS < to; m++, minutes++) {
        if (m > w->newest || m <= w->newest - WEATHER_MINUTES || !bit(w->known, m))
            continue;
        if (bit(w->adverse, m))
            return SKY_ADVERSE;
        known++;
    }
    return known && (double)known >= share * (double)minutes ? SKY_FAIR : SKY_UNKNOWN;
}

static void pack_words(struct pack *p, uint64_t *words)
{
    for (size_t i = 0; i < WEATHER_WORDS; i++) {
        int64_t word = (int64_t)words[i];
        pack_int(p, &word);
        words[i] = (uint64_t)word;
    }
}

void weather_pack(struct pack *p, struct weather *w)
{
    pack_int(p, &w->newest);
    p->bad = p->bad || w->newest < 0;
    pack_words(p, w->known);
    pack_words(p, w->adverse);
}
