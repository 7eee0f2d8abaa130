/* site: the register of sites as the clerk imports it (docs/operating.md lists the columns).  Pure: text in, structs out.
 *
 * A change is a version, valid from valid_from_ms; a reading is judged by the version valid at its ts, before the first
 * version by the first.
 */
#ifndef QUIETAIR_SITE_H
#define QUIETAIR_SITE_H

#include "common/buf.h"
#include "common/err.h"
#include "common/id.h"
#include "common/json.h"

enum site_kind {
    SITE_RESTAURANT,
    SITE_BREAKFAST,
    SITE_BARBECUE,
    SITE_CANTEEN,
    SITE_KTV,
    SITE_CLUB,
    SITE_BAR,
    SITE_OTHER
};
enum noise_position { POSITION_BOUNDARY, POSITION_WINDOW, POSITION_INDOOR, POSITION_STRUCTURE_A, POSITION_STRUCTURE_B };
extern const char *const site_kinds[];      /* by enum site_kind, ends with NULL */
extern const char *const noise_positions[]; /* by enum noise_position, ends with NULL */

/* Acoustic functional areas: 0 to 4 for 0 to 4, and 4b, which only GB 3096-2008 tells from 4 (its 4a). */
enum { NOISE_CLASS_4B = 5 };
extern const char *const noise_classes[]; /* by number, ends with NULL */

enum { SITE_GATEWAYS = 8, NOT_GIVEN = -1 };

struct site {
    char id[ID_SIZE], district[ID_SIZE], grid[ID_SIZE];
    char name[128], officer[64], address[192]; /* UTF-8 */
    enum site_kind kind;
    double lon, lat;                              /* NAN: not given */
    int noise_class;                              /* 0..NOISE_CLASS_4B, NOT_GIVEN */
    enum noise_position position;                 /* boundary where not given */
    double background_day, background_night;      /* dB(A), NAN: not given */
    int night_start;                              /* minutes after midnight, NOT_GIVEN: as [rules] has it */
    double stoves;                                /* reference stoves, NAN: not given */
    double airflow;                               /* design air volume of its exhaust, m3/h, NAN: not given */
    char fume_standard[ID_SIZE];                  /* "" : the collector's first fume standard */
    int purifier;                                 /* 1 yes, 0 no, NOT_GIVEN */
    int64_t purifier_installed_ms;                /* 0: date not given */
    int64_t install_deadline_ms, last_cleaned_ms; /* 0: not given */
    double cleaning_days, cleaning_hours;         /* NAN: not given */
    char opening_hours[96], weather[72];
    size_t gateway_count;
    char gateways[SITE_GATEWAYS][ID_SIZE];
    int64_t closed_ms;     /* it is no more from here on; 0: it is */
    int64_t valid_from_ms; /* 0: not given, i.e. the moment of the import */
    int64_t imported_ms;   /* the site's first import; 0: none yet. No column: the register says it */
};

/* A CSV file in UTF-8 with or without BOM, or GB18030; comma, RFC 4180; dates are civil (civil_zone).  All or nothing:
 * *rows (free it) and *count, or ERR_RANGE and faults, each naming row (1 is the header) and column. */
int site_csv_read(const char *text, size_t length, struct site **rows, size_t *count, struct faults *);
/* The same text as UTF-8 (free it), without BOM; NULL: it is neither, faults say so. */
char *site_csv_utf8(const char *text, size_t length, size_t *utf8_length, struct faults *);

/* One JSON object, keys as the columns, and `imported`; what is not given is left out. */
void site_write(struct buf *, const struct site *);
bool site_read(struct site *, const struct json *);        /* the same back */
bool site_equal(const struct site *, const struct site *); /* but for valid_from_ms */
bool site_is_catering(const struct site *);                /* restaurant, breakfast, barbecue, canteen */
bool site_permits(const struct site *, const char *gateway);

/* Is it closed for good?  The version must be the one valid then. */
static inline bool site_closed_at(const struct site *s, int64_t ms)
{
    return s->closed_ms && ms >= s->closed_ms;
}

/* Is the site open at this civil time?  Opening hours as in `mo-th 17:00-02:00;fr-sa 17:00-04:00`; none given: true. */
bool site_open_at(const struct site *, int64_t ms);

#endif
