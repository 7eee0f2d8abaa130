#include "common/errand.h"
#include "common/err.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { STACK = 512 * 1024 /* the resolver's is deep */ };

enum state { UNDER_WAY, DONE, LEFT };

struct errand {
    void (*work)(void *);
    void (*dispose)(void *);
    void *argument;
    _Atomic int state;
};

/* Whoever comes second, the work or the one who leaves, clears up. */
static bool first(struct errand *e, int state)
{
    int was = UNDER_WAY;
    return atomic_compare_exchange_strong(&e->state, &was, state);
}

static void clear_up(struct errand *e)
{
    e->dispose(e->argument);
    free(e);
}

static void *run(void *arg)
{
    struct errand *e = arg;
    e->work(e->argument);
    if (!first(e, DONE))
        clear_up(e);
    return NULL;
}

static int start_thread(struct errand *e)
{
    pthread_t thread;
    pthread_attr_t how;
    sigset_t all, before;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, STACK);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals wake the threads that wait for them */
    int r = pthread_create(&thread, &how, run, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&how);
    return r;
}

struct errand *errand_begin(void (*work)(void *), void (*dispose)(void *), void *argument)
{
    struct errand *e = xmalloc(sizeof *e);
    *e = (struct errand){.work = work, .dispose = dispose, .argument = argument, .state = UNDER_WAY};
    if (start_thread(e) == 0)
        return e;
    free(e);
    return NULL;
}

bool errand_is_done(const struct errand *e)
{
    return e->state == DONE;
}

void errand_end(struct errand *e)
{
    free(e);
}

void errand_leave(struct errand *e)
{
    if (e && !first(e, LEFT))
        clear_up(e);
}
