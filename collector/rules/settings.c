#include "collector/rules/settings.h"
#include "collector/rules/window.h"

#include <string.h>

static const char *const roundings[] = {"integer", "none", NULL};

enum { SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR };
#define YEARS      3653.0 * DAY /* ten */
#define AT(member) offsetof(struct rules_settings, member)

const struct conf_option rules_options[] = {
    {"standards", CONF_IDS, AT(standards), "gb22337-2008 gb18483-2001",
     .help = "standards to judge by (files in standards_dir); the first for noise and the first for fume apply where a "
             "site names no other"},
    {"noise_window", CONF_DURATION, AT(noise_window), "10min", SECOND, HOUR,
     .help = "length of the windows over which LAeq is formed"},
    {"noise_min_coverage", CONF_NUMBER, AT(noise_min_coverage), "0.75", 0, 1,
     .help = "share of a window that must hold valid samples for it to be judged"},
    {"fume_window", CONF_DURATION, AT(fume_window), "10min", SECOND, HOUR,
     .help = "length of the windows over which fume is averaged (GB 18483-2001, 6.3 samples for 10 min)"},
    {"fume_min_coverage", CONF_NUMBER, AT(fume_min_coverage), "0.75", 0, 1,
     .help = "share of a window with cooking and valid readings for it to be judged"},
    {"raise_after", CONF_INT, AT(raise_after), "1", 1, 1000, .help = "exceeding windows in a row that raise a flag"},
    {"clear_after", CONF_INT, AT(clear_after), "2", 1, 1000, .help = "compliant windows in a row that clear it"},
    {"rounding", CONF_ENUM, AT(rounding), "integer", .choices = roundings,
     .help = "of a noise level before it is compared with its limit: integer (half to even) or none"},
    {"night_start", CONF_TEXT, AT(night_start_text), "22:00",
     .help = "HH:MM at which the night begins; it lasts eight hours"},
    {"peak_margin", CONF_WORDS, AT(peak_margins),
     .help =
         "STANDARD:MARGIN by which LAFmax may exceed the limit, such as gb12348-2008:frequent; of several the first "
         "that applies; none: peaks are not judged"},
    {"calibration_interval", CONF_DURATION, AT(calibration_interval), "366d", DAY, YEARS,
     .help = "a noise meter calibrated longer ago is not judged"},
    {"fume_floor", CONF_NUMBER, AT(fume_floor), "0.2", 0, 1000, .help = "mg/m3 above which somebody is cooking"},
    {"fume_near", CONF_NUMBER, AT(fume_near), "0.9", 0, 1,
     .help = "share of the fume limit from which a window is reported as near it"},
    {"fume_ultra_low", CONF_NUMBER, AT(fume_ultra_low), "0.02", 0, 1000,
     .help = "mg/m3: no more than this all through a window while the fan runs is a matter of data quality"},
    {"fan_on_current", CONF_NUMBER, AT(fan_on_current), "0.5", 0, 1000, .help = "A from which a fan runs"},
    {"purifier_on_current", CONF_NUMBER, AT(purifier_on_current), "0.1", 0, 1000,
     .help = "A from which a purifier runs"},
    {"purifier_off_after", CONF_DURATION, AT(purifier_off_after), "10min", SECOND, DAY,
     .help = "cooking for so long with the purifier off raises a flag"},
    {"duct_airflow_min", CONF_NUMBER, AT(duct_airflow_min), "0", 0, 1e6,
     .help = "m3/h below which a running fan moves no air; 0: by duct_airflow_share"},
    {"duct_airflow_share", CONF_NUMBER, AT(duct_airflow_share), "0.2", 0, 1,
     .help = "the same as a share of the site's design air volume, else of what the standard reckons for its stoves; "
             "0: not looked at"},
    {"duct_dp_max", CONF_NUMBER, AT(duct_dp_max), "0", 0, 1e6,
     .help = "Pa of back pressure from which a duct is blocked; 0: not looked at"},
    {"duct_blocked_after", CONF_DURATION, AT(duct_blocked_after), "10min", SECOND, DAY,
     .help = "a fan that runs for so long against a blocked duct raises a flag; air for as long clears it"},
    {"gateway_offline_after", CONF_DURATION, AT(gateway_offline_after), "3min", SECOND, 30.0 * DAY,
     .help = "a gateway not heard of for so long is offline"},
    {"device_silent_after", CONF_DURATION, AT(device_silent_after), "10min", SECOND, 30.0 * DAY,
     .help = "a device without a reading for so long is silent"},
    {"device_fault_after", CONF_DURATION, AT(device_fault_after), "10min", SECOND, 30.0 * DAY,
     .help = "a device that answers for so long without measuring anything is faulty"},
    {"stuck_after", CONF_DURATION, AT(stuck_after), "30min", SECOND, 30.0 * DAY,
     .help = "a meter that shows the same value for so long, or no fume while the fan runs, tells nothing"},
    {"stuck_readings", CONF_INT, AT(stuck_readings), "20", 2, 1000000, .help = "and in so many readings at least"},
    {"floor_band", CONF_NUMBER, AT(floor_band), "1.0", 0, 20,
     .help = "dB: a noise meter whose level never leaves a band of this width tells nothing"},
    {"floor_after", CONF_DURATION, AT(floor_after), "6h", SECOND, 30.0 * DAY, .help = "of opening hours, so long"},
    {"twin_readings", CONF_INT, AT(twin_readings), "60", 12, 100000,
     .help = "so many changes of value in a row that two meters share: one meter shown as two"},
    {"cleaning_due_before", CONF_DURATION, AT(cleaning_due_before), "7d", 0, YEARS,
     .help = "a cleaning is announced so long before it is due"},
    {"cleaning_grace", CONF_DURATION, AT(cleaning_grace), "0d", 0, YEARS,
     .help = "and counts as overdue so long after"},
    {"cleaning_evidence_within", CONF_DURATION, AT(cleaning_evidence_within), "24h", HOUR, 7.0 * DAY,
     .help = "what a meter saw so long before or after speaks for a cleaning that was entered"},
    {"cleaning_dp_step", CONF_NUMBER, AT(cleaning_dp_step), "0.3", 0.05, 0.95,
     .help = "share by which the back pressure falls when a purifier was cleaned"},
    {"cleaning_current_step", CONF_NUMBER, AT(cleaning_current_step), "0.3", 0.05, 0.95,
     .help = "share by which the purifier's current rises or falls when it was cleaned"},
    {"calibration_due_before", CONF_DURATION, AT(calibration_due_before), "30d", 0, YEARS,
     .help = "the next calibration is announced so long before calibration_interval is over"},
    {"notice_deadline", CONF_DURATION, AT(notice_deadline), "7d", 0, YEARS,
     .help = "time to put things right after a notice, from the day after it was served"},
    {"warning_deadline", CONF_DURATION, AT(warning_deadline), "7d", 0, YEARS, .help = "likewise after a warning"},
    {"lookback", CONF_DURATION, AT(lookback), "90d", 0, YEARS, .help = "a case lapses so long after its last incident"},
    {"notice_wording", CONF_TEXT, AT(notice_wording), "告知书", .help = "how the paper of the first step is called"},
    {"warning_wording", CONF_TEXT, AT(warning_wording), "督促整改通知书",
     .help = "of the second; the penalty 警告 of the Administrative Penalty Law, art. 9, is not meant"},
    {"penalty_wording", CONF_TEXT, AT(penalty_wording), "行政处罚决定书", .help = "of the third"},
    {.key = NULL},
};

static bool read_clock(const char *text, int *minutes)
{
    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 || strspn(text + 3, "0123456789") != 2)
        return false;
    int hour = (text[0] - '0') * 10 + (text[1] - '0'), minute = (text[3] - '0') * 10 + (text[4] - '0');
    *minutes = hour * 60 + minute;
    return hour < 24 && minute < 60;
}

bool rules_settings_read(const struct conf *conf, int section, struct rules_settings *s, struct faults *faults)
{
    *s = (struct rules_settings){0};
    bool good = conf_fill(conf, section, rules_options, s, faults);
    if (read_clock(s->night_start_text, &s->night_start))
        return good;
    conf_fault(conf, section, "night_start", faults, "expected a time of day such as 22:00");
    return false;
}
