/* settings: section [rules] of collector.ini: how readings are judged.  What the law says is in standard.h.  Pure. */
#ifndef QUIETAIR_RULES_SETTINGS_H
#define QUIETAIR_RULES_SETTINGS_H

#include "common/conf.h"

enum rounding { ROUNDING_INTEGER, ROUNDING_NONE };

struct rules_settings {         /* durations in ms */
    struct conf_list standards; /* in the order of preference; the texts belong to the conf */
    int64_t noise_window, fume_window;
    double noise_min_coverage, fume_min_coverage; /* 0..1 */
    int64_t raise_after, clear_after;             /* windows in a row */
    int rounding;                                 /* enum rounding */
    const char *night_start_text;                 /* HH:MM */
    int night_start;                              /* minutes after midnight; from rules_settings_check */
    struct conf_list peak_margins; /* STANDARD:MARGIN, the first that applies counts; none: peaks are not judged */
    int64_t calibration_interval;  /* a meter calibrated longer ago is not judged */
    double fume_floor;             /* mg/m3: above it somebody is cooking */
    double fume_near;              /* 0..1 of the limit */
    double fume_ultra_low;         /* mg/m3: a meter that says no more while the fan runs is doubtful */
    double fan_on_current, purifier_on_current; /* A: from this on it runs */
    int64_t purifier_off_after;
    double duct_airflow_min, duct_airflow_share; /* m3/h; 0..1 of the design air volume, where the former is 0 */
    double duct_dp_max;                          /* Pa; 0: back pressure is not looked at */
    int64_t duct_blocked_after;
    int64_t gateway_offline_after, device_silent_after;
    int64_t device_fault_after, stuck_after, stuck_readings;
    double floor_band; /* dB */
    int64_t floor_after, twin_readings;
    int64_t cleaning_due_before, cleaning_grace, notice_deadline, warning_deadline, lookback;
    const char *notice_wording, *warning_wording, *penalty_wording; /* how the papers of the steps are called */
    int64_t cleaning_evidence_within;                               /* a detection this near confirms a cleaning */
    double cleaning_dp_step, cleaning_current_step;                 /* share by which a cleaning changes them */
    int64_t calibration_due_before;
};

extern const struct conf_option rules_options[];

/* Section [rules] of an open file (section -1: the defaults), checked. */
bool rules_settings_read(const struct conf *, int section, struct rules_settings *, struct faults *);

#endif
