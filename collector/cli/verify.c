/* quietair verify */
#include "collector/base.h"
#include "collector/cli/cli.h"
#include "collector/cli/progress.h"
#include "collector/hold.h"
#include "common/journal.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

struct verified {
    uint64_t first, last, ledger_seq;
    struct hash head;
};

/* The ledger first: what it stands for is then in the journal, whatever is appended meanwhile. */
static int read_ledger(const struct cli *cli, struct verified *v, struct hash *head, struct fault *f)
{
    struct ledger *ledger;
    int version, code = ledger_open(&ledger, cli->settings.state_dir, LEDGER_READ, f);
    if (code == ERR_MISSING)
        return 0; /* it is made from the journal at the next start */
    if (code)
        return code;
    ledger_position(ledger, &v->ledger_seq, head, &version);
    code = ledger_check(ledger, f);
    ledger_close(ledger);
    return code;
}

static int compare(const struct verified *v, const struct hash *ledger, struct journal_reader *reader, struct fault *f)
{
    struct hash held;
    if (v->ledger_seq > v->last)
        return fault(f, ERR_CORRUPT, "record %llu: not held; the ledger stands at %llu",
                     (unsigned long long)v->last + 1, (unsigned long long)v->ledger_seq);
    if (v->ledger_seq && (!journal_hash(reader, v->ledger_seq, &held) || !hash_equal(&held, ledger)))
        return fault(f, ERR_CORRUPT, "record %llu: the ledger was folded from another one",
                     (unsigned long long)v->ledger_seq);
    return 0;
}

/* Where the beginning was deleted, what stands for it. */
static int check_base(const struct cli *cli, const struct verified *v, struct journal_reader *reader, struct fault *f)
{
    struct base base;
    struct intake *intake = intake_new("");
    int code = base_load(cli->settings.state_dir, reader, v->last, &base, intake, f);
    intake_free(intake);
    if (code == 1 && base.seq + 1 < v->first)
        return fault(f, ERR_CORRUPT, "record %llu: not held, and intake.base does not know it",
                     (unsigned long long)base.seq + 1);
    if (!code && v->first > 1)
        return fault(f, ERR_CORRUPT, "record 1: not held, and there is no intake.base that stands for the beginning");
    return code < 0 ? code : 0;
}

static int check(const struct cli *cli, struct verified *v, struct progress *progress, struct fault *f)
{
    char dir[PATH_MAX];
    struct journal *journal;
    struct hash ledger = {0};
    struct fault later;
    int code = read_ledger(cli, v, &ledger, &later);
    if (code && code != ERR_CORRUPT)
        return *f = later, code;
    snprintf(dir, sizeof dir, "%s/journal", cli->settings.state_dir);
    int opened = journal_open_read(&journal, dir, f);
    if (opened)
        return opened;
    v->first = journal_first(journal);
    v->last = journal_synced(journal);
    v->head = journal_head(journal);
    struct journal_reader *reader = journal_reader_new(journal);
    int verified = journal_verify(journal, progress_records, progress, f);
    if (!verified && code)
        *f = later, verified = code;
    if (!verified)
        verified = compare(v, &ledger, reader, f);
    if (!verified)
        verified = check_base(cli, v, reader, f);
    journal_reader_free(reader);
    journal_close(journal);
    return verified;
}

static int print(const struct cli *cli, const struct verified *v)
{
    struct buf out = buf_growing();
    char head[HASH_HEX];
    hash_hex(&v->head, head);
    if (cli->json)
        buf_print(&out, "{\"journal\":{\"first\":%llu,\"last\":%llu,\"head\":\"%s\"},\"ledger\":{\"seq\":%llu}}\n",
                  (unsigned long long)v->first, (unsigned long long)v->last, head, (unsigned long long)v->ledger_seq);
    else
        buf_print(&out, "records %llu to %llu are held and continue one another, up to %s; the ledger stands at %llu\n",
                  (unsigned long long)v->first, (unsigned long long)v->last, head, (unsigned long long)v->ledger_seq);
    return cli_print(&out);
}

static int verify(const struct cli *cli, const char *argument)
{
    struct progress progress = progress_begin("verify");
    struct verified v = {0};
    struct fault f;
    (void)argument;
    int hold = hold_take(cli->settings.state_dir);
    int code = check(cli, &v, &progress, &f);
    progress_end(&progress);
    if (hold >= 0)
        close(hold);
    if (code) {
        cli_fail("%s", f.text);
        return code == ERR_CORRUPT ? CLI_FAULTS : CLI_FAILED;
    }
    return print(cli, &v);
}

const struct cli_verb verb_verify = {
    .name = "verify",
    .help = "every record of the journal held, whole and chained; the ledger's place in it",
    .run = verify,
};
