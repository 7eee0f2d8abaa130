/* cleaning_book: what is remembered of one site's cleanings between records.  Pure; private to collector/rules.
 *
 * - claims: cleanings of kind `clean` that were entered and wait for their verdict, with all that their row says;
 * - detections: what meters showed (detect.h), for matching: at most DETECTIONS of the last 40 days;
 * - days: the fan's complete days after the cleaning that is settled, at most 400, for intervals in hours.
 */
#ifndef QUIETAIR_CLEANING_BOOK_H
#define QUIETAIR_CLEANING_BOOK_H

#include "collector/rules/pack.h"
#include "collector/rules/rule.h"
#include "collector/rules/store.h"

struct fold;
struct place;

enum { DETECTIONS = 64, FAN_DAYS = 400 };
#define CLEANING_KEPT_MS (40LL * 24 * 3600 * 1000) /* more than a gateway's journal holds by default */

enum evidence { EVIDENCE_PRESSURE, EVIDENCE_CURRENT, EVIDENCE_BUTTON, EVIDENCE_DOOR, EVIDENCES };
extern const char *const evidence_names[]; /* pressure current button door */

struct detection {
    char id[17], device[ID_SIZE];
    int evidence;         /* enum evidence */
    int64_t from, to;     /* cleaned within */
    double before, after; /* Pa or A; NAN where there is no number */
};

struct claimed {
    char id[17];
    char *by, *provider, *note, *actor, *photos; /* photos: a JSON list */
    int64_t cleaned_at, entered_at;
    bool whole_day; /* no time of day was given */
};

struct fan_day {
    int64_t day, fan_ms; /* 00:00 local */
};

struct book {
    struct item item; /* cleaning/SITE */
    char site[ID_SIZE];
    size_t claim_count, detection_count, day_count;
    struct claimed *claims;         /* by cleaned_at, then as they came */
    struct detection *detections;   /* as they came */
    struct fan_day *days;           /* by day */
    int64_t due_last, overdue_last; /* the cleaning from which the newest of these flags was counted; 0 none */
};

struct book *book_find(const struct fold *, const char *site); /* NULL: none yet */
struct book *book_get(struct fold *, const char *site);        /* made if it is not there */

void book_add_claim(struct book *, const struct claimed *); /* takes its texts over */
void book_drop_claim(struct book *, size_t index);
void book_add_detection(struct book *, const struct detection *, int64_t now); /* and forgets the old ones */
void book_add_day(struct book *, int64_t day, int64_t fan_ms);
void book_drop_days(struct book *, int64_t until); /* those before are of no use any more */

struct item *book_make(struct fold *, const char *key);
void book_pack(struct fold *, struct pack *, struct item *);
void book_free(struct item *);

#endif
