#include "tests/bench/rig.h"
#include "common/clock.h"
#include "common/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 20000, END_MS = 10000, LOOK_NS = 5000000, LOG_MOST = 1 << 22 };

void rig_open(struct rig *r, const char *name)
{
    char self[PATH_MAX];
    *r = (struct rig){.name = name, .dir = "/tmp/quietair-bench-XXXXXX"};
    if (!realpath("/proc/self/exe", self) || !mkdtemp(r->dir)) {
        perror(name);
        exit(1);
    }
    snprintf(r->bin, sizeof r->bin, "%.900s/../bin", dirname(self));
}

void rig_close(struct rig *r)
{
    while (r->count) {
        kill(r->children[r->count - 1].pid, SIGKILL);
        waitpid(r->children[--r->count].pid, NULL, 0);
    }
    file_remove_tree(r->dir);
}

void rig_fail(struct rig *r, const char *why)
{
    fprintf(stderr, "%s: %s\n", r->name, why);
    rig_close(r);
    exit(1);
}

static void place(const struct rig *r, const char *name, char path[RIG_PATH])
{
    snprintf(path, RIG_PATH, "%s/%s", r->dir, name);
}

void rig_write(struct rig *r, const char *name, const struct buf *text)
{
    char path[RIG_PATH];
    struct fault f;
    place(r, name, path);
    if (file_replace(path, text->data, text->length, 0600, &f) != 0)
        rig_fail(r, f.text);
}

void rig_sleep(double seconds)
{
    clock_sleep_until_ns(clock_mono_ns() + (int64_t)(seconds * 1e9));
}

/* ---- children ---------------------------------------------------------------------------------------------------- */

/* In the child: gone with its parent, and where it belongs. */
static void settle(int core)
{
    cpu_set_t set;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (core == RIG_ANY_CORE)
        return;
    CPU_ZERO(&set);
    CPU_SET(core % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static pid_t note(struct rig *r, pid_t pid, const char *log)
{
    if (pid < 0 || r->count == RIG_CHILDREN)
        rig_fail(r, "no more children");
    r->children[r->count].pid = pid;
    r->children[r->count++].log = log;
    return pid;
}

pid_t rig_fork(struct rig *r, int core, void (*work)(void *), void *ctx)
{
    fflush(stdout); /* else the child would print it again */
    pid_t pid = fork();
    if (pid == 0) {
        settle(core);
        work(ctx);
        _exit(1);
    }
    return note(r, pid, NULL);
}

pid_t rig_start(struct rig *r, int core, const char *program, const char *option, const char *config, const char *log)
{
    char file[RIG_PATH], out[RIG_PATH], own[5 * RIG_PATH];
    place(r, config, file);
    place(r, log, out);
    snprintf(own, sizeof own, "%s/%s", r->bin, program);
    unlink(out); /* else rig_await might read what an earlier one said */
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        settle(core);
        int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
            _exit(126);
        execl(own, program, option, file, (char *)NULL);
        execlp(program, program, option, file, (char *)NULL);
        _exit(127);
    }
    return note(r, pid, log);
}

/* A child ended as it should not have. */
__attribute__((noreturn)) static void child_failed(struct rig *r, const char *log, int status)
{
    char path[RIG_PATH], why[RIG_PATH];
    size_t length;
    char *text = NULL;
    place(r, log ? log : "", path);
    text = file_read(path, LOG_MOST, &length, NULL);
    if (text)
        fputs(text, stderr);
    free(text);
    snprintf(why, sizeof why, "%s: ended with status 0x%x", log ? log : "a load", (unsigned)status);
    rig_fail(r, why);
}

static double seconds_of(const struct rusage *u)
{
    return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
           (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

void rig_stop(struct rig *r, pid_t pid, double *cpu_s)
{
    struct rusage u;
    int status;
    int64_t last_ms = clock_mono_ms() + END_MS;
    kill(pid, SIGTERM);
    while (wait4(pid, &status, WNOHANG, &u) == 0) {
        if (clock_mono_ms() > last_ms)
            rig_fail(r, "a program does not end");
        rig_sleep(LOOK_NS / 1e9);
    }
    int at = 0;
    while (at < r->count && r->children[at].pid != pid)
        at++;
    const char *log = r->children[at].log;
    r->children[at] = r->children[--r->count];
    if (status != 0 && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM))
        child_failed(r, log, status);
    if (cpu_s)
        *cpu_s = seconds_of(&u);
}

void rig_await(struct rig *r, const char *log, const char *word, char *out, size_t size)
{
    char path[RIG_PATH];
    size_t length;
    const char *at = NULL;
    char *text = NULL;
    place(r, log, path);
    for (int64_t last_ms = clock_mono_ms() + READY_MS; !at; rig_sleep(LOOK_NS / 1e9)) {
        free(text);
        text = file_read(path, LOG_MOST, &length, NULL);
        at = text ? strstr(text, word) : NULL;
        if (!at && clock_mono_ms() > last_ms)
            rig_fail(r, text ? text : path);
    }
    at += strlen(word);
    snprintf(out, size, "%.*s", (int)strcspn(at, " \n"), at);
    free(text);
}

double rig_cpu_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec t = {0};
    if (clock_getcpuclockid(pid, &clock) == 0)
        clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the broker -------------------------------------------------------------------------------------------------- */

static bool connects(int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return yes;
}

int rig_free_port(struct rig *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        rig_fail(r, "no free port");
    close(fd);
    return ntohs(a.sin_port);
}

int rig_start_broker(struct rig *r, const char *tls, pid_t *pid)
{
    struct buf conf = buf_growing();
    int port = rig_free_port(r);
    buf_print(&conf,
              "%slistener %d 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nmax_queued_messages 0\n"
              "max_inflight_messages 0\nset_tcp_nodelay true\n",
              getuid() == 0 ? "user root\n" : "", port);
    if (tls)
        buf_print(&conf, "cafile %s/ca.crt\ncertfile %s/server.crt\nkeyfile %s/server.key\n", tls, tls, tls);
    rig_write(r, "mosquitto.conf", &conf);
    buf_free(&conf);
    rig_restart_broker(r, port, pid);
    return port;
}

void rig_restart_broker(struct rig *r, int port, pid_t *pid)
{
    *pid = rig_start(r, RIG_ANY_CORE, "mosquitto", "-c", "mosquitto.conf", "mosquitto.log");
    for (int64_t last_ms = clock_mono_ms() + READY_MS; !connects(port); rig_sleep(LOOK_NS / 1e9))
        if (clock_mono_ms() > last_ms)
            rig_fail(r, "mosquitto does not listen");
}

void rig_print_load(void)
{
    double load = 0;
    getloadavg(&load, 1);
    printf("load %.1f", load);
}
