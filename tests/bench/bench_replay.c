/* bench_replay [--smoke]: how many readings a second `quietair replay` judges again, beside a bare jansson parse of the
 * same journal, read from the same disk.  The journal is that of a street for four weeks, made here: once with a frame
 * a minute, as a gateway sends them, once with a frame an hour, as they come after an outage.
 *
 * Rates are by the clock on the wall; what both cost of the processors is told beside, since the replay uses two.
 *
 * The whole command is measured: its start, the journal, the rules, the ledger that it writes, the comparison.  It must
 * find that nothing differs.
 */
#include "collector/ledger/ledger.h"
#include "collector/record.h"
#include "collector/replay.h"
#include "common/civil.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/journal.h"
#include "common/json.h"
#include "tests/bench/bare.h"
#include "tests/bench/street_fixture.h"
#include "tests/bench/times.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WEEKS_HOURS = 4 * 7 * 24, SMOKE_HOURS = 6 };

struct place {
    char dir[PATH_MAX / 4], journal[PATH_MAX / 2], config[PATH_MAX / 2], answer[PATH_MAX / 2], quietair[PATH_MAX];
    uint64_t readings, records;
};

__attribute__((noreturn)) static void give_up(const struct place *p, const char *why)
{
    fprintf(stderr, "bench_replay: %s\n", why);
    file_remove_tree(p->dir);
    exit(1);
}

/* ---- the folder of a collector ----------------------------------------------------------------------------------- */

static void append(void *journal, const void *bytes, size_t length, int64_t now_ms)
{
    if (journal_append(journal, bytes, length, now_ms, NULL) != 0 ||
        (journal_last(journal) % 64 == 0 && journal_sync(journal) != 0))
        abort();
}

static void make_journal(struct place *p, int hours, int frame_minutes)
{
    struct journal *j;
    struct fault f;
    struct journal_settings set = {.dir = p->journal, .mode = 0750};
    if (journal_open(&j, &set, &f) != 0)
        give_up(p, f.text);
    struct street street = {hours, frame_minutes, append, j};
    p->readings = street_make(&street);
    p->records = journal_last(j);
    if (journal_sync(j) != 0)
        give_up(p, "the journal cannot be written");
    journal_close(j);
}

static void make_ledger(const struct place *p)
{
    struct ledger *l;
    struct fault f;
    struct replay replay = {.journal_dir = p->journal, .upto = p->records};
    if (ledger_open(&l, p->dir, LEDGER_WRITE, &f) != 0 || replay_run(&replay, l, &f) != 0)
        give_up(p, f.text);
    ledger_close(l);
}

static void make_config(const struct place *p)
{
    FILE *f = fopen(p->config, "w");
    if (!f)
        give_up(p, strerror(errno));
    fprintf(f, "[collector]\nname = bench\nstate_dir = %s\nclock = journal\ntimezone = Asia/Shanghai\n", p->dir);
    fclose(f);
}

/* ---- the two ----------------------------------------------------------------------------------------------------- */

static double parse_all(const struct place *p)
{
    struct journal *j;
    struct journal_record rec;
    struct record r;
    struct fault f;
    int64_t began = clock_mono_ns();
    if (journal_open_read(&j, p->journal, &f) != 0)
        give_up(p, f.text);
    struct journal_reader *reader = journal_reader_new(j);
    bare_begin();
    for (uint64_t n = 1; n <= p->records; n++) {
        if (journal_read(reader, n, &rec) != 1 || record_read(&r, rec.bytes, rec.length) != 0)
            abort();
        if (r.kind == RECORD_FRAME)
            bare_parse(r.body, r.body_length);
    }
    bare_end();
    journal_reader_free(reader);
    journal_close(j);
    return seconds_since(began);
}

static double replay_all(const struct place *p)
{
    int status;
    int64_t began = clock_mono_ns();
    fflush(stdout); /* else the child would print it again */
    pid_t child = fork();
    if (child == 0) {
        if (freopen(p->answer, "w", stdout))
            execl(p->quietair, "quietair", "-c", p->config, "replay", "--json", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        give_up(p, "quietair replay failed");
    return seconds_since(began);
}

/* Windows that are the same in the ledger of the last replay; nothing may differ. */
static int64_t check_answer(const struct place *p)
{
    struct fault f;
    size_t length;
    int64_t same = 0;
    static const char *const parts[] = {"flags", "cases", "windows"};
    char *text = file_read(p->answer, 1 << 20, &length, &f);
    if (!text)
        give_up(p, f.text);
    struct json *root = json_open(text, length, NULL);
    for (size_t i = 0; i < 3; i++) {
        const struct json *part = json_member(root, parts[i]), *changed = json_member(part, "changed");
        if (!json_is_list(changed) || json_count(changed))
            give_up(p, "the replay differs from the ledger");
        json_int64(json_member(part, "same"), &same);
    }
    json_close(root);
    free(text);
    if (!same)
        give_up(p, "nothing was judged");
    return same;
}

/* Of this process, or of its children that have ended. */
static double processor_seconds(int whose)
{
    struct rusage u;
    getrusage(whose, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void measure(struct place *p, int hours, int frame_minutes, int runs)
{
    struct times parse = {0}, replay = {0}, parse_cost = {0}, replay_cost = {0};
    make_journal(p, hours, frame_minutes);
    make_ledger(p);
    make_config(p);
    for (int i = 0; i < runs; i++) {
        double own = processor_seconds(RUSAGE_SELF), others = processor_seconds(RUSAGE_CHILDREN);
        times_add(&parse, parse_all(p));
        times_add(&replay, replay_all(p));
        times_add(&parse_cost, processor_seconds(RUSAGE_SELF) - own);
        times_add(&replay_cost, processor_seconds(RUSAGE_CHILDREN) - others);
    }
    printf("bench_replay: %llu readings in %llu records, a frame for %d min, %lld windows\n",
           (unsigned long long)p->readings, (unsigned long long)p->records, frame_minutes, (long long)check_answer(p));
    times_print("bare jansson", &parse, p->readings);
    times_print("the replay", &replay, p->readings);
    printf("  the replay comes to %.2f of the rate of the parse; processor time %.3f s and %.3f s: %.2f\n",
           times_ratio(&parse, &replay), times_median(&replay_cost), times_median(&parse_cost),
           times_ratio(&parse_cost, &replay_cost));
}

static void in_a_folder(int hours, int frame_minutes, int runs)
{
    struct place p = {.dir = "/tmp/quietair-bench-XXXXXX"};
    char self[PATH_MAX];
    if (!realpath("/proc/self/exe", self) || !mkdtemp(p.dir)) {
        perror("bench_replay");
        exit(1);
    }
    snprintf(p.journal, sizeof p.journal, "%s/journal", p.dir);
    snprintf(p.config, sizeof p.config, "%s/collector.ini", p.dir);
    snprintf(p.answer, sizeof p.answer, "%s/answer.json", p.dir);
    snprintf(p.quietair, sizeof p.quietair, "%.4000s/../bin/quietair", dirname(self));
    measure(&p, hours, frame_minutes, runs);
    file_remove_tree(p.dir);
}

int main(int argc, char **argv)
{
    bool smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    civil_zone("Asia/Shanghai", NULL);
    in_a_folder(smoke ? SMOKE_HOURS : WEEKS_HOURS, 1, smoke ? 1 : TIMES);
    in_a_folder(smoke ? SMOKE_HOURS : WEEKS_HOURS, 60, smoke ? 1 : TIMES);
    return 0;
}
