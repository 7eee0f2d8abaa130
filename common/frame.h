/* frame: one journal record of a gateway = one MQTT payload = one JSON object of at most FRAME_MAX bytes.
 * docs/message-format.md describes the keys.  Pure: text in, structs out, and back.
 */
#ifndef QUIETAIR_FRAME_H
#define QUIETAIR_FRAME_H

#include "common/buf.h"
#include "common/chain.h"
#include "common/err.h"
#include "common/id.h"

enum { FRAME_MAX = 64 * 1024, EPOCH_SIZE = 33 /* 32 hex digits and NUL */, BOOT_SIZE = 65 };
/* A day: no device is polled less often.  A reading speaks for one and a half of its intervals, so a hello that says more
 * would let one stand for years. */
enum { INTERVAL_MOST_MS = 86400000 };

#define FRAME_EXACT ((int64_t)1 << 53) /* no seq and no time is greater: each is exact as a double */
bool epoch_valid(const char *);

enum frame_kind {
    FRAME_HELLO,
    FRAME_READINGS,
    FRAME_LOST,
    FRAME_GAP,
    FRAME_TIME,
    FRAME_OTHER /* seal and what later versions say: journalled and counted, not read further */
};

/* Why a reading is suspect; the bits are InfluxDB's field q. */
enum { QUALITY_RANGE = 1, QUALITY_STUCK = 2, QUALITY_JUMP = 4, QUALITY_CLOCK = 8, QUALITY_CALIBRATION = 16 };

enum value_kind {
    VALUE_NUMBER,
    VALUE_HUGE, /* an integer beyond 2^53: stored, neither charted nor judged */
    VALUE_TEXT  /* likewise */
};

struct value {
    enum value_kind kind;
    double number;    /* VALUE_NUMBER */
    int64_t integer;  /* VALUE_HUGE */
    const char *text; /* VALUE_TEXT */
};

struct datum {
    const char *metric;
    struct value value;
};

struct metric_error {
    const char *metric;
    const char *error;  /* timeout crc exception-N garbage unplugged suspended */
    const char *detail; /* what is wrong, for people at the gateway; NULL: nothing more to say.  Not in a frame */
};

/* One answered (or failed) request of one device. */
struct reading {
    const char *device;
    int64_t ts;       /* wall clock ms at its last byte; 0: not known, then boot is given */
    const char *boot; /* NULL, or the boot whose clock `mono` is of: letters, digits, dashes */
    int64_t mono;     /* ms on that boot's clock */
    const struct datum *values;
    size_t value_count;
    const struct metric_error *errors; /* metrics of a failed block, in a reading that has other values */
    size_t error_count;
    const char *error;          /* the whole device failed; NULL: it answered */
    int64_t from, until, slots; /* of `suspended`: that it covers, by the clock of its time, and how many polls were
                                   left out; slots 0: not said */
    unsigned quality;           /* QUALITY_* bits; 0 good */
};

struct hello_metric {
    const char *name, *unit;
    const char *type;    /* number, bit, text */
    int64_t interval_ms; /* where it is read less often than the device; 0: as the device */
};

struct hello_device {
    const char *device, *site, *profile, *measurement;
    const char *integration;         /* instant, interval, rolling */
    const char *serial, *calibrated; /* "" where unknown */
    int64_t interval_ms;
    const struct hello_metric *metrics;
    size_t metric_count;
};

/* A frame as read.  Strings live as long as the frame. */
struct frame {
    const char *gateway, *epoch;
    uint64_t seq, from;    /* from = seq except in `lost` */
    char after[AFTER_HEX]; /* "" in a lost whose predecessor the gateway no longer knows */
    enum frame_kind kind;
    const char *kind_text;
    bool anew;

    const struct reading *readings; /* FRAME_READINGS */
    const char **refused; /* per reading: NULL, or the reason why it is no reading (device, ts, values, …) */
    size_t reading_count;
    size_t
        unread; /* parts of the body that are not as their kind wants them, and are passed over: devices and metrics of
                      a hello, a list that is none, a gap, a time */

    const char *district, *version; /* FRAME_HELLO */
    bool reset;
    const struct hello_device *devices;
    size_t device_count;

    /* What waits for a `time` frame: readings or a gap told by the clock of this boot.  NULL: nothing does. */
    const char *boot;

    int64_t since, until; /* FRAME_GAP; on the boot's clock where one of the next two says so */
    bool since_mono, until_mono;
    const char *reason; /* FRAME_GAP, FRAME_LOST */
    struct hash head;   /* FRAME_LOST */

    struct clock_repair { /* FRAME_TIME: what it says of frames first..last of its epoch that name this boot */
        const char *boot;
        int64_t offset, error; /* ms; to be added to `mono`, and how far off that may be */
        uint64_t first, last;
    } time;
};

/* NULL: the envelope (JSON, v, gateway, epoch, seq, after, kind; for lost also from, to, head) cannot be read.  A body
 * that is not as it should be makes single readings `refused`, never the frame. */
struct frame *frame_open(const char *payload, size_t length, struct fault *);
void frame_close(struct frame *);
/* Turns times told by its boot's clock into times of the wall clock: mono + offset.  Nothing waits any more. */
void frame_repair(struct frame *, int64_t offset);

/* ---- writing -------------------------------------------------------------------------------------------------------
 * frame_begin … `{"v":1,"gateway":…,"epoch":…,"seq":…,"after":…` ; then `,"kind":…` and what belongs to it; frame_end
 * `}`. */
void frame_begin(struct buf *, const char *gateway, const char *epoch, uint64_t seq, const struct hash *before);
void frame_end(struct buf *);

/* One reading as it stands in the list of a `readings` frame; with boot and mono instead of ts where it names a boot.
 */
void frame_put_reading(struct buf *, const struct reading *);

/* The payload of a frame of our own, framed anew: another envelope, `"anew":true`, the same rest.  False: not of our
 * own. */
bool frame_anew(struct buf *, const char *payload, size_t length, const char *gateway, const char *epoch, uint64_t seq,
                const struct hash *before);

#endif
