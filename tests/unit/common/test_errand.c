/* An errand comes back, or is left: whichever order the two ends meet in, the argument is disposed of once. */
#include "common/errand.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

struct work {
    sem_t go;
    int result;
};

static atomic_int disposed;
static pthread_t worker;

static void wait_and_answer(void *arg)
{
    struct work *w = arg;
    worker = pthread_self();
    sem_wait(&w->go);
    w->result = 42;
}

static void count(void *arg)
{
    struct work *w = arg;
    sem_destroy(&w->go);
    disposed++;
}

static void is_disposed_of(int times)
{
    for (int i = 0; i < 20000 && disposed < times; i++)
        usleep(1000);
    assert_int_equal(disposed, times);
}

static void its_result_is_read_when_it_is_done(void **state)
{
    (void)state;
    struct work w = {.result = 0};
    disposed = 0;
    sem_init(&w.go, 0, 0);
    struct errand *e = errand_begin(wait_and_answer, count, &w);
    assert_non_null(e);
    assert_false(errand_is_done(e));
    sem_post(&w.go);
    for (int i = 0; i < 20000 && !errand_is_done(e); i++)
        usleep(1000);
    assert_true(errand_is_done(e));
    assert_int_equal(w.result, 42);
    assert_false(pthread_equal(worker, pthread_self()));
    errand_end(e);
    assert_int_equal(disposed, 0); /* it is ours */
    sem_destroy(&w.go);
}

static void sleep_long(void *arg)
{
    struct work *w = arg;
    sem_post(&w->go);
    w->result = usleep(900000000) == 0 ? 0 : errno;
}

static void a_nudge_interrupts_what_it_waits_in(void **state)
{
    (void)state;
    struct work w = {.result = 0};
    disposed = 0;
    sem_init(&w.go, 0, 0);
    struct errand *e = errand_begin(sleep_long, count, &w);
    sem_wait(&w.go);
    for (int i = 0; i < 20000 && !errand_is_done(e); i++) {
        errand_nudge(e); /* one before it sleeps is lost */
        usleep(1000);
    }
    assert_true(errand_is_done(e));
    assert_int_equal(w.result, EINTR);
    errand_nudge(e); /* nobody is there any more */
    errand_end(e);
    sem_destroy(&w.go);
}

static void left_before_it_came_back(void **state)
{
    (void)state;
    struct work w = {.result = 0};
    disposed = 0;
    sem_init(&w.go, 0, 0);
    struct errand *e = errand_begin(wait_and_answer, count, &w);
    errand_leave(e); /* at once, though the work never ends by itself */
    assert_int_equal(disposed, 0);
    sem_post(&w.go);
    is_disposed_of(1);
}

static void left_when_it_was_done(void **state)
{
    (void)state;
    struct work w = {.result = 0};
    disposed = 0;
    sem_init(&w.go, 0, 1);
    struct errand *e = errand_begin(wait_and_answer, count, &w);
    for (int i = 0; i < 20000 && !errand_is_done(e); i++)
        usleep(1000);
    errand_leave(e);
    assert_int_equal(disposed, 1);
    errand_leave(NULL);
}

static void left_at_the_moment_it_comes_back(void **state)
{
    enum { TIMES = 500 };
    static struct work works[TIMES];
    (void)state;
    disposed = 0;
    for (int i = 0; i < TIMES; i++) {
        sem_init(&works[i].go, 0, 0);
        struct errand *e = errand_begin(wait_and_answer, count, &works[i]);
        assert_non_null(e);
        sem_post(&works[i].go);
        errand_leave(e);
    }
    is_disposed_of(TIMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_result_is_read_when_it_is_done), cmocka_unit_test(a_nudge_interrupts_what_it_waits_in),
        cmocka_unit_test(left_before_it_came_back),           cmocka_unit_test(left_when_it_was_done),
        cmocka_unit_test(left_at_the_moment_it_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
