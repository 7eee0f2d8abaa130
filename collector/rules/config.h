/* config: the configuration in force, as its record in the journal tells it: settings, standards and calendars.  Pure
 * but for the zone of civil time, which is the process's. */
#ifndef QUIETAIR_RULES_CONFIG_H
#define QUIETAIR_RULES_CONFIG_H

#include "collector/rules/calendar.h"
#include "collector/rules/settings.h"
#include "collector/rules/standard.h"

struct rules_config {
    struct rules_settings settings;
    bool journal_clock; /* clock = journal: ticks are the only clock, receipts say nothing */
    struct standard **standards;
    size_t count;
    struct calendar **calendars; /* of years, in the order given */
    size_t calendar_count;
    struct conf *conf; /* owns the texts of settings */
    char *timezone;    /* NULL: as the process has it */
    char *body;        /* NULL: the defaults; else the record as it came */
    size_t length;
};

/* Defaults, and no standards: nothing can be judged. */
void rules_config_default(struct rules_config *);
/* The body of a `config` record (record.h).  On faults *config is left as it was; else the former one is freed. */
bool rules_config_read(struct rules_config *, const char *body, size_t length, struct faults *);
void rules_config_free(struct rules_config *);

/* By id; "": the first of this kind in the order of `standards` that has limits.  NULL: there is none of this id and
 * kind. */
const struct standard *rules_config_standard(const struct rules_config *, const char *id, enum standard_kind);

struct margin {
    const struct standard *standard;
    const struct provision *provision; /* NULL: there is none of this name; faults (if not NULL) say so */
};
struct margin rules_config_margin(const struct rules_config *, const char *name, struct faults *); /* STANDARD:MARGIN */

#endif
