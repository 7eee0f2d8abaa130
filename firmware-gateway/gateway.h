/* gateway: buses → batch → spool → uplink, from start to stop. */
#ifndef QUIETAIR_GATEWAY_H
#define QUIETAIR_GATEWAY_H

#include "firmware-gateway/settings.h"

/* Takes the settings over (they are empty afterwards) and runs until a stop is asked for; on SIGHUP it reads the file
 * again (service.h).  0, or ERR_* with a fault when it cannot start or go on. */
int gateway_run(struct gateway_settings *, struct fault *);

#endif
