/* rig: the real programs, started in a folder of their own, each on a processor of its own where that is asked for, and
 * all ended with the bench, however it ends.  What cannot be done ends the bench with a word why. */
#ifndef QUIETAIR_RIG_H
#define QUIETAIR_RIG_H

#include "common/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { RIG_CHILDREN = 8, RIG_PATH = 256, RIG_ANY_CORE = -1 };

struct rig {
    const char *name; /* of the bench, in its complaints */
    char dir[RIG_PATH / 4], bin[4 * RIG_PATH];
    struct {
        pid_t pid;
        const char *log;
    } children[RIG_CHILDREN];
    int count;
};

void rig_open(struct rig *, const char *name);
void rig_close(struct rig *); /* ends what still runs; the folder goes too */
__attribute__((noreturn)) void rig_fail(struct rig *, const char *why);

/* Writes the file of that name in the folder. */
void rig_write(struct rig *, const char *name, const struct buf *text);
/* program: of build/bin, or found in PATH; its argument is `option` and the path of the file `config` in the folder.
 * What it says goes to the file `log`. */
pid_t rig_start(struct rig *, int core, const char *program, const char *option, const char *config, const char *log);
/* The child of a function that never returns; for loads that are to be weighed apart. */
pid_t rig_fork(struct rig *, int core, void (*work)(void *), void *ctx);
/* Ends it (SIGTERM, which must do within ten seconds) and waits; `*cpu_s`, if any, is what it used of the processors.
 */
void rig_stop(struct rig *, pid_t, double *cpu_s);
/* Waits until the file `log` holds `word` (20 s at most); what follows it up to a blank is copied to out. */
void rig_await(struct rig *, const char *log, const char *word, char *out, size_t size);

double rig_cpu_seconds(pid_t); /* used up to now, by all threads */
int rig_free_port(struct rig *);
/* mosquitto that keeps nothing and drops nothing, on 127.0.0.1; returns its port once it listens.  tls: a folder with
 * ca.crt, server.crt and server.key; NULL: plain. */
int rig_start_broker(struct rig *, const char *tls, pid_t *);
void rig_restart_broker(struct rig *, int port, pid_t *); /* after its end, as it was */
void rig_sleep(double seconds);

/* "load 1.2": how busy the machine was in the last minute. */
void rig_print_load(void);

#endif
