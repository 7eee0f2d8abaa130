#include "common/errand.h"
#include "common/err.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { STACK = 512 * 1024 /* the resolver's is deep */ };

struct errand {
    void (*work)(void *);
    void (*dispose)(void *);
    void *argument;
    pthread_t thread;
    pthread_mutex_t lock;
    bool done, left; /* under the lock; who sets the second one clears up */
};

static void clear_up(struct errand *e, bool dispose)
{
    pthread_mutex_destroy(&e->lock);
    if (dispose)
        e->dispose(e->argument);
    free(e);
}

static void *run(void *arg)
{
    struct errand *e = arg;
    pthread_mutex_lock(&e->lock); /* errand_begin has put down whose thread this is */
    pthread_mutex_unlock(&e->lock);
    e->work(e->argument);
    pthread_mutex_lock(&e->lock);
    e->done = true;
    bool left = e->left;
    pthread_mutex_unlock(&e->lock);
    if (left)
        clear_up(e, true);
    return NULL;
}

static void on_nudge(int number)
{
    (void)number;
}

/* Signals wake the threads that wait for them: here only the nudge is let through. */
static int start_thread(struct errand *e)
{
    static const struct sigaction nudge = {.sa_handler = on_nudge}; /* no SA_RESTART */
    pthread_attr_t how;
    sigset_t others, before;
    sigaction(SIGURG, &nudge, NULL);
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, STACK);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    sigfillset(&others);
    sigdelset(&others, SIGURG);
    pthread_sigmask(SIG_SETMASK, &others, &before);
    pthread_mutex_lock(&e->lock);
    int r = pthread_create(&e->thread, &how, run, e);
    pthread_mutex_unlock(&e->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&how);
    return r;
}

struct errand *errand_begin(void (*work)(void *), void (*dispose)(void *), void *argument)
{
    struct errand *e = xmalloc(sizeof *e);
    *e = (struct errand){.work = work, .dispose = dispose, .argument = argument, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (start_thread(e) == 0)
        return e;
    clear_up(e, false);
    return NULL;
}

bool errand_is_done(struct errand *e)
{
    pthread_mutex_lock(&e->lock);
    bool done = e->done;
    pthread_mutex_unlock(&e->lock);
    return done;
}

void errand_nudge(struct errand *e)
{
    pthread_mutex_lock(&e->lock);
    if (!e->done) /* it cannot end before it has had the lock */
        pthread_kill(e->thread, SIGURG);
    pthread_mutex_unlock(&e->lock);
}

void errand_end(struct errand *e)
{
    clear_up(e, false);
}

void errand_leave(struct errand *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->left = true;
    bool done = e->done;
    pthread_mutex_unlock(&e->lock);
    if (done)
        clear_up(e, true);
}
