/* quietair dump */
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"

#include <errno.h>
#include <string.h>

static int dump(const struct cli *cli, const char *argument)
{
    (void)argument;
    ask_commit(cli);
    struct ledger *ledger = cli_ledger(cli);
    if (!ledger)
        return CLI_FAILED;
    errno = 0;
    int code = ledger_dump(ledger, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        ledger_close(ledger);
        return cli_fail("standard output: %s", strerror(errno));
    }
    if (code)
        return cli_ledger_failed(ledger);
    ledger_close(ledger);
    return CLI_DONE;
}

const struct cli_verb verb_dump = {
    .name = "dump",
    .help = "the ledger as JSON lines, sorted by table and key",
    .run = dump,
};
