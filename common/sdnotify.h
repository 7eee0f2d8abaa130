/* sdnotify: what systemd is told about a service: sd_notify(3), by its protocol alone.  Without systemd nothing is
 * said. */
#ifndef QUIETAIR_SDNOTIFY_H
#define QUIETAIR_SDNOTIFY_H

#include <stdint.h>

/* Takes the environment's word for where to notify and how often; call before the first thread is started. */
void sdnotify_begin(void);
/* Lines such as "READY=1\nSTATUS=…". */
void sdnotify(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t sdnotify_watchdog_ms(void);   /* WatchdogSec of the unit; 0: no watchdog */
void sdnotify_alive(int64_t mono_ms); /* call as often as you like: says WATCHDOG=1 four times per WatchdogSec */

#endif
