/* What the files of settings share, and nobody else needs. */
#ifndef QUIETAIR_SETTINGS_PRIVATE_H
#define QUIETAIR_SETTINGS_PRIVATE_H

#include "firmware-gateway/load.h"
#include "firmware-gateway/settings.h"

/* One [bus NAME] section into the next of s->buses. */
void settings_read_bus(struct gateway_settings *s, int section, struct faults *);

/* Metrics that are polled equally often become a group with a plan; they come to stand side by side in d->metrics. */
void settings_group_metrics(struct gateway_settings *s, struct device_section *d, int section, struct faults *);

/* Pairs METRIC:…: does one before the i-th name the same metric? */
bool settings_said_before(const struct conf_list *pairs, size_t i);

#endif
