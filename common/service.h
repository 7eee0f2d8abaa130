/* service: a daemon's signals as a flag and an eventfd, and eventfds as doorbells between threads. */
#ifndef QUIETAIR_SERVICE_H
#define QUIETAIR_SERVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Catches SIGTERM, SIGINT and SIGHUP, ignores SIGPIPE and SIGXFSZ.  Call before the first thread is started. */
void service_begin(void);
bool service_stopping(void);
bool service_reload_asked(void); /* SIGHUP came since the last call */
int service_fd(void);            /* readable once a stop was asked for */

void service_thread(pthread_t *, void *(*run)(void *), void *arg); /* starts it, or ends the process */
int bell_new(void);                                                /* an eventfd, or ends the process */
void bell_ring(int bell);
void bell_quiet(int bell);
/* Waits up to timeout_ms for the bell, or for a stop. */
void bell_wait(int bell, int timeout_ms);

#endif
