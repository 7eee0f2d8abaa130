/* quietair status */
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"

static int status(const struct cli *cli, const char *argument)
{
    struct answer answer;
    (void)argument;
    int code = ask_or_say(cli, "status", "{}", &answer);
    return code ? code : ask_print_result(cli, &answer);
}

const struct cli_verb verb_status = {
    .name = "status",
    .help = "the running collector: lag, refusals, gateways",
    .run = status,
};
