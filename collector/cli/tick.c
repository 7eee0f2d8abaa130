/* quietair tick: with `clock = journal` time passes only so (tests, demonstration, replay). */
#include "collector/cli/ask.h"
#include "collector/cli/cli.h"
#include "common/civil.h"

#include <errno.h>
#include <stdlib.h>

/* Milliseconds, or civil time. */
static bool read_instant(const char *text, int64_t *ms)
{
    char *end;
    if (civil_parse(text, ms))
        return true;
    errno = 0;
    *ms = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno;
}

static int tick(const struct cli *cli, const char *text)
{
    struct buf args = buf_growing();
    struct answer answer;
    int64_t ts;
    if (!read_instant(text, &ts)) {
        buf_free(&args);
        return cli_usage("tick %s: neither milliseconds nor YYYY-MM-DD[THH:MM]", text);
    }
    buf_text(&args, "{\"ts\":");
    buf_int(&args, ts);
    buf_char(&args, '}');
    int code = ask_or_say(cli, "tick", args.data, &answer);
    buf_free(&args);
    return code ? code : ask_print_result(cli, &answer);
}

const struct cli_verb verb_tick = {
    .name = "tick",
    .argument = "TS",
    .help = "clock = journal: now is at least TS (ms, or YYYY-MM-DD[THH:MM])",
    .run = tick,
};
