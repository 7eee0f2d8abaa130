/* settings: gateway.ini and the profiles it names, checked as a whole, as plain structs. */
#ifndef QUIETAIR_SETTINGS_H
#define QUIETAIR_SETTINGS_H

#include "common/buf.h"
#include "common/conf.h"
#include "common/mqtt.h"
#include "firmware-gateway/plan.h"
#include "firmware-gateway/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_section { /* [journal] */
    int64_t max_bytes, max_age_ms;
    int64_t sync_ms; /* 0: with each flush */
};

enum bus_type { BUS_UNKNOWN = -1, BUS_RTU, BUS_TCP, BUS_RTU_TCP }; /* unknown: what is written is at fault */
enum { OVERLOAD_WARN, OVERLOAD_REFUSE };
enum { CLOCK_AUTO, CLOCK_TRUSTED };
enum { RS485_NONE, RS485_KERNEL, RS485_RTS_UP, RS485_RTS_DOWN }; /* who switches the line to sending */

struct bus_section { /* [bus NAME] */
    const char *name;
    int type;            /* enum bus_type */
    const char *device;  /* BUS_RTU: path */
    struct line line;    /* not BUS_TCP */
    int rs485;           /* BUS_RTU */
    const char *address; /* not BUS_RTU: as written */
    const char *host, *port;
    int64_t timeout_ms;    /* for the beginning of an answer */
    int64_t retries;       /* of a request without answer */
    int64_t turnaround_ms; /* pause before each request, where longer than the 3.5 characters of silence */
    int64_t slave_pause_ms, connect_pause_ms; /* before another unit, and after opening, where longer */
    int overload;
    size_t device_count;
    int64_t worst_answer_ms; /* the longest of its devices */
};

struct poll_group { /* metrics of a device that are polled together, and equally often */
    int64_t interval_ms;
    const struct profile_metric *metrics;
    size_t metric_count;
    struct plan plan; /* the requests that read them */
};

struct device_section { /* [device NAME] */
    const char *name;
    const char *bus_name;
    size_t bus; /* index into buses */
    int64_t unit;
    const char *profile_name;
    const struct profile *profile;
    const char *site;
    int64_t interval_ms;
    int64_t timeout_ms;              /* its own, else its bus's */
    int64_t worst_answer_ms;         /* the profile's, else twice the timeout */
    int64_t calibration_ms;          /* its own, else its profile's; 0: none */
    int64_t calibration_due_ms;      /* wall clock; later readings are suspect; 0: never */
    const char *serial, *calibrated; /* "" where unknown; calibrated is a date, 2026-01-31 */
    struct conf_list rename, intervals;
    struct profile_metric *metrics; /* the profile's, with the names that they have here */
    size_t metric_count;
    struct poll_group *groups; /* the most frequent first */
    size_t group_count;
    bool shared; /* metrics and groups are those of an earlier device that is polled alike */
};

struct profile_slot;

struct gateway_settings {
    const char *id, *district, *state_dir, *collector, *profiles_dir;
    int clock; /* CLOCK_AUTO or CLOCK_TRUSTED */
    int64_t flush_ms, resend_ms;
    int64_t now_ms;           /* 0: `now` is not sent */
    int64_t health_ms;        /* between two `health` */
    const char *metrics_file; /* "": none */
    struct mqtt_settings mqtt;
    struct journal_section journal;
    struct bus_section *buses;
    size_t bus_count;
    struct device_section *devices;
    size_t device_count;
    struct conf *conf; /* owns the strings */
    struct profile_slot *profiles;
    size_t profile_count;
};

/* 0, or ERR_RANGE with all that is wrong in faults.  *s needs gateway_settings_free either way. */
int gateway_settings_load(struct gateway_settings *s, const char *path, struct faults *);
/* Likewise from a text; `name` stands in faults, and names the folder beside which profiles are looked for. */
int gateway_settings_load_text(struct gateway_settings *s, const char *name, const char *text, size_t length,
                               struct faults *);
void gateway_settings_free(struct gateway_settings *);

/* For people (--check): each bus with its load, each device with its requests, what is odd. */
void plan_print(const struct gateway_settings *, struct buf *);

#endif
