/* profile: what a meter says about itself on the Modbus: registers, types, scales.  One file per model.  Pure.
 *
 * `<name>.ini` has a section [profile] about the device and one section per metric, named by the metric's id; the tables
 * at the top of profile.c and profile_metric.c list the keys, docs/profiles.md explains them.  To add a meter, write its
 * file and a capture of what it says on the wire (tests/golden/<name>/01.txt); no code is touched.
 */
#ifndef QUIETAIR_PROFILE_H
#define QUIETAIR_PROFILE_H

#include "common/conf.h"
#include "common/err.h"
#include "firmware-gateway/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROFILE_METRICS_MAX = 256, /* of one device; bounds what a poll needs on its stack */
    REGISTERS_MAX = 125,       /* of one request: MODBUS Application Protocol V1.1b3, 6.3 and 6.4 */
    BITS_MAX = 2000            /* likewise, 6.1 and 6.2 */
};

enum profile_table { TABLE_HOLDING, TABLE_INPUT, TABLE_COIL, TABLE_DISCRETE }; /* function codes 3, 4, 1, 2 */

enum profile_type {
    TYPE_U16,
    TYPE_S16,
    TYPE_U32,
    TYPE_S32,
    TYPE_U64,
    TYPE_S64,
    TYPE_F32,
    TYPE_F64,
    TYPE_BCD16, /* packed binary-coded decimal, four bits a digit, unsigned */
    TYPE_BCD32,
    TYPE_U8, /* one half of a register */
    TYPE_S8,
    TYPE_BIT,
    TYPE_BITS,  /* neighbouring bits of a register, an unsigned number */
    TYPE_STRING /* two characters a register; says what the device is, is no metric */
};

/* In which order the bytes of a value stand on the wire, its most significant byte being a.  Of two registers the
 * standard has no say; abcd is high word first.  Of four: abcd is a…h, cdab words reversed, badc bytes swapped, dcba
 * h…a.  Of one register or a string only the bytes can be swapped: in badc and dcba. */
enum profile_order { ORDER_ABCD, ORDER_CDAB, ORDER_BADC, ORDER_DCBA };

struct profile_map {
    int64_t raw;
    double value;
};

struct profile_metric {
    const char *name, *unit; /* unit "" where none */
    enum profile_table table;
    uint16_t address; /* zero-based, as it goes over the wire */
    uint16_t count;   /* registers, or 1 bit */
    enum profile_type type;
    enum profile_order order;
    unsigned bit, width; /* the part of a register that counts: from this bit (0 is the least significant), so many;
                            of whole registers all their bits */
    struct decimal scale, offset;
    int decimals;        /* -1: as many as there are */
    int64_t interval_ms; /* between polls, where longer than the device's; 0: as the device */
    double min, max;     /* infinite: no limit */
    int64_t stuck;       /* so many equal values in a row are suspect; 0: never */
    double jump;         /* units a second; faster is suspect; infinite: never */
    const uint64_t *nan; /* raw words that mean "no value" */
    size_t nan_count;
    const struct profile_map *map; /* raw to value, instead of scale and offset */
    size_t map_count;
};

/* Registers (or bits) first..last of some tables. */
struct profile_range {
    unsigned tables; /* bit 1 << enum profile_table */
    uint16_t first, last;
};

/* What a request may be. */
struct profile_limits {
    int64_t max_registers;                 /* of one request */
    int64_t max_gap;                       /* unwanted registers in a row, read along to save a request; 16 bits each */
    const struct profile_range *forbidden; /* never read, not even along with others */
    size_t forbidden_count;
};

struct profile {
    const char *name;
    const char *measurement;                         /* of the time series: noise, hood, power, air, … */
    const char *vendor, *model, *source, *weighting; /* "" where not said */
    int64_t baud;                                    /* the line as the vendor ships it: 0 where not said */
    int parity;                                      /* index into line_parities */
    int64_t stop_bits;
    struct profile_limits limits;
    int order;               /* enum profile_order: of metrics that do not say */
    bool confirmed;          /* the map was seen in a vendor's text or in working code, whole */
    int64_t turnaround_ms;   /* from the end of the request to the beginning of the answer, for the load's estimate */
    int64_t calibration_ms;  /* so long after its calibration a reading is suspect; 0: never */
    int64_t worst_answer_ms; /* the latest answer ever, from the beginning of the request; 0: not known */
    int integration;         /* index into profile_integrations */
    const struct profile_metric *metrics;
    size_t metric_count;
    const struct profile_metric *texts; /* TYPE_STRING, named by profile_text_names */
    size_t text_count;
    struct conf_list forbidden; /* as written; limits has it read */
    struct conf *conf;          /* owns the strings */
};

/* What a string may be called: it is a member of the device in `hello`. */
enum { PROFILE_TEXT_SERIAL, PROFILE_TEXT_MODEL, PROFILE_TEXT_FIRMWARE, PROFILE_TEXTS };
extern const char *const profile_text_names[]; /* serial model firmware */

enum { PARITY_NONE, PARITY_EVEN, PARITY_ODD };
extern const char *const line_parities[];        /* none even odd */
extern const char *const profile_integrations[]; /* instant interval rolling */

/* Takes the conf over, whatever comes of it.  NULL when faults came. */
struct profile *profile_read(struct conf *, const char *name, struct faults *);
void profile_free(struct profile *);

/* Does anything of first..last lie where nothing may be read? */
bool profile_is_forbidden(const struct profile_limits *, enum profile_table, int64_t first, int64_t last);

/* "number" or "bit": metrics of which nothing but 0 and 1 can come are integers everywhere. */
const char *profile_metric_type(const struct profile_metric *);
/* "holding:500", "coil:3" */
const char *profile_table_name(enum profile_table);

#endif
