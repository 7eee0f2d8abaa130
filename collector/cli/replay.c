/* quietair replay: a period judged again from the journal, by the rules as recorded or by others, and what differs. */
#include "collector/replay.h"
#include "collector/audit/difference.h"
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "collector/hold.h"
#include "common/civil.h"
#include "common/clock.h"
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FROM, UNTIL, RULES, REGISTER, BASE, KEEP };

static const struct cli_option options[] = {
    [FROM] = {"from", "DATE", false, "begin of the period, YYYY-MM-DD[THH:MM] (default: the journal's)"},
    [UNTIL] = {"until", "DATE", false, "its end (default: now)"},
    [RULES] = {"rules", "FILE", false, "a collector.ini to judge by (default: as recorded)"},
    [REGISTER] = {"register", "now", false, "by the register as it is known now, later corrections included"},
    [BASE] = {"base", "DIR", false, "a backup whose ledger is gone on from, where the journal's beginning is deleted"},
    [KEEP] = {"keep", "DIR", false, "leaves the ledger of the replay there; DIR must not exist"},
    {NULL, NULL, false, NULL},
};

/* ---- both ledgers compared --------------------------------------------------------------------------------------- */

struct meter {
    char site[ID_SIZE], device[ID_SIZE];
};

struct comparison {
    struct ledger *before, *after;
    struct difference *difference;
    int64_t from, until;
    struct meter *meters; /* that either side knows */
    size_t count;
};

static void note_meter(void *ctx, const struct device_row *row)
{
    struct comparison *c = ctx;
    c->meters = xrealloc(c->meters, (c->count + 1) * sizeof *c->meters);
    struct meter *m = &c->meters[c->count++];
    snprintf(m->site, sizeof m->site, "%s", row->site);
    snprintf(m->device, sizeof m->device, "%s", row->device);
}

static int by_name(const void *a, const void *b)
{
    const struct meter *x = a, *y = b;
    int order = strcmp(x->site, y->site);
    return order ? order : strcmp(x->device, y->device);
}

static int compare_meter(struct comparison *c, const struct meter *m)
{
    int code = 0;
    for (const char *const *rule = window_rules; !code && *rule; rule++) {
        code = ledger_windows(c->before, m->site, m->device, *rule, c->from, c->until,
                              difference_sink(c->difference, SIDE_BEFORE));
        if (!code)
            code = ledger_windows(c->after, m->site, m->device, *rule, c->from, c->until,
                                  difference_sink(c->difference, SIDE_AFTER));
        difference_windows_end(c->difference);
    }
    return code;
}

static int compare_windows(struct comparison *c)
{
    struct sink meters = {.ctx = c, .device = note_meter};
    int code = ledger_devices(c->before, NULL, &meters);
    if (!code)
        code = ledger_devices(c->after, NULL, &meters);
    if (c->count)
        qsort(c->meters, c->count, sizeof *c->meters, by_name);
    for (size_t i = 0; !code && i < c->count; i++) {
        if (!i || by_name(&c->meters[i - 1], &c->meters[i]) != 0)
            code = compare_meter(c, &c->meters[i]);
    }
    free(c->meters);
    return code;
}

static int compare_side(struct comparison *c, struct ledger *l, enum side side)
{
    const struct sink *to = difference_sink(c->difference, side);
    int code = ledger_flags(l, c->from, c->until, to);
    return code ? code : ledger_cases(l, NULL, to);
}

static int compare(struct comparison *c)
{
    int code = compare_side(c, c->before, SIDE_BEFORE);
    if (!code)
        code = compare_side(c, c->after, SIDE_AFTER);
    if (!code)
        code = compare_windows(c);
    difference_finish(c->difference);
    return code;
}

/* ---- the replay -------------------------------------------------------------------------------------------------- */

static void show_progress(void *ctx, uint64_t done, uint64_t all)
{
    int64_t *shown = ctx, now = clock_mono_ms();
    if (now - *shown < 200 && done < all)
        return;
    *shown = now;
    fprintf(stderr, "\rreplay: %3.0f %% of %llu records", 100.0 * (double)done / (double)all, (unsigned long long)all);
}

enum { KEPT_MODE = 0750, NAME_ROOM = 16 };

/* DIR without slashes at its end. */
static bool name_kept(const char *dir, char out[static PATH_MAX])
{
    size_t length = strlen(dir);
    while (length > 1 && dir[length - 1] == '/')
        length--;
    if (length > PATH_MAX - NAME_ROOM)
        return cli_fail("--keep: the path is too long"), false;
    snprintf(out, PATH_MAX, "%.*s", (int)length, dir);
    struct stat st;
    if (lstat(out, &st) == 0)
        return cli_fail("%s: %s", out, strerror(EEXIST)), false;
    return true;
}

