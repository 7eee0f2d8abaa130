/* bench_spool [--smoke | SECONDS [TURNS]]: how many frames a second the journal takes with an fdatasync for each group
 * of them, beside a bare write and fdatasync of the same bytes to one file of the same disk.
 *
 * Groups of 1, 10, 100 and 1,000 records of 300 bytes.  What the journal does beyond the bare loop: a header with
 * checksum and chain for each record (SHA-256), segments of 4 MiB.
 */
#include "common/clock.h"
#include "common/journal.h"
#include "tests/bench/figures.h"
#include "tests/bench/rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORD = 300 };

static const int groups[] = {1, 10, 100, 1000};
enum { GROUPS = sizeof groups / sizeof *groups };
static const double goal = 0.5;

/* Records a second, each written by one call. */
static double bare(struct rig *r, const char *record, int group, double seconds)
{
    char path[RIG_PATH];
    uint64_t n = 0;
    snprintf(path, sizeof path, "%s/bare", r->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    int64_t began_ns = clock_mono_ns(), last_ns = began_ns + (int64_t)(seconds * 1e9);
    for (; clock_mono_ns() < last_ns; n += (uint64_t)group) {
        for (int i = 0; i < group; i++)
            if (write(fd, record, RECORD) != RECORD)
                rig_fail(r, "the disk cannot be written");
        if (fdatasync(fd) != 0)
            rig_fail(r, "fdatasync fails");
    }
    double rate = (double)n / ((double)(clock_mono_ns() - began_ns) / 1e9);
    close(fd);
    return rate;
}

static double kept(struct rig *r, const char *record, int group, double seconds)
{
    char path[RIG_PATH];
    struct journal *j;
    struct fault f;
    snprintf(path, sizeof path, "%s/journal", r->dir);
    struct journal_settings set = {.dir = path, .mode = 0700, .max_bytes = 64 << 20};
    if (journal_open(&j, &set, &f) != 0)
        rig_fail(r, f.text);
    uint64_t first = journal_last(j);
    int64_t began_ns = clock_mono_ns(), last_ns = began_ns + (int64_t)(seconds * 1e9);
    while (clock_mono_ns() < last_ns) {
        for (int i = 0; i < group; i++)
            if (journal_append(j, record, RECORD, clock_wall_ms(), NULL) != 0)
                rig_fail(r, "the journal cannot be written");
        if (journal_sync(j) != 0)
            rig_fail(r, "the journal cannot be synced");
    }
    double rate = (double)(journal_last(j) - first) / ((double)(clock_mono_ns() - began_ns) / 1e9);
    journal_trim(j, clock_wall_ms());
    journal_close(j);
    return rate;
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    double seconds = smoke ? 0.05 : argc > 1 ? atof(argv[1]) : 1;
    int turns = smoke ? 1 : argc > 2 ? atoi(argv[2]) : 7;
    struct figures loop[GROUPS] = {0}, journal[GROUPS] = {0}, ratio[GROUPS] = {0};
    char record[RECORD];
    struct rig r;
    rig_open(&r, "bench_spool");
    memset(record, 'x', sizeof record);
    for (int turn = 0; turn < turns; turn++)
        for (int i = 0; i < GROUPS; i++) {
            double raw = bare(&r, record, groups[i], seconds), ours = kept(&r, record, groups[i], seconds);
            figures_add(&loop[i], raw);
            figures_add(&journal[i], ours);
            figures_add(&ratio[i], ours / raw);
        }
    printf("bench_spool: records of %d bytes, %d turns of %.1f s, ", RECORD, turns, seconds);
    rig_print_load();
    printf("\n");
    for (int i = 0; i < GROUPS; i++)
        printf("  an fdatasync for %4d: bare %8.0f/s, journal %8.0f/s (%.0f to %.0f), ratio %.2f (%.2f to %.2f); goal "
               "%.1f\n",
               groups[i], figures_median(&loop[i]), figures_median(&journal[i]), figures_least(&journal[i]),
               figures_most(&journal[i]), figures_median(&ratio[i]), figures_least(&ratio[i]), figures_most(&ratio[i]),
               goal);
    rig_close(&r);
    return 0;
}
