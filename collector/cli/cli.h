/* cli: what the verbs of `quietair` share.  A file for each group of verbs; main.c finds the verb and reads its
 * options.
 *
 * Verbs read the ledger themselves and never write it: they ask the collector (ask.h).  Data goes to stdout, words to
 * stderr.
 */
#ifndef QUIETAIR_CLI_H
#define QUIETAIR_CLI_H

#include "collector/ledger/ledger.h"
#include "collector/settings.h"
#include "common/buf.h"
#include "common/err.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_FAULTS = 3 }; /* exit status */

struct cli_option {
    const char *name;  /* without the dashes; NULL ends the list */
    const char *value; /* what it takes, in the help: ID, FILE; NULL: nothing, its value is "" when given */
    bool mandatory;
    const char *help;
    bool many; /* may be given again: cli_next; else the last one counts */
};

enum { CLI_OPTIONS = 24, CLI_GIVEN = 64 };

struct cli_given {
    int option;
    const char *value;
};

struct cli {
    struct collector_settings settings;
    const char *actor; /* in whose name things are asked */
    bool json;
    bool colour;                       /* stdout is a terminal */
    const char *values[CLI_OPTIONS];   /* of the verb's options, in their order; NULL: not given */
    struct cli_given given[CLI_GIVEN]; /* of those that may be given again, as they came */
    size_t given_count;
};

struct cli_verb {
    const char *name;     /* one or two words */
    const char *argument; /* its one argument in the help, mandatory; NULL: takes none */
    const char *help;
    const struct cli_option *options;
    int (*run)(const struct cli *, const char *argument); /* the exit status */
};

extern const struct cli_verb verb_site_import, verb_site_list, verb_site_show, verb_site_close, verb_cleaning_add,
    verb_cleaning_list, verb_audit_weekly, verb_audit_issue, verb_report_quarterly, verb_dump, verb_status, verb_tick,
    verb_replay, verb_verify, verb_backup, verb_restore, verb_draw, verb_draw_list, verb_draw_show, verb_draw_verify;
extern const struct cli_verb verb_case_list, verb_case_show, verb_case_confirm, verb_case_dismiss, verb_case_serve,
    verb_case_close, verb_measurement_add, verb_measurement_review, verb_measurement_list, verb_inspection_add,
    verb_inspection_review, verb_inspection_list, verb_complaint_add, verb_complaint_list, verb_complaint_show,
    verb_complaint_close, verb_complaint_erase;

/* The values of an option that may be given again, in their order: start with *at = 0; NULL ends. */
const char *cli_next(const struct cli *, int option, size_t *at);

/* `quietair: …` on stderr; CLI_FAILED and CLI_USAGE, so that `return cli_fail(…)` reads well. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_print_faults(const struct faults *);

/* Writes the text to stdout, frees it; CLI_DONE, or CLI_FAILED when it could not all be written. */
int cli_print(struct buf *);
/* The same into a file, made anew; NULL: stdout. */
int cli_print_to(const char *path, struct buf *);

/* The ledger, frozen; NULL: said why. */
struct ledger *cli_ledger(const struct cli *);
int cli_ledger_failed(struct ledger *); /* says why, closes it, CLI_FAILED */

#endif
