/* bench_audit [--smoke | SITES [WEEKS [FOLDER]]]: how long the weekly audit takes on a ledger of 2,000 sites and 8
 * weeks. With a folder the ledger is kept there, and used again if it is there. */
#include "collector/audit/audit.h"
#include "collector/audit/formats.h"
#include "common/civil.h"
#include "common/clock.h"
#include "tests/bench/ledger_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static double seconds_since(int64_t began_ms)
{
    return (double)(clock_mono_ms() - began_ms) / 1000;
}

static double megabytes(const char *dir)
{
    char path[300];
    struct stat s;
    snprintf(path, sizeof path, "%s/ledger.db", dir);
    return stat(path, &s) == 0 ? (double)s.st_size / 1e6 : 0;
}

static void timed(const char *what, int64_t began, const struct buf *out)
{
    printf("  %-28s %8.2f s", what, seconds_since(began));
    if (out)
        printf("  %10.1f kB", (double)out->length / 1e3);
    printf("\n");
}

static void write_formats(const struct weekly *w)
{
    static const struct {
        const char *name;
        void (*write)(struct buf *, const struct weekly *);
    } formats[] = {{"json", weekly_json}, {"csv", weekly_csv}, {"html", weekly_html}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct buf out = buf_growing();
        int64_t began = clock_mono_ms();
        formats[i].write(&out, w);
        timed(formats[i].name, began, &out);
        buf_free(&out);
    }
    struct buf out = buf_growing();
    int64_t began = clock_mono_ms();
    if (!weekly_xlsx(&out, w))
        fprintf(stderr, "no workbook\n");
    timed("xlsx", began, &out);
    buf_free(&out);
}

static int measure(const char *dir, const struct fixture *set)
{
    struct ledger *l;
    struct audit audit;
    struct weekly_settings week = {.due_before = 7 * 86400000LL};
    issue_week(set->from + 7LL * 86400000 * set->weeks, 0, 0, &week);
    if (ledger_open(&l, dir, LEDGER_READ, NULL) != 0 || ledger_freeze(l) != 0)
        return 1;
    for (int round = 0; round < 2; round++) {
        int64_t began = clock_mono_ms();
        int code = audit_read(&audit, l, &week, NULL);
        timed(round ? "audit, again" : "audit", began, NULL);
        if (code || round == 0)
            audit_free(&audit);
        if (code)
            return 1;
    }
    printf("  %s: %zu sites, %zu grids, noise %.0f min, fume %.0f min\n", audit.week->settings.week,
           audit.week->site_count, audit.week->grid_count, (double)audit.week->totals.noise_ms / 60e3,
           (double)audit.week->totals.fume_ms / 60e3);
    write_formats(audit.week);
    bool whole = audit.week->site_count == set->sites && audit.week->totals.noise_ms > 0;
    if (!whole)
        fprintf(stderr, "bench_audit: the audit does not tell what is in the ledger\n");
    audit_free(&audit);
    ledger_close(l);
    return !whole;
}

int main(int argc, char **argv)
{
    char made[] = "/tmp/quietair-bench-XXXXXX", command[64];
    const char *dir = argc > 3 ? argv[3] : mkdtemp(made);
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    struct fixture set = {
        .sites = argc > 1 ? (size_t)atol(argv[1]) : 2000, .grids = 40, .weeks = argc > 2 ? atoi(argv[2]) : 8};
    if (smoke)
        set = (struct fixture){.sites = 20, .grids = 4, .weeks = 1};
    civil_zone("Asia/Shanghai", NULL);
    set.from = civil_ms(2026, 9, 28, 0, 0, 0); /* a Monday */
    if (!dir || set.sites < 1 || set.weeks < 1)
        return 2;
    mkdir(dir, 0750);
    if (megabytes(dir) < 0.1) {
        int64_t began = clock_mono_ms(), rows = fixture_write(dir, &set);
        if (rows < 0) {
            fprintf(stderr, "bench_audit: %s: the ledger cannot be made\n", dir);
            return 1;
        }
        printf("audit of a week: %zu sites, %d weeks\n", set.sites, set.weeks);
        printf("  %-28s %8.2f s  %10.0f rows, %.0f MB\n", "making the ledger", seconds_since(began), (double)rows,
               megabytes(dir));
    }
    int code = measure(dir, &set);
    if (argc <= 3) {
        snprintf(command, sizeof command, "rm -rf %s", made);
        code |= system(command) != 0;
    }
    return code;
}