/* The folder for the replay's own ledger; it goes away again, or becomes the one asked for when all is done. */
static bool make_folder(const char *kept, char dir[static PATH_MAX])
{
    const char *tmp = getenv("TMPDIR");
    if (*kept)
        snprintf(dir, PATH_MAX, "%.*s.part-XXXXXX", PATH_MAX - NAME_ROOM, kept);
    else
        snprintf(dir, PATH_MAX, "%s/quietair-replay-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (mkdtemp(dir))
        return true;
    cli_fail("%s: %s", dir, strerror(errno));
    return false;
}

static int keep_folder(const char *dir, const char *kept)
{
    struct fault f;
    if (ledger_sync(dir, &f) != 0)
        return cli_fail("%s", f.text);
    if (chmod(dir, KEPT_MODE) != 0 || renameat2(AT_FDCWD, dir, AT_FDCWD, kept, RENAME_NOREPLACE) != 0)
        return cli_fail("%s: %s", kept, strerror(errno));
    return CLI_DONE;
}

static int run(const struct cli *cli, struct comparison *c, const struct collector_settings *rules)
{
    char journal[PATH_MAX];
    struct hash head;
    struct fault f;
    int version;
    int64_t shown = 0;
    struct replay replay = {.journal_dir = journal, .rules = rules, .ctx = &shown};
    snprintf(journal, sizeof journal, "%s/journal", cli->settings.state_dir);
    replay.register_of = cli->values[REGISTER] ? c->before : NULL;
    replay.based = cli->values[BASE];
    replay.progress = isatty(STDERR_FILENO) ? show_progress : NULL;
    ledger_position(c->before, &replay.upto, &head, &version);
    if (replay_run(&replay, c->after, &f) != 0)
        return cli_fail("%s%s", shown ? "\n" : "", f.text);
    if (shown)
        fputc('\n', stderr);
    if (replay.missing)
        cli_fail("%llu of %llu records are damaged or not held: what stood there is not known to the replay",
                 (unsigned long long)replay.missing, (unsigned long long)replay.upto);
    return CLI_DONE;
}

static int print_difference(const struct cli *cli, struct comparison *c)
{
    c->difference = difference_new(c->from, c->until);
    if (compare(c) != 0) {
        difference_free(c->difference);
        return cli_fail("the ledgers cannot be compared: %s%s", ledger_error(c->before), ledger_error(c->after));
    }
    struct buf out = buf_growing();
    if (cli->json)
        difference_json(&out, c->difference);
    else
        difference_text(&out, c->difference, cli->colour);
    difference_free(c->difference);
    return cli_print(&out);
}

static bool copy_base(const char *backup, const char *dir)
{
    char state[PATH_MAX];
    struct fault f;
    if (snprintf(state, sizeof state, "%s/state", backup) >= (int)sizeof state)
        return cli_fail("--base: the path is too long"), false;
    if (ledger_copy(state, dir, &f) != 0)
        return cli_fail("--base: %s", f.text), false;
    return true;
}

static int replay_into(const struct cli *cli, struct comparison *c, const struct collector_settings *rules,
                       const char *dir)
{
    struct fault f;
    if (cli->values[BASE] && !copy_base(cli->values[BASE], dir))
        return CLI_FAILED;
    if (ledger_open(&c->after, dir, LEDGER_SCRATCH, &f) != 0)
        return cli_fail("%s", f.text);
    int code = run(cli, c, rules);
    if (!code)
        code = print_difference(cli, c);
    ledger_close(c->after);
    return code;
}

static int replay_ledger(const struct cli *cli, struct comparison *c, const struct collector_settings *rules)
{
    char dir[PATH_MAX], kept[PATH_MAX] = "";
    const char *keep = cli->values[KEEP];
    if ((keep && !name_kept(keep, kept)) || !make_folder(kept, dir))
        return CLI_FAILED;
    int hold = hold_take(cli->settings.state_dir);
    ask_commit(cli);
    c->before = cli_ledger(cli);
    int code = c->before ? replay_into(cli, c, rules, dir) : CLI_FAILED;
    ledger_close(c->before);
    if (hold >= 0)
        close(hold);
    if (!code && keep)
        code = keep_folder(dir, kept);
    if (code || !keep)
        file_remove_tree(dir);
    return code;
}

static bool read_period(const struct cli *cli, struct comparison *c)
{
    const char *from = cli->values[FROM], *until = cli->values[UNTIL];
    c->from = 0;
    c->until = clock_wall_ms();
    if (from && !civil_parse(from, &c->from))
        return cli_usage("--from %s: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM", from), false;
    if (until && !civil_parse(until, &c->until))
        return cli_usage("--until %s: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM", until), false;
    if (c->from >= c->until)
        return cli_usage("the period ends before it begins"), false;
    return true;
}

static int replay(const struct cli *cli, const char *argument)
{
    struct comparison c = {0};
    struct collector_settings rules;
    struct faults faults = {0};
    const char *file = cli->values[RULES];
    (void)argument;
    if (!read_period(cli, &c))
        return CLI_USAGE;
    if (cli->values[REGISTER] && strcmp(cli->values[REGISTER], "now") != 0)
        return cli_usage("--register %s: now, or leave it out: as recorded", cli->values[REGISTER]);
    if (cli->values[REGISTER] && cli->values[BASE])
        return cli_usage("--register now: judges from the first record on; a --base has judged already");
    if (!file)
        return replay_ledger(cli, &c, NULL);
    int code = collector_settings_judging(&rules, file, &faults);
    cli_print_faults(&faults);
    faults_free(&faults);
    code = code ? CLI_FAULTS : replay_ledger(cli, &c, &rules);
    collector_settings_free(&rules);
    return code;
}

const struct cli_verb verb_replay = {
    .name = "replay",
    .help = "a period judged again from the journal, and what differs from the ledger",
    .options = options,
    .run = replay,
};
