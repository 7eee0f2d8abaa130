/* quietair backup DEST | restore SRC */
#include "collector/backup.h"
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "collector/cli/progress.h"
#include "collector/rules/fold.h"

#include <stdio.h>
#include <string.h>

enum { CHECK };

static const struct cli_option restore_options[] = {
    [CHECK] = {"check", NULL, false, "only say whether the backup is whole; nothing is written"},
    {NULL, NULL, false, NULL},
};

static void put_summary(struct buf *out, const char *key, const char *path, const struct backup_summary *s)
{
    char head[HASH_HEX];
    hash_hex(&s->ledger_head, head);
    buf_print(out, "{\"%s\":", key);
    buf_json(out, path);
    buf_text(out, ",\"name\":");
    buf_json(out, s->name);
    buf_text(out, ",\"version\":");
    buf_json(out, s->version);
    buf_print(out,
              ",\"made\":%lld,\"ledger\":{\"seq\":%llu,\"head\":\"%s\"},\"journal\":{\"first\":%llu,\"last\":%llu}",
              (long long)s->made_ms, (unsigned long long)s->ledger_seq, head, (unsigned long long)s->journal_first,
              (unsigned long long)s->journal_last);
    buf_print(out, ",\"files\":%zu,\"bytes\":%lld,\"damage\":", s->files, (long long)s->bytes);
    buf_json(out, s->damage);
    buf_text(out, "}\n");
}

static void put_text(struct buf *out, const char *words, const char *path, const struct backup_summary *s)
{
    buf_print(out, "%s %s: ledger at record %llu, journal %llu to %llu, %zu files, %lld bytes\n", path, words,
              (unsigned long long)s->ledger_seq, (unsigned long long)s->journal_first,
              (unsigned long long)s->journal_last, s->files, (long long)s->bytes);
}

static int print(const struct cli *cli, const char *key, const char *words, const char *path,
                 const struct backup_summary *s)
{
    struct buf out = buf_growing();
    if (cli->json)
        put_summary(&out, key, path, s);
    else
        put_text(&out, words, path, s);
    return cli_print(&out);
}

/* What the operator must know of it, now rather than after the disaster. */
static int say_damage(const struct backup_summary *s)
{
    if (!*s->damage)
        return CLI_DONE;
    cli_fail("%s: it is copied as it is", s->damage);
    return CLI_FAULTS;
}

static int backup(const struct cli *cli, const char *dest)
{
    struct progress progress = progress_begin("backup");
    const struct backup_view view = {progress_bytes, &progress};
    struct backup_summary summary;
    struct fault f;
    ask_commit(cli); /* so that it is of now */
    int code = backup_make(&cli->settings, dest, progress.on ? &view : NULL, &summary, &f);
    progress_end(&progress);
    if (code)
        return cli_fail("%s%s", f.text, code == ERR_MISSING ? ": the collector has not run yet" : "");
    code = print(cli, "backup", "made", dest, &summary);
    return code ? code : say_damage(&summary);
}

/* What does not fit this machine, though the backup is whole. */
static void say_fit(const struct cli *cli, const struct backup_summary *s)
{
    if (strcmp(s->name, cli->settings.name) != 0)
        cli_fail("the backup is of collector %s, this one is named %s: gateways heed the acks of one name only "
                 "([collector] name)",
                 s->name, cli->settings.name);
    if (s->fold_version != FOLD_VERSION && s->journal_first > 1)
        cli_fail("its ledger is of version %d of the rules, this program has %d, and its journal begins with record "
                 "%llu: start it with a program of version %s",
                 s->fold_version, FOLD_VERSION, (unsigned long long)s->journal_first, s->version);
}

static int restore(const struct cli *cli, const char *src)
{
    struct progress progress = progress_begin("restore");
    const struct backup_view view = {progress_bytes, &progress}, *looks = progress.on ? &view : NULL;
    struct backup_summary summary;
    struct fault f;
    bool check = cli->values[CHECK];
    int code = check ? backup_check(src, looks, &summary, &f)
                     : backup_restore(src, cli->settings.state_dir, looks, &summary, &f);
    progress_end(&progress);
    if (code)
        return cli_fail("%s%s%s", code == ERR_CORRUPT ? src : "", code == ERR_CORRUPT ? ": " : "", f.text);
    say_fit(cli, &summary);
    code = print(cli, check ? "whole" : "restored", check ? "is whole" : "restored", src, &summary);
    return code ? code : say_damage(&summary);
}

const struct cli_verb verb_backup = {
    .name = "backup",
    .argument = "DEST",
    .help = "all that the collector keeps, copied into a new folder; it may run meanwhile",
    .run = backup,
};

const struct cli_verb verb_restore = {
    .name = "restore",
    .argument = "SRC",
    .help = "a backup checked and put into an empty state_dir, before the collector is started",
    .options = restore_options,
    .run = restore,
};
