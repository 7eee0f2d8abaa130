/* ask: one request to the running collector over its control socket.
 *
 * One line of JSON each way: {"id","actor","verb","args"}, and {"id","ok":true,"result":{…}} or
 * {"id","ok":false,"error":"…","errors":["…"]}.  The answer comes when the collector's journal and fold have passed it.
 */
#ifndef QUIETAIR_CLI_ASK_H
#define QUIETAIR_CLI_ASK_H

#include "collector/cli/cli.h"
#include "common/json.h"

struct answer {
    struct json *root;         /* closed by ask_free */
    const struct json *result; /* NULL unless it was done */
};

/* args: a JSON object.  0: done; ERR_LINK: no collector runs; ERR_DENIED: it refused; ERR_IO: no (readable) answer, and
 * whether it was done is not known.  Errors are put into faults. */
int ask(const struct cli *, const char *verb, const char *args, struct answer *, struct faults *);
void ask_free(struct answer *);

/* The same for a verb: prints the faults and gives CLI_DONE or CLI_FAILED. */
int ask_or_say(const struct cli *, const char *verb, const char *args, struct answer *);

/* Before reading the ledger: has the collector commit what it has folded.  No collector: nothing to wait for. */
void ask_commit(const struct cli *);

/* The result as JSON, or its members a line each. */
int ask_print_result(const struct cli *, struct answer *);

#endif
