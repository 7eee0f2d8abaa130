/* collector: the broker's stream into the journal, and everything else as readers of it. */
#ifndef QUIETAIR_COLLECTOR_H
#define QUIETAIR_COLLECTOR_H

#include "collector/settings.h"

/* Runs until a stop is asked for (service.h). */
int collector_run(const struct collector_settings *, struct fault *);

#endif
