/* INI texts as a standard, as a calendar, and as section [rules]. */
#include "collector/rules/calendar.h"
#include "collector/rules/settings.h"
#include "collector/rules/standard.h"
#include "common/civil.h"
#include "tests/fuzz/fuzz.h"

static const int64_t at = 1772294400000; /* 2026-03-01 00:00 in China */

static void use_standard(struct standard *s)
{
    for (int class = 0; class < 6; class ++)
        standard_noise_limit(s, class, 0, BAND_NIGHT, at);
    standard_fume_limit(s, QUANTITY_EFFICIENCY, SIZE_SMALL, at);
    standard_stove_airflow(s, at);
    standard_wind(s, at);
    standard_interval(s, 0, SIZE_UNKNOWN, at);
    if (standard_corrects(s, at))
        standard_correction(s, 5, at);
    for (size_t i = 0; i < s->count; i++)
        must(s->provisions[i].from <= s->provisions[i].until && *s->provisions[i].name);
    standard_close(s);
}

static void use_calendar(struct calendar *c)
{
    must(calendar_work_end(&c, 1, at, 5) > at);
    for (size_t i = 0; i < c->holidays.count; i++)
        must(c->holidays.items[i].from < c->holidays.items[i].until);
    calendar_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults faults = {0};
    struct rules_settings settings;
    civil_zone("Asia/Shanghai", NULL);
    struct conf *conf = conf_open_text("fuzz", (const char *)data, size, &faults);
    struct standard *standard = conf ? standard_open("fuzz", conf, &faults) : NULL;
    if (standard)
        use_standard(standard);
    conf = conf_open_text("fuzz", (const char *)data, size, &faults);
    struct calendar *calendar = conf ? calendar_open(conf, &faults) : NULL;
    if (calendar)
        use_calendar(calendar);
    conf = conf_open_text("fuzz", (const char *)data, size, &faults);
    if (conf)
        rules_settings_read(conf, conf_find(conf, "rules", ""), &settings, &faults);
    conf_close(conf);
    faults_free(&faults);
    return 0;
}
