/* settings: collector.ini and the standards it names, checked as a whole. */
#ifndef QUIETAIR_COLLECTOR_SETTINGS_H
#define QUIETAIR_COLLECTOR_SETTINGS_H

#include "collector/retention.h"
#include "common/buf.h"
#include "common/conf.h"
#include "common/mqtt.h"

enum collector_clock { COLLECTOR_CLOCK_WALL, COLLECTOR_CLOCK_JOURNAL };
enum influx_api { INFLUX_V1, INFLUX_V2 };

struct influx_settings { /* [influx]; on: the section is there */
    bool on;
    const char *url;
    int api;
    const char *database;     /* v1 */
    const char *org, *bucket; /* v2 */
    const char *token_file;   /* v2, also v1 behind a proxy */
    int64_t batch, flush_ms;
    bool gzip;
};

struct collector_settings {
    const char *name, *state_dir, *timezone, *socket, *standards_dir, *calendars_dir;
    struct conf_list districts; /* empty: all */
    int clock;                  /* enum collector_clock */
    int64_t audit_after;        /* ms after a week's end */
    struct mqtt_settings mqtt;
    struct influx_settings influx;
    struct retention_rule journal;
    char *rules_text;     /* the [rules] section as INI text */
    char *standards_json; /* {"name":"INI text",…} of the standards that [rules] names */
    char *calendars_json; /* {"cn-2026":"INI text",…} */
    char *socket_path, *standards_path, *calendars_path; /* owned */
    struct conf *conf;
};

/* 0, or ERR_RANGE with every fault.  *s needs collector_settings_free either way. */
int collector_settings_load(struct collector_settings *s, const char *path, struct faults *);
/* Section [collector] only, for programs of users who may not read the credentials that other sections name. */
int collector_settings_place(struct collector_settings *s, const char *path, struct faults *);
/* That section, [rules] and the standards it names: for those who judge and do nothing else. */
int collector_settings_judging(struct collector_settings *s, const char *path, struct faults *);
struct standard;
/* The first of these standards that is a cleaning policy (standard_close it); NULL: there is none, or faults say why. */
struct standard *collector_settings_policy(const struct collector_settings *, const struct conf_list *standards,
                                           struct faults *);
void collector_settings_free(struct collector_settings *);
/* The body of a config record: what the fold goes by. */
void collector_config_put(const struct collector_settings *, enum collector_clock, struct buf *);

#endif
